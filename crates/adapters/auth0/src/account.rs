//! Accounts as the vendor writes them.
use chrono::{DateTime, SecondsFormat, Utc};
use ports::identity::{Account, NewAccount};
use serde::{Deserialize, Serialize};

/// The vendor's database of passwords.
const CONNECTION: &str = "Username-Password-Authentication";

#[derive(Serialize)]
pub(crate) struct CreateUser<'a> {
    email: &'a str,
    password: &'a str,
    connection: &'static str,
    email_verified: bool,
    verify_email: bool,
    name: String,
    given_name: &'a str,
    family_name: &'a str,
    user_metadata: UserMetadata<'a>,
    app_metadata: AppMetadata<'a>,
}

#[derive(Serialize)]
struct UserMetadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    registration_type: &'a str,
}

#[derive(Serialize)]
struct AppMetadata<'a> {
    role: &'a str,
    registration_date: String,
}

impl<'a> CreateUser<'a> {
    pub(crate) fn new(account: &'a NewAccount, now: DateTime<Utc>) -> Self {
        Self {
            email: &account.email,
            password: &account.password,
            connection: CONNECTION,
            email_verified: false,
            verify_email: true,
            name: format!("{} {}", account.first_name, account.last_name),
            given_name: &account.first_name,
            family_name: &account.last_name,
            user_metadata: UserMetadata {
                phone: account.phone.as_deref(),
                registration_type: account.registration_type,
            },
            app_metadata: AppMetadata {
                role: account.role,
                registration_date: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            },
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ChangeEmail<'a> {
    email: &'a str,
    email_verified: bool,
    verify_email: bool,
}

impl<'a> ChangeEmail<'a> {
    pub(crate) fn new(email: &'a str) -> Self {
        Self { email, email_verified: false, verify_email: true }
    }
}

#[derive(Serialize)]
pub(crate) struct SetPicture<'a> {
    pub(crate) picture: &'a str,
}

#[derive(Serialize)]
pub(crate) struct SendVerification<'a> {
    pub(crate) user_id: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct User {
    user_id: String,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self { id: user.user_id, email: user.email, email_verified: user.email_verified }
    }
}

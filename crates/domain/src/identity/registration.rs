//! Who registers a gym or a trainer's workspace, with what, and what is made of it (IDN-64, IDN-67 … IDN-71).
use super::{
    PlatformRole,
    gym::{self, Certification, GymType},
    subdomain, user,
};
use crate::kernel::{email, timezone, validation::text};
use garde::Validate;
use serde::Deserialize;

/// Where a gym is when nobody says so.
pub const DEFAULT_TIMEZONE: &str = "America/Mexico_City";
pub const DEFAULT_SPECIALTY: &str = "Fitness General";
pub const DEFAULT_MAX_CLIENTS: i32 = 30;

/// The longest address there is.
const EMAIL_CHARS: usize = 254;
/// A gym's column of the address is narrower than a person's.
const GYM_EMAIL_CHARS: usize = 100;

/// A password on its way to the identity provider: it is kept nowhere and shows itself in no log.
#[derive(Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(***)")
    }
}

/// 8–128 characters with an upper-case letter, a lower-case letter and a digit (IDN-67).
pub fn strong(password: &Password, _: &()) -> garde::Result {
    let text = password.expose();
    if !(8..=128).contains(&text.chars().count()) {
        return Err(garde::Error::new("must have 8 to 128 characters"));
    }
    let has = |class: fn(&u8) -> bool| text.bytes().any(|b| class(&b));
    if has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit) {
        Ok(())
    } else {
        Err(garde::Error::new("must have an upper-case letter, a lower-case letter and a digit"))
    }
}

/// The number without spaces and hyphens, when that is `^\+?[1-9]\d{1,14}$` (IDN-67).
pub fn phone_number(phone: &str) -> Option<String> {
    let plain: String = phone.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let is_number =
        (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    is_number.then_some(plain)
}

fn callable(phone: &str, _: &()) -> garde::Result {
    match phone_number(phone) {
        Some(_) => Ok(()),
        None => Err(garde::Error::new("not a telephone number")),
    }
}

/// Throw-away mailboxes are refused (IDN-64).
pub fn lasting(address: &str, _: &()) -> garde::Result {
    if email::is_disposable(address) {
        Err(garde::Error::new("addresses of this domain are not accepted"))
    } else {
        Ok(())
    }
}

/// A first or last name, whoever registers.
fn person_name(name: &str, context: &()) -> garde::Result {
    text(2, 50)(name, context)
}

/// The row of whoever registers.
struct Registrant<'a> {
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    phone: Option<&'a str>,
    bio: Option<String>,
    role: PlatformRole,
}

impl Registrant<'_> {
    fn row(self, account: Option<String>) -> user::Create {
        user::Create {
            email: self.email.to_owned(),
            first_name: Some(trimmed(self.first_name)),
            last_name: Some(trimmed(self.last_name)),
            role: self.role,
            auth0_id: account,
            picture: None,
            locale: None,
            auth0_metadata: None,
            phone_number: self.phone.and_then(phone_number),
            bio: self.bio,
        }
    }
}

/// At most 50, without control characters; the rest stands on the fields of [`Certification`].
fn plain(certifications: &Option<Vec<Certification>>, _: &()) -> garde::Result {
    let all = certifications.as_deref().unwrap_or_default();
    if all.len() > 50 {
        return Err(garde::Error::new("must have at most 50 entries"));
    }
    let mut texts =
        all.iter().flat_map(|c| [Some(&c.name), c.institution.as_ref(), c.credential_id.as_ref()]).flatten();
    if texts.any(|text| text.chars().any(char::is_control)) {
        return Err(garde::Error::new("must not have control characters"));
    }
    Ok(())
}

fn default_timezone() -> String {
    DEFAULT_TIMEZONE.into()
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// The pattern of the subdomain question: `^[a-z0-9-]{3,50}$`.
pub fn is_subdomain(text: &str) -> bool {
    subdomain::is_valid(text) && text.len() <= 50
}

/// The role of a row that was there already: registration raises it, and never takes power away (IDN-68).
pub fn raised(present: PlatformRole, to: PlatformRole) -> PlatformRole {
    let rank = |role| match role {
        PlatformRole::SuperAdmin => 3,
        PlatformRole::Admin => 2,
        PlatformRole::Trainer => 1,
        PlatformRole::Member => 0,
    };
    if rank(to) > rank(present) { to } else { present }
}

/// The owner of a new gym, and the gym (IDN-67).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GymOwnerRegistrationRequest)]
pub struct GymOwner {
    #[garde(email, length(max = EMAIL_CHARS), custom(lasting))]
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// With an upper-case letter, a lower-case letter and a digit.
    #[garde(custom(strong))]
    pub password: Password,
    #[garde(custom(person_name))]
    #[schema(min_length = 2, max_length = 50)]
    pub first_name: String,
    #[garde(custom(person_name))]
    #[schema(min_length = 2, max_length = 50)]
    pub last_name: String,
    /// With or without spaces and hyphens.
    #[garde(inner(custom(callable)))]
    #[serde(default)]
    pub phone: Option<String>,
    #[garde(custom(text(3, 255)))]
    #[schema(min_length = 3, max_length = 255)]
    pub gym_name: String,
    #[garde(skip)]
    #[serde(default)]
    pub gym_type: GymType,
    #[garde(inner(custom(text(0, 255))))]
    #[serde(default)]
    #[schema(max_length = 255)]
    pub gym_address: Option<String>,
    #[garde(inner(custom(callable)))]
    #[serde(default)]
    pub gym_phone: Option<String>,
    #[garde(inner(email, length(max = GYM_EMAIL_CHARS)))]
    #[serde(default)]
    #[schema(format = "email", max_length = 100)]
    pub gym_email: Option<String>,
    /// IANA name.
    #[garde(custom(timezone::valid))]
    #[serde(default = "default_timezone")]
    #[schema(max_length = 50, default = "America/Mexico_City")]
    pub timezone: String,
}

impl GymOwner {
    /// The row of the owner: an administrator of the platform's customers (IDN-67).
    pub fn person(&self, account: Option<String>) -> user::Create {
        let row = Registrant {
            email: &self.email,
            first_name: &self.first_name,
            last_name: &self.last_name,
            phone: self.phone.as_deref(),
            bio: None,
            role: PlatformRole::Admin,
        };
        row.row(account)
    }

    /// The gym, with the subdomain that its name asks for.
    pub fn gym(&self) -> gym::Create {
        gym::Create {
            name: trimmed(&self.gym_name),
            subdomain: subdomain::from_name(&self.gym_name),
            logo_url: None,
            address: self.gym_address.as_deref().map(trimmed).filter(|address| !address.is_empty()),
            phone: self.gym_phone.as_deref().and_then(phone_number),
            email: self.gym_email.clone(),
            description: None,
            timezone: self.timezone.clone(),
            kind: self.gym_type,
            trainer_specialties: None,
            trainer_certifications: None,
            max_clients: None,
            is_active: true,
        }
    }
}

/// A personal trainer, and their workspace (IDN-71).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = TrainerRegistrationRequest)]
pub struct Trainer {
    #[garde(email, length(max = EMAIL_CHARS), custom(lasting))]
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    #[garde(custom(person_name))]
    #[schema(min_length = 2, max_length = 50)]
    pub first_name: String,
    #[garde(custom(person_name))]
    #[schema(min_length = 2, max_length = 50)]
    pub last_name: String,
    /// With or without spaces and hyphens.
    #[garde(inner(custom(callable)))]
    #[serde(default)]
    pub phone: Option<String>,
    /// `["Fitness General"]` when absent.
    #[garde(inner(length(max = 10), inner(custom(text(2, 50)))))]
    #[serde(default)]
    #[schema(max_items = 10)]
    pub specialties: Option<Vec<String>>,
    #[garde(dive, custom(plain))]
    #[serde(default)]
    #[schema(max_items = 50)]
    pub certifications: Option<Vec<Certification>>,
    /// IANA name.
    #[garde(custom(timezone::valid))]
    #[serde(default = "default_timezone")]
    #[schema(max_length = 50, default = "America/Mexico_City")]
    pub timezone: String,
    /// 30 when absent.
    #[garde(inner(range(min = 1, max = 200)))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200, default = 30)]
    pub max_clients: Option<i32>,
    #[garde(inner(custom(text(0, 500))))]
    #[serde(default)]
    #[schema(max_length = 500)]
    pub bio: Option<String>,
    /// Makes an account at the identity provider as well; without it the workspace waits for the first login with
    /// this address, verified.
    #[garde(inner(custom(strong)))]
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password", min_length = 8, max_length = 128)]
    pub password: Option<Password>,
}

impl Trainer {
    fn bio(&self) -> Option<String> {
        self.bio.as_deref().map(trimmed).filter(|bio| !bio.is_empty())
    }

    /// The row of a trainer who was never seen before.
    pub fn person(&self, account: Option<String>) -> user::Create {
        let row = Registrant {
            email: &self.email,
            first_name: &self.first_name,
            last_name: &self.last_name,
            phone: self.phone.as_deref(),
            bio: self.bio(),
            role: PlatformRole::Trainer,
        };
        row.row(account)
    }

    /// The workspace, with the subdomain that the trainer's name asks for.
    pub fn workspace(&self) -> gym::Create {
        let (first, last) = (self.first_name.trim(), self.last_name.trim());
        let specialties = self.specialties.as_ref().map(|all| all.iter().map(|one| trimmed(one)).collect());
        let description = self.bio().unwrap_or_else(|| format!("Espacio de entrenamiento personal de {first} {last}"));
        gym::Create {
            name: gym::personal_trainer_name(first, last),
            subdomain: subdomain::from_name(&format!("{first}-{last}")),
            logo_url: None,
            address: None,
            phone: self.phone.as_deref().and_then(phone_number),
            email: Some(self.email.clone()).filter(|email| email.chars().count() <= GYM_EMAIL_CHARS),
            description: Some(description),
            timezone: self.timezone.clone(),
            kind: GymType::PersonalTrainer,
            trainer_specialties: Some(specialties.unwrap_or_else(|| vec![DEFAULT_SPECIALTY.into()])),
            trainer_certifications: self.certifications.clone(),
            max_clients: Some(self.max_clients.unwrap_or(DEFAULT_MAX_CLIENTS)),
            is_active: true,
        }
    }
}

/// An address in a path, checked like that of a registration.
#[derive(Clone, Debug, Validate)]
pub struct Address {
    #[garde(email, length(max = EMAIL_CHARS), custom(lasting))]
    pub email: String,
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;

use adapter_oidc::DevIssuer;
use axum::{Json, Router, extract::State, routing::post};
use domain::{identity::role::HighestRole, kernel::validation::Invalid};
use http_api::{ApiError, Body};
use serde::{Deserialize, Serialize};
use services::{Core, Error};
use std::{sync::Arc, time::Duration};

/// `POST /dev/token {"email": …}`: a token for anybody, for development without a vendor.
///
/// The server refuses to start with this in production; everything else about its tokens is checked as there.
#[derive(Clone)]
pub struct DevLogin {
    issuer: Arc<DevIssuer>,
    core: Core,
}

/// How long a development token lives.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

#[derive(Deserialize)]
struct Asked {
    email: String,
}

#[derive(Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

impl DevLogin {
    pub fn new(issuer: Arc<DevIssuer>, core: Core) -> Self {
        Self { issuer, core }
    }

    /// A token with the scopes of the person's highest role; somebody unknown becomes a member.
    pub async fn token(&self, email: &str) -> Result<String, Error> {
        let email = email.trim();
        if !email.contains('@') || email.contains(char::is_whitespace) {
            return Err(Invalid::field("email", "not an e-mail address").into());
        }
        let stores = &self.core.stores;
        let (name, role) = match stores.users.by_email(&self.core.db, email).await? {
            Some(user) => {
                let roles = stores.people.active_roles(&self.core.db, user.id).await?;
                (user.full_name(), HighestRole::of(Some(user.role), roles))
            }
            None => (email.split('@').next().unwrap_or_default().to_owned(), HighestRole::Member),
        };
        Ok(self.issuer.issue(email, &name, &role.scopes().join(" "), LIFETIME))
    }

    pub(crate) fn router(self) -> Router {
        Router::new().route("/dev/token", post(issue)).with_state(self)
    }
}

async fn issue(State(login): State<DevLogin>, Body(asked): Body<Asked>) -> Result<Json<Token>, ApiError> {
    let access_token = login.token(&asked.email).await?;
    Ok(Json(Token { access_token, token_type: "Bearer", expires_in: LIFETIME.as_secs() }))
}

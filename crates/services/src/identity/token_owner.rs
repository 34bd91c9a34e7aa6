//! What a token says of its owner, for clients that look at their own.
use crate::{Caller, Refusal, Result};
use serde::Serialize;
use utoipa::ToSchema;

pub const NO_EMAIL: Refusal = Refusal::bad_request(
    "no_email_in_token",
    "The token names no e-mail address.",
    "El token no contiene una dirección de correo.",
);

/// What the token says of its owner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TokenOwner {
    pub sub: String,
    pub permissions: Vec<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    pub picture: Option<String>,
}

impl TokenOwner {
    pub fn of(caller: &Caller) -> Self {
        let claims = caller.claims();
        Self {
            sub: claims.sub.clone(),
            permissions: claims.scopes.as_slice().to_vec(),
            email: claims.email.clone(),
            email_verified: claims.email_verified,
            name: claims.name.clone(),
            picture: claims.picture.clone(),
        }
    }
}

/// The address that the token names.
pub fn token_email(caller: &Caller) -> Result<String> {
    Ok(caller.claims().email.clone().ok_or(NO_EMAIL)?)
}

//! Who a bearer token belongs to, and the provider that manages the accounts behind the tokens.
use async_trait::async_trait;
use domain::identity::Claims;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Why a token was refused. No variant carries any part of the token (IDN-9).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is malformed")]
    Malformed,
    /// Anything but RS256 (IDN-2).
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// No `kid`, or one that the issuer does not publish (IDN-3).
    #[error("the token's key is unknown")]
    UnknownKey,
    #[error("the token's signature is not valid")]
    Signature,
    #[error("the token has expired")]
    Expired,
    /// Wrong `iss`, `aud`, `nbf`, or a missing claim (IDN-4).
    #[error("the token's claims are not accepted: {0}")]
    Claims(&'static str),
    /// `scope` is not a string (IDN-5, 403).
    #[error("the token's scope claim is not a string")]
    ScopeShape,
    /// The issuer's keys were never fetched: nobody can be told apart (503).
    #[error("the issuer's keys are not available")]
    Unavailable,
}

#[async_trait]
pub trait TokenVerifier: Send + Sync + 'static {
    async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError>;
}

/// An account at the identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The `sub` of its tokens.
    pub id: String,
    pub email: Option<String>,
    pub email_verified: bool,
}

#[derive(Clone)]
pub struct NewAccount {
    pub email: String,
    pub password: String,
    pub first_name: String,
    pub last_name: String,
    pub phone: Option<String>,
    /// `gym_owner` or `trainer`.
    pub registration_type: &'static str,
    /// The platform role, for the account's metadata.
    pub role: &'static str,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("email", &self.email).field("password", &"***").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("no account management is configured")]
    NotConfigured,
    #[error("the provider has an account of this email already")]
    Exists,
    #[error("the provider refuses the password")]
    WeakPassword,
    #[error("the provider has no such account")]
    NotFound,
    /// The provider will never accept this (its text is for the log, not for callers).
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The provider does not allow us such calls: an operator must mend our standing there, and until then trying again
    /// is of no use (its text is for the log).
    #[error("the provider does not allow this call: {0}")]
    Forbidden(String),
    /// Worth another try, not before `retry_after` when the provider named a time (IDN-91).
    #[error("the provider is unavailable: {reason}")]
    Unavailable { reason: String, retry_after: Option<Duration> },
}

/// Management of accounts. Every call has a time limit.
#[async_trait]
pub trait IdentityProvider: Send + Sync + 'static {
    /// False for issuers whose accounts nobody here manages; registration then leaves a row for a verified login to
    /// claim, and role sync does nothing.
    fn is_configured(&self) -> bool {
        true
    }
    async fn create(&self, account: NewAccount) -> Result<Account, IdentityError>;
    async fn by_id(&self, id: &str) -> Result<Account, IdentityError>;
    async fn by_email(&self, email: &str) -> Result<Option<Account>, IdentityError>;
    /// Sets the address unverified and sends the verification mail (IDN-61).
    async fn change_email(&self, id: &str, email: &str) -> Result<(), IdentityError>;
    async fn set_picture(&self, id: &str, url: &str) -> Result<(), IdentityError>;
    async fn send_verification(&self, id: &str) -> Result<(), IdentityError>;
    /// An account that is gone already counts as deleted (IDN-66).
    async fn delete(&self, id: &str) -> Result<(), IdentityError>;
    /// Names of the account's roles, all pages.
    async fn roles(&self, id: &str) -> Result<Vec<String>, IdentityError>;
    /// `Refused` when the provider knows no role of this name (IDN-90).
    async fn assign_role(&self, id: &str, role: &str) -> Result<(), IdentityError>;
    async fn remove_roles(&self, id: &str, roles: &[String]) -> Result<(), IdentityError>;
}

/// The null provider: tokens of any OpenID issuer, accounts managed elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIdentityProvider;

#[async_trait]
impl IdentityProvider for NoIdentityProvider {
    fn is_configured(&self) -> bool {
        false
    }
    async fn create(&self, _: NewAccount) -> Result<Account, IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn by_id(&self, _: &str) -> Result<Account, IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn by_email(&self, _: &str) -> Result<Option<Account>, IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn change_email(&self, _: &str, _: &str) -> Result<(), IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn set_picture(&self, _: &str, _: &str) -> Result<(), IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn send_verification(&self, _: &str) -> Result<(), IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn delete(&self, _: &str) -> Result<(), IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn roles(&self, _: &str) -> Result<Vec<String>, IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn assign_role(&self, _: &str, _: &str) -> Result<(), IdentityError> {
        Err(IdentityError::NotConfigured)
    }
    async fn remove_roles(&self, _: &str, _: &[String]) -> Result<(), IdentityError> {
        Err(IdentityError::NotConfigured)
    }
}

/// The query of the provider's login page (IDN-112).
#[derive(Clone, Debug)]
pub struct Authorization<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    /// `code_challenge` and `code_challenge_method`: both or neither.
    pub pkce: Option<(&'a str, &'a str)>,
}

/// The only two grants that are passed on (IDN-113).
#[derive(Clone)]
pub enum Grant {
    AuthorizationCode { code: String, redirect_uri: String, code_verifier: Option<String> },
    RefreshToken { refresh_token: String },
}

#[derive(Clone, Serialize, Deserialize)]
pub struct TokenSet {
    pub access_token: String,
    pub token_type: String,
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The provider answered that the code or token is no good (400).
    #[error("the provider refused the exchange")]
    Refused,
    /// 503.
    #[error("the provider is unavailable")]
    Unavailable,
}

/// What the login operations show to clients of the provider's application.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    pub domain: String,
    pub client_id: String,
    pub audience: String,
    pub callback_url: String,
    pub allowed_redirect_uris: Vec<String>,
}

/// The login flow of the provider, seen from a confidential client.
#[async_trait]
pub trait OAuthProxy: Send + Sync + 'static {
    fn settings(&self) -> &ClientSettings;
    fn authorize_url(&self, request: &Authorization<'_>) -> String;
    fn logout_url(&self, return_to: &str) -> String;
    /// Exchanges with the server's own secret (IDN-113).
    async fn exchange(&self, grant: Grant) -> Result<TokenSet, OAuthError>;
}

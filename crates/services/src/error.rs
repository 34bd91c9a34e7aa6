//! What can go wrong, in the cases that a caller can act on.
use chrono::NaiveDate;
use domain::{
    identity::GymRole,
    kernel::{locale::Locale, validation::Invalid},
};
use ports::identity::{IdentityError, TokenError};
use repository::Retryable;
pub use repository::StoreError;
use std::time::Duration;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of refusal this is, whatever carries it to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    BadRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    Unprocessable,
    /// Something outside failed, after every try.
    BadGateway,
    /// Worth another try later.
    Unavailable,
    /// Whoever runs the system has not set what this needs.
    NotConfigured,
}

/// A refusal that callers can tell by its stable code. Declared as a constant beside the rule that it enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub class: Class,
    /// snake_case; never changed once published.
    pub code: &'static str,
    en: &'static str,
    es: &'static str,
}

impl Refusal {
    pub const fn new(class: Class, code: &'static str, en: &'static str, es: &'static str) -> Self {
        Self { class, code, en, es }
    }
    pub const fn bad_request(code: &'static str, en: &'static str, es: &'static str) -> Self {
        Self::new(Class::BadRequest, code, en, es)
    }
    pub const fn forbidden(code: &'static str, en: &'static str, es: &'static str) -> Self {
        Self::new(Class::Forbidden, code, en, es)
    }
    pub const fn not_found(code: &'static str, en: &'static str, es: &'static str) -> Self {
        Self::new(Class::NotFound, code, en, es)
    }
    pub const fn conflict(code: &'static str, en: &'static str, es: &'static str) -> Self {
        Self::new(Class::Conflict, code, en, es)
    }
    pub const fn unavailable(code: &'static str, en: &'static str, es: &'static str) -> Self {
        Self::new(Class::Unavailable, code, en, es)
    }
    /// For people.
    pub fn text(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.en,
            Locale::Es => self.es,
        }
    }
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", .0.code)]
    Refused(Refusal),
    /// A refusal that names the days it is about (SCH-49).
    #[error("{}", .0.code)]
    RefusedOn(Refusal, Vec<NaiveDate>),
    /// A refusal that names the ids it is about (EVT-47).
    #[error("{}", .0.code)]
    RefusedFor(Refusal, Vec<i64>),
    /// The bearer token is no good (IDN-1 … IDN-5).
    #[error(transparent)]
    Token(TokenError),
    /// The token does not grant this scope (IDN-7).
    #[error("missing scope {0}")]
    MissingScope(&'static str),
    /// `current` is `None` for somebody without a membership (IDN-24).
    #[error("role too low")]
    RoleTooLow { current: Option<GymRole>, required: GymRole },
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("rate limit exceeded")]
    RateLimited { retry_after: Duration },
    /// The identity provider failed, or refused in a way that is nobody's input.
    #[error("identity provider: {0}")]
    Identity(IdentityError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<TokenError> for Error {
    fn from(e: TokenError) -> Self {
        Self::Token(e)
    }
}

impl From<IdentityError> for Error {
    fn from(e: IdentityError) -> Self {
        Self::Identity(e)
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(e) if e.is_retryable())
    }
}

impl Error {
    /// The stable code of the refusal, for tests and for callers without HTTP.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) | Self::RefusedOn(refusal, _) | Self::RefusedFor(refusal, _) => refusal.code,
            Self::Token(TokenError::ScopeShape) => "invalid_scope_claim",
            Self::Token(TokenError::Expired) => "token_expired",
            Self::Token(TokenError::Unavailable) => "unavailable",
            Self::Token(_) => "invalid_token",
            Self::MissingScope(_) => "missing_scope",
            Self::RoleTooLow { .. } => "role_too_low",
            Self::Invalid(_) => "validation_error",
            Self::RateLimited { .. } => "rate_limited",
            Self::Identity(_) => "identity_provider_unavailable",
            Self::Store(StoreError::NotFound { .. }) => "not_found",
            Self::Store(StoreError::Unique(_)) => "conflict",
            Self::Store(StoreError::ForeignKey(_) | StoreError::Check(_)) => "constraint",
            Self::Store(StoreError::Contention(_) | StoreError::Unavailable(_)) => "unavailable",
            Self::Store(_) => "internal_error",
        }
    }
}

/// Reads a unique violation as the one thing that it means for this insert.
pub trait UniqueMeans<T> {
    fn unique_means(self, refusal: Refusal) -> Result<T>;
}

impl<T> UniqueMeans<T> for Result<T, StoreError> {
    fn unique_means(self, refusal: Refusal) -> Result<T> {
        self.map_err(|e| match e {
            StoreError::Unique(_) => refusal.into(),
            e => e.into(),
        })
    }
}

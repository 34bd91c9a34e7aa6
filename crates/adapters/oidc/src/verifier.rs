//! Tells whose a bearer token is.
use crate::{
    key_ring::KeyRing,
    key_set::KeySet,
    key_source::FetchError,
    options::Options,
    token::{Expected, Token},
    verified_tokens::{Fingerprint, VerifiedTokens},
};
use async_trait::async_trait;
use domain::identity::Claims;
use ports::{Clock, SystemClock, TokenError, TokenVerifier};
use std::sync::Arc;

/// Verifies RS256 access tokens of one OpenID Connect issuer (IDN-2 … IDN-5, IDN-8, IDN-9).
///
/// Cheap to clone; clones share keys and remembered tokens. Must be used inside a Tokio runtime.
#[derive(Clone)]
pub struct JwksVerifier(Arc<Inner>);

struct Inner {
    expected: Expected,
    ring: Arc<KeyRing>,
    verified: VerifiedTokens,
    clock: Arc<dyn Clock>,
}

impl JwksVerifier {
    /// Fetches nothing yet: the first token does, or [`warm_up`](Self::warm_up).
    ///
    /// # Errors
    /// When the HTTP client cannot be set up (TLS).
    pub fn new(options: Options) -> Result<Self, reqwest::Error> {
        Self::with_clock(options, Arc::new(SystemClock))
    }

    /// Like [`new`](Self::new), with another clock than the system's.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up (TLS).
    pub fn with_clock(options: Options, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let ring = KeyRing::fetched(&options, Arc::clone(&clock))?;
        Ok(Self::over(options, ring, clock))
    }

    /// With keys at hand instead of published ones; everything else is checked the same way.
    pub(crate) fn with_keys(options: Options, keys: KeySet, clock: Arc<dyn Clock>) -> Self {
        let ring = KeyRing::given(&options, Arc::clone(&clock), keys);
        Self::over(options, ring, clock)
    }

    fn over(options: Options, ring: KeyRing, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            verified: VerifiedTokens::new(options.remembered_tokens, options.remember_for),
            expected: Expected { issuer: options.issuer, audience: options.audience },
            ring: Arc::new(ring),
            clock,
        }))
    }

    /// Fetches the keys, unless they are there, so that no request waits for them.
    ///
    /// # Errors
    /// Why they could not be fetched. The verifier goes on trying as tokens come.
    pub async fn warm_up(&self) -> Result<(), FetchError> {
        self.0.ring.warm_up().await
    }
}

#[async_trait]
impl TokenVerifier for JwksVerifier {
    async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        let Inner { expected, ring, verified, clock } = &*self.0;
        let fingerprint = Fingerprint::of(token);
        if let Some(claims) = verified.get(&fingerprint, ring.generation(), clock.now()) {
            return Ok(claims);
        }
        let token = Token::parse(token)?;
        let mut keys = ring.current().await.ok_or(TokenError::Unavailable)?;
        if keys.set.get(&token.kid).is_none() {
            keys = ring.with_unknown_key(&token.kid).await;
        }
        let key = keys.set.get(&token.kid).ok_or(TokenError::UnknownKey)?;
        let now = clock.now();
        let claims = Arc::new(expected.claims(token.payload(key)?, now)?);
        verified.remember(fingerprint, Arc::clone(&claims), keys.generation, now);
        Ok(claims)
    }
}

//! What a verifier is told about its issuer.
use std::time::Duration;

/// Where the issuer publishes its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The address of the key set itself, for Auth0 `https://{domain}/.well-known/jwks.json` (IDN-3).
    Url(String),
    /// `jwks_uri` of the document at `{issuer}/.well-known/openid-configuration`.
    Discovery,
}

#[derive(Clone, Debug)]
pub struct Options {
    /// Compared with `iss` byte by byte (IDN-4). Auth0's ends with a slash.
    pub issuer: String,
    /// `aud` must be or contain it (IDN-4).
    pub audience: String,
    pub keys: KeySource,
    /// How long fetched keys are used without asking again.
    pub cache: Duration,
    /// For one whole fetch, discovery included.
    pub fetch_timeout: Duration,
    /// The least time between two fetches that were caused by unknown key ids, whatever became of the first.
    pub forced_refresh_interval: Duration,
    /// The least time after a failed fetch before keys that are missing or old are asked for again.
    pub retry_interval: Duration,
    /// How many verified tokens are remembered.
    pub remembered_tokens: u64,
    /// For how long at most. A token's own end comes first.
    pub remember_for: Duration,
}

impl Options {
    /// The rules' figures (IDN-3): keys for 3600 s, fetches of 5 s, 60 s between forced refreshes.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySource) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys,
            cache: Duration::from_secs(3600),
            fetch_timeout: Duration::from_secs(5),
            forced_refresh_interval: Duration::from_secs(60),
            retry_interval: Duration::from_secs(5),
            remembered_tokens: 10_000,
            remember_for: Duration::from_secs(60),
        }
    }

    /// The options for an Auth0 tenant: issuer `https://{domain}/` and its key set.
    pub fn auth0(domain: &str, audience: impl Into<String>) -> Self {
        let keys = KeySource::Url(format!("https://{domain}/.well-known/jwks.json"));
        Self::new(format!("https://{domain}/"), audience, keys)
    }
}

//! Fetching an issuer's keys.
use crate::{
    key_set::KeySet,
    options::{KeySource, Options},
};
use serde_json::Value;
use std::time::Duration;

/// Key sets are some kilobytes; whatever is larger is not one.
const MAX_DOCUMENT: usize = 512 * 1024;

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the issuer cannot be reached: {0}")]
    Http(#[from] reqwest::Error),
    #[error("the issuer did not answer within {0:?}")]
    Timeout(Duration),
    #[error("the issuer answered {0}")]
    Status(u16),
    #[error("the issuer's answer is too large")]
    TooLarge,
    #[error("the issuer's answer is not JSON")]
    NotJson,
    #[error("the discovery document is of another issuer")]
    OtherIssuer,
    #[error("the discovery document names no acceptable address of keys")]
    NoKeyAddress,
    #[error("the issuer publishes no key that is usable for RS256")]
    NoKeys,
}

pub(crate) struct KeyFetcher {
    client: reqwest::Client,
    issuer: String,
    source: KeySource,
    timeout: Duration,
}

impl KeyFetcher {
    pub(crate) fn new(options: &Options) -> Result<Self, reqwest::Error> {
        // Whoever could redirect the request would hand out the keys.
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self {
            client,
            issuer: options.issuer.clone(),
            source: options.keys.clone(),
            timeout: options.fetch_timeout,
        })
    }

    pub(crate) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let keys = async {
            let document = match &self.source {
                KeySource::Url(url) => self.document(url).await?,
                KeySource::Discovery => self.document(&self.discovered().await?).await?,
            };
            KeySet::from_jwks(&document).ok_or(FetchError::NoKeys)
        };
        tokio::time::timeout(self.timeout, keys).await.map_err(|_| FetchError::Timeout(self.timeout))?
    }

    async fn discovered(&self) -> Result<String, FetchError> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document = self.document(&address).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        if text("issuer") != Some(&self.issuer) {
            return Err(FetchError::OtherIssuer);
        }
        // An issuer behind TLS never hands out its keys without.
        let plain = !self.issuer.starts_with("https://");
        let keys = text("jwks_uri").filter(|uri| plain || uri.starts_with("https://"));
        keys.map(str::to_owned).ok_or(FetchError::NoKeyAddress)
    }

    async fn document(&self, url: &str) -> Result<Value, FetchError> {
        let mut response = self.client.get(url).header("accept", "application/json").send().await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_DOCUMENT {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| FetchError::NotJson)
    }
}

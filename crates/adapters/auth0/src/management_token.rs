//! The token for the management API (IDN-94): fetched once for all who want it, kept until a minute before its end.
use crate::{management::ManagementOptions, response};
use moka::{Expiry, future::Cache};
use ports::{Clock, identity::IdentityError};
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A token is given up so long before its end.
const MARGIN: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Request<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
    audience: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) bearer: Arc<str>,
    lifetime: Duration,
}

struct UntilBeforeItsEnd;

impl Expiry<(), Token> for UntilBeforeItsEnd {
    fn expire_after_create(&self, _: &(), token: &Token, _: Instant) -> Option<Duration> {
        Some(token.lifetime.saturating_sub(MARGIN))
    }
}

pub(crate) struct ManagementToken {
    cache: Cache<(), Token>,
}

impl ManagementToken {
    pub(crate) fn new() -> Self {
        Self { cache: Cache::builder().max_capacity(1).expire_after(UntilBeforeItsEnd).build() }
    }

    /// # Errors
    /// Always `Unavailable`: whatever is wrong with our credentials is not the caller's doing.
    pub(crate) async fn get(
        &self,
        client: &reqwest::Client,
        options: &ManagementOptions,
        clock: &dyn Clock,
    ) -> Result<Token, IdentityError> {
        let fetched = self.cache.try_get_with((), fetch(client, options, clock)).await;
        fetched.map_err(|error: Arc<IdentityError>| (*error).clone())
    }

    /// Forgets this token, which the API did not take, unless another one has come since.
    pub(crate) async fn forget(&self, refused: &Token) {
        if self.cache.get(&()).await.is_some_and(|kept| Arc::ptr_eq(&kept.bearer, &refused.bearer)) {
            self.cache.invalidate(&()).await;
        }
    }
}

async fn fetch(
    client: &reqwest::Client,
    options: &ManagementOptions,
    clock: &dyn Clock,
) -> Result<Token, IdentityError> {
    let request = Request {
        grant_type: "client_credentials",
        client_id: &options.client_id,
        client_secret: options.client_secret.expose(),
        audience: &options.audience,
    };
    let answer = client.post(&options.token_url).json(&request).send().await;
    let answer: Answer = match response::success(answer, clock.now()).await {
        Ok(response) => response::body(response).await?,
        Err(error @ IdentityError::Unavailable { .. }) => return Err(error),
        Err(_) => {
            let reason = "it gives us no management token".to_owned();
            return Err(IdentityError::Unavailable { reason, retry_after: None });
        }
    };
    Ok(Token { bearer: answer.access_token.into(), lifetime: Duration::from_secs(answer.expires_in) })
}

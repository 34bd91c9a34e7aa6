//! The HTTP client under every bucket.
//!
//! `object_store` keeps neither the `Retry-After` header nor, outside its crate, the status of a failed call. So
//! answers that are no success end here already, as a [`Refusal`] that [`crate::fault`] finds again in the chain of
//! causes.
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService},
};
use ports::StorageError;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Enough of an answer's body to see what was wrong.
const BODY_CHARS: usize = 500;

/// An answer that is no success.
#[derive(Debug, thiserror::Error)]
#[error("the store answered {status}: {body}")]
pub struct Refusal {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: String,
}

/// One pool of connections for all buckets. Its TLS is rustls on aws-lc-rs.
#[derive(Clone, Debug)]
pub struct Transport(reqwest::Client);

impl Transport {
    pub fn new() -> Result<Self, StorageError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // a signature is for one address
            .redirect(reqwest::redirect::Policy::none())
            .build();
        client.map(Self).map_err(|e| StorageError::Failed(e.to_string()))
    }
}

impl HttpConnector for Transport {
    /// Time limits are set per attempt by the caller, not per request here.
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.0.call(request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| read_retry_after(value, Utc::now()));
        let body = response.into_body().bytes().await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body).chars().take(BODY_CHARS).collect();
        Err(HttpError::new(HttpErrorKind::Unknown, Refusal { status: status.as_u16(), retry_after, body }))
    }
}

/// Seconds, or the date of RFC 9110.
fn read_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(value).ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn med_18_retry_after_is_read_as_seconds_and_as_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-01-05T10:00:00Z").unwrap().to_utc();
        assert_eq!(read_retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(read_retry_after("Mon, 05 Jan 2026 10:00:04 GMT", now), Some(Duration::from_secs(4)));
        assert_eq!(read_retry_after("Mon, 05 Jan 2026 09:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(read_retry_after("soon", now), None);
    }
}

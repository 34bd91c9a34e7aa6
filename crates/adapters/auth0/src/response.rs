//! What the vendor's answers mean to us.
//!
//! The vendor's words go no further than `IdentityError::Refused` and `Forbidden`, which are for the log; every other error is told in
//! ours.
use chrono::{DateTime, Utc};
use ports::identity::IdentityError;
use reqwest::{Response, StatusCode, header::HeaderMap};
use serde::{Deserialize, de::DeserializeOwned};
use std::time::Duration;

/// Longer waits than this are not believed.
const MAX_WAIT: Duration = Duration::from_secs(3600);
/// How much of the vendor's words is kept for the log.
const MAX_WORDS: usize = 200;

/// The vendor's error body.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default, rename = "errorCode", alias = "code")]
    code: String,
}

/// The answer, when it is a success.
pub(crate) async fn success(answer: reqwest::Result<Response>, now: DateTime<Utc>) -> Result<Response, IdentityError> {
    let response = answer.map_err(|e| unreachable(&e))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT;
    if busy || !status.is_client_error() {
        return Err(unavailable(format!("it answered {}", status.as_u16()), retry_after(response.headers(), now)));
    }
    if status == StatusCode::NOT_FOUND {
        return Err(IdentityError::NotFound);
    }
    if status == StatusCode::UNAUTHORIZED {
        // A token that is taken no longer; credentials that are being exchanged. It passes.
        return Err(unavailable("it does not let us in (401)".to_owned(), None));
    }
    let refusal: Refusal = response.json().await.unwrap_or_default();
    if status == StatusCode::FORBIDDEN {
        // A grant that our client lacks: nothing that the caller's request, or time, could mend.
        return Err(IdentityError::Forbidden(words(status, &refusal)));
    }
    Err(refused(status, &refusal))
}

/// The success's body.
pub(crate) async fn body<T: DeserializeOwned>(response: Response) -> Result<T, IdentityError> {
    response.json().await.map_err(|e| {
        if e.is_decode() { unavailable("its answer cannot be read".to_owned(), None) } else { unreachable(&e) }
    })
}

fn refused(status: StatusCode, refusal: &Refusal) -> IdentityError {
    if status == StatusCode::CONFLICT || refusal.message.contains("already exists") {
        return IdentityError::Exists;
    }
    if is_about_the_password(refusal) {
        return IdentityError::WeakPassword;
    }
    IdentityError::Refused(words(status, refusal))
}

fn words(status: StatusCode, refusal: &Refusal) -> String {
    let words: String = refusal.message.chars().take(MAX_WORDS).collect();
    format!("{} {words}", status.as_u16()).trim_end().to_owned()
}

/// `PasswordStrengthError: …`, `PasswordDictionaryError: …`, `PasswordNoUserInfoError: …`, `PasswordHistoryError: …`
/// or a code of that family.
fn is_about_the_password(refusal: &Refusal) -> bool {
    let named = refusal
        .message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.starts_with("Password") && word.ends_with("Error"));
    named || refusal.code == "invalid_password" || refusal.code.starts_with("password_")
}

fn unreachable(error: &reqwest::Error) -> IdentityError {
    let reason = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    };
    unavailable(reason.to_owned(), None)
}

fn unavailable(reason: String, retry_after: Option<Duration>) -> IdentityError {
    IdentityError::Unavailable { reason, retry_after }
}

/// `Retry-After` (seconds or a date), else `x-ratelimit-reset` (seconds since 1970) (IDN-91).
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let until = |at: DateTime<Utc>| (at - now).to_std().unwrap_or_default();
    let told = text("retry-after").and_then(|value| match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => DateTime::parse_from_rfc2822(value).ok().map(|at| until(at.to_utc())),
    });
    let reset = || DateTime::from_timestamp(text("x-ratelimit-reset")?.parse().ok()?, 0).map(until);
    told.or_else(reset).map(|wait| wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idn_91_the_wait_comes_from_either_header() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let wait = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
            retry_after(&headers, now).map(|d| d.as_secs())
        };
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        assert_eq!(wait(&[("retry-after", "Fri, 15 Jan 2027 08:00:30 GMT")]), Some(30));
        assert_eq!(wait(&[("retry-after", "Fri, 15 Jan 2027 07:00:00 GMT")]), Some(0));
        assert_eq!(wait(&[("x-ratelimit-reset", "1800000012")]), Some(12));
        assert_eq!(wait(&[("x-ratelimit-reset", "1700000000")]), Some(0));
        assert_eq!(wait(&[("retry-after", "7"), ("x-ratelimit-reset", "1800000012")]), Some(7));
        assert_eq!(wait(&[("retry-after", "soon"), ("x-ratelimit-reset", "1800000012")]), Some(12));
        assert_eq!(wait(&[("retry-after", "18446744073709551615")]), Some(3600));
        assert_eq!(wait(&[("x-ratelimit-reset", "9223372036854775807")]), None);
    }
}

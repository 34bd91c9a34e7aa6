//! What the vendor's answers mean to us (NTF-26, 32, 33).
use chrono::{DateTime, Utc};
use domain::UserId;
use ports::push::{PushError, PushReceipt};
use reqwest::{Response, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// Longer waits than this are not believed.
const MAX_WAIT: Duration = Duration::from_secs(3600);
/// How much of the vendor's words is kept.
const MAX_WORDS: usize = 200;

/// The vendor's body, of a success and of a refusal.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    id: Option<String>,
    /// A text, a list of texts, or lists of ids by the reason for which they were left out.
    #[serde(default)]
    errors: Value,
}

/// Reads the answer to a call.
pub(crate) async fn read(answer: reqwest::Result<Response>, now: DateTime<Utc>) -> Result<PushReceipt, PushError> {
    let response = answer.map_err(|e| unreachable(&e))?;
    let status = response.status();
    if status.is_success() {
        // What was asked for may well have happened, but not under a name that we know: the key makes asking again safe.
        let body: Body = response.json().await.map_err(|e| {
            if e.is_decode() { unavailable("its answer cannot be read".to_owned(), None) } else { unreachable(&e) }
        })?;
        return Ok(PushReceipt { id: body.id.filter(|id| !id.is_empty()), unknown: unknown(&body.errors) });
    }
    let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT;
    if busy || !status.is_client_error() {
        let wait = response.headers().get(header::RETRY_AFTER).and_then(|v| retry_after(v.to_str().ok()?, now));
        return Err(unavailable(format!("it answered {}", status.as_u16()), wait));
    }
    let body: Body = response.json().await.unwrap_or_default();
    let words = words(status, &body.errors);
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PushError::Unauthorised(words),
        _ => PushError::Refused(words),
    })
}

/// Whom of those named the vendor does not know, or knows no device of.
fn unknown(errors: &Value) -> Vec<UserId> {
    let lists = [errors.pointer("/invalid_aliases/external_id"), errors.get("invalid_external_user_ids")];
    let ids = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    ids.filter_map(|id| id.as_str()?.parse().ok()).map(UserId).collect()
}

fn words(status: StatusCode, errors: &Value) -> String {
    let told = match errors {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            list.iter().map(|e| e.as_str().map_or_else(|| e.to_string(), str::to_owned)).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    };
    let told: String = told.chars().take(MAX_WORDS).collect();
    format!("{} {told}", status.as_u16()).trim_end().to_owned()
}

fn unreachable(error: &reqwest::Error) -> PushError {
    let reason = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    };
    unavailable(reason.to_owned(), None)
}

fn unavailable(reason: String, retry_after: Option<Duration>) -> PushError {
    PushError::Unavailable { reason, retry_after }
}

/// Seconds or a date.
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTime::parse_from_rfc2822(value.trim()).ok()?;
            (at.to_utc() - now).to_std().unwrap_or_default()
        }
    };
    Some(wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ntf_32_the_wait_is_told_in_seconds_or_by_a_date() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let seconds = |value| retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Fri, 15 Jan 2027 08:00:30 GMT"), Some(30));
        assert_eq!(seconds("Fri, 15 Jan 2027 07:00:00 GMT"), Some(0));
        assert_eq!(seconds("18446744073709551615"), Some(3600));
        assert_eq!(seconds("soon"), None);
    }

    #[test]
    fn ntf_26_strangers_are_told_in_either_form() {
        let ids = |errors| unknown(&errors).iter().map(UserId::to_string).collect::<Vec<_>>();
        assert_eq!(ids(json!({"invalid_aliases": {"external_id": ["7", "25"]}})), ["7", "25"]);
        assert_eq!(ids(json!({"invalid_external_user_ids": ["7"]})), ["7"]);
        assert!(ids(json!(["All included players are not subscribed"])).is_empty());
        assert!(ids(json!({"invalid_aliases": {"external_id": ["somebody", 4]}})).is_empty());
        assert!(ids(json!("")).is_empty());
    }

    #[test]
    fn ntf_33_the_vendors_words_are_kept_short() {
        let told = |errors| words(StatusCode::BAD_REQUEST, &errors);
        assert_eq!(told(json!(["one", "two"])), "400 one; two");
        assert_eq!(told(json!("one")), "400 one");
        assert_eq!(told(Value::Null), "400");
        assert_eq!(told(json!({"a": ["b"]})), r#"400 {"a":["b"]}"#);
        assert_eq!(told(json!("ñ".repeat(500))).chars().count(), 204);
    }
}

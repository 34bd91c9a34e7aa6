//! `Idempotency-Key`: the same key answers the same again.
//!
//! The key is taken in a transaction of its own before the request runs, so of two concurrent requests one runs and
//! the other is told that it does. The answer is kept for a day. A first request whose process died without an answer
//! is overtaken when its hold is over, which is longer than any request may run. Answers of 5xx, 429 and 401 are not
//! kept: they changed nothing, and trying again is right.
use crate::{Core, Refusal, Result};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::IdempotencyKeyId;
use repository::kernel::idempotency::Begun;
use std::time::Duration;

pub const IN_FLIGHT: Refusal = Refusal::conflict(
    "idempotency_in_flight",
    "A request with this Idempotency-Key is still running.",
    "Una petición con esta Idempotency-Key sigue en curso.",
);
pub const KEY_REUSED: Refusal = Refusal::new(
    crate::error::Class::Unprocessable,
    "idempotency_key_reused",
    "This Idempotency-Key was used with another body.",
    "Esta Idempotency-Key ya se usó con otro contenido.",
);

/// How much longer a key is held than its request may run, so that no two run at once, even by clocks that differ.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a first request holds its key: longer than `limit`, the time that it may run.
pub fn hold(limit: Duration) -> TimeDelta {
    TimeDelta::from_std(limit.saturating_add(MARGIN)).unwrap_or(KEPT).min(KEPT)
}

/// How long answers are kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// An answer, kept or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Run the request, then [`Idempotency::keep`] or [`Idempotency::forget`].
    First(IdempotencyKeyId),
    /// What it answered the first time.
    Again(Answer),
}

#[async_trait]
pub trait Idempotency: Send + Sync {
    /// `scope` names caller and operation, `fingerprint` the body, `limit` how long the request may run.
    ///
    /// # Errors
    /// [`IN_FLIGHT`], [`KEY_REUSED`]
    async fn attempt(&self, scope: &str, key: &str, fingerprint: &str, limit: Duration) -> Result<Attempt>;
    async fn keep(&self, id: IdempotencyKeyId, answer: Answer) -> Result<()>;
    async fn forget(&self, id: IdempotencyKeyId) -> Result<()>;
}

pub struct IdempotencyService {
    core: Core,
}

impl IdempotencyService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Idempotency for IdempotencyService {
    async fn attempt(&self, scope: &str, key: &str, fingerprint: &str, limit: Duration) -> Result<Attempt> {
        match self.core.stores.idempotency.begin(&self.core.db, scope, key, fingerprint, hold(limit)).await? {
            Begun::First(id) => Ok(Attempt::First(id)),
            Begun::Seen(row) if row.fingerprint != fingerprint => Err(KEY_REUSED.into()),
            Begun::Seen(row) => match row.status {
                Some(status) => Ok(Attempt::Again(Answer {
                    status: u16::try_from(status).unwrap_or(200),
                    content_type: row.content_type,
                    body: row.body.unwrap_or_default(),
                })),
                None => Err(IN_FLIGHT.into()),
            },
        }
    }

    async fn keep(&self, id: IdempotencyKeyId, answer: Answer) -> Result<()> {
        let store = &self.core.stores.idempotency;
        Ok(store.complete(&self.core.db, id, answer.status, answer.content_type, answer.body).await?)
    }

    async fn forget(&self, id: IdempotencyKeyId) -> Result<()> {
        Ok(self.core.stores.idempotency.abandon(&self.core.db, id).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_held_longer_than_its_request_may_run() {
        for seconds in [1, 30, 60, 600, 3600] {
            let limit = Duration::from_secs(seconds);
            assert!(hold(limit) > TimeDelta::from_std(limit).unwrap(), "{seconds}");
        }
        assert_eq!(hold(Duration::MAX), KEPT, "and no longer than answers are kept");
    }
}

//! Tokens that were found good a moment ago. The same few thousand tokens come again with every request, and one
//! signature check costs more than everything else that is done with a token.
//!
//! Remembered is the SHA-256 of a token, never the token itself (IDN-9).
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::Claims;
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

#[derive(Clone)]
struct Verified {
    claims: Arc<Claims>,
    generation: u64,
    at: DateTime<Utc>,
}

pub(crate) struct VerifiedTokens {
    tokens: Cache<Fingerprint, Verified>,
    remember_for: TimeDelta,
}

impl VerifiedTokens {
    pub(crate) fn new(capacity: u64, remember_for: Duration) -> Self {
        Self {
            // The time to live frees the memory; what counts is the check in `get`, by the one clock.
            tokens: Cache::builder().max_capacity(capacity).time_to_live(remember_for).build(),
            remember_for: TimeDelta::from_std(remember_for).unwrap_or(TimeDelta::MAX),
        }
    }

    /// The claims of a token that was verified within the time and under this generation of keys, and that has not
    /// expired since.
    pub(crate) fn get(&self, token: &Fingerprint, generation: u64, now: DateTime<Utc>) -> Option<Arc<Claims>> {
        let verified = self.tokens.get(token)?;
        let stands = verified.generation == generation
            && verified.at <= now
            && now - verified.at < self.remember_for
            && now.timestamp() < verified.claims.expires_at;
        stands.then_some(verified.claims)
    }

    pub(crate) fn remember(&self, token: Fingerprint, claims: Arc<Claims>, generation: u64, at: DateTime<Utc>) {
        self.tokens.insert(token, Verified { claims, generation, at });
    }
}

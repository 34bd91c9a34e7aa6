//! Instants are UTC, stored and sent with microseconds (decision 5).
use chrono::{DateTime, SubsecRound, Utc};

pub type Instant = DateTime<Utc>;

/// The present instant in whole microseconds: PostgreSQL keeps no more, and a value with nanoseconds would not be
/// equal to itself after a round trip.
pub fn now() -> Instant {
    Utc::now().trunc_subsecs(6)
}

//! The API, called over a real database.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod attendance;
mod events;
mod identity;
mod isolation;
mod middleware;
mod notifications;
mod schedule;

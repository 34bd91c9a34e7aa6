//! The outbox, scheduled jobs and idempotency keys: tables of the platform.
#![allow(clippy::disallowed_methods)] // these tables are no tenant's
pub mod idempotency;
pub mod jobs;
pub mod outbox;

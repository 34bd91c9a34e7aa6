//! The outbox, scheduled jobs, idempotency keys and the mark of the installation: tables of the platform.
#![allow(clippy::disallowed_methods)] // these tables are no tenant's
pub mod idempotency;
pub mod installation;
pub mod jobs;
pub mod outbox;

//! The repository over SQLite and PostgreSQL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic
#![allow(clippy::disallowed_methods)] // rows are looked at from outside, too
extern crate gymapi_repository as repository;

mod catalogue;
mod event_invariants;
mod event_payments;
mod exclusive;
mod hot;
mod invariants;
mod jobs;
mod migrations;
mod outbox;
mod ownership;
mod rows;
mod schema;
mod statements;
mod tenancy;
mod transactions;

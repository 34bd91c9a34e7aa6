//! What operators meet: real processes over real databases.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic
mod outbox;
mod probes;
mod process;
mod start;

//! What came of it: attendance, achievements, goals and health.
pub mod achievement;
pub mod check_in;
pub mod goal;
pub mod health_record;
pub mod health_snapshot;
pub mod milestone;
pub mod streak;

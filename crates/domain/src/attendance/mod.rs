//! What came of it: attendance, achievements, goals and health.
pub mod achievement;
pub mod goal;
pub mod health_record;
pub mod health_snapshot;
pub mod streak;

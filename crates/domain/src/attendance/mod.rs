//! What came of it: attendance, achievements, goals and health.
pub mod achievement;
pub mod check_in;
pub mod goal;
pub mod goal_progress;
pub mod health;
pub mod health_record;
pub mod health_snapshot;
pub mod milestone;
pub mod period;
pub mod recommendation;
pub mod statistics;
pub mod streak;

//! Repositories of attendance, achievements, goals and health.
pub mod achievements;
pub mod attended_days;
pub mod goals;
pub mod health;
pub mod scans;
pub mod snapshots;
pub mod statistics;

use crate::SeaRepo;
use domain::attendance::{achievement, goal, health_record, health_snapshot};

pub type SeaAchievements = SeaRepo<achievement::Entity>;
pub type SeaGoals = SeaRepo<goal::Entity>;
pub type SeaHealthRecords = SeaRepo<health_record::Entity>;
pub type SeaHealthSnapshots = SeaRepo<health_snapshot::Entity>;

//! A member's figures on one day of the gym's calendar, for trends.
use crate::{GymId, HealthSnapshotId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_health_snapshots")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: HealthSnapshotId,
    pub gym_id: GymId,
    pub user_id: UserId,
    pub snapshot_date: NaiveDate,
    pub weight: Option<f64>,
    pub bmi: Option<f64>,
    pub body_fat_percentage: Option<f64>,
    pub muscle_mass: Option<f64>,
    pub weekly_workouts: i32,
    pub current_streak: i32,
    pub classes_attended_week: i32,
    pub total_workout_minutes_week: i32,
    pub social_score: f64,
    pub chat_messages_week: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("health snapshot", HealthSnapshotId);

#[derive(Clone, Debug, PartialEq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub snapshot_date: NaiveDate,
    pub weight: Option<f64>,
    pub bmi: Option<f64>,
    pub body_fat_percentage: Option<f64>,
    pub muscle_mass: Option<f64>,
    pub weekly_workouts: i32,
    pub current_streak: i32,
    pub classes_attended_week: i32,
    pub total_workout_minutes_week: i32,
    pub social_score: f64,
    pub chat_messages_week: i32,
}

/// A snapshot is written whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {}

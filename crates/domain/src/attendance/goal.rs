//! What a member wants to reach (ATT-55 … ATT-59).
use crate::{GoalId, GymId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What it is about.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumIter,
    DeriveActiveEnum,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum GoalType {
    WeightLoss,
    WeightGain,
    MuscleGain,
    BodyFatLoss,
    Endurance,
    Strength,
    Attendance,
    Nutrition,
}

/// Only an `active` goal is worked at.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumIter,
    DeriveActiveEnum,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = UserGoalStatus)] // `GoalStatus` is how a goal stands against its time
pub enum GoalStatus {
    #[default]
    Active,
    Completed,
    Paused,
    Cancelled,
    Expired,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_goals")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: GoalId,
    pub gym_id: GymId,
    pub user_id: UserId,
    pub goal_type: GoalType,
    pub title: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub target_value: f64,
    pub current_value: f64,
    pub start_value: Option<f64>,
    pub unit: String,
    pub target_date: Option<NaiveDate>,
    pub status: GoalStatus,
    pub is_public: bool,
    pub notifications_enabled: bool,
    pub completed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("goal", GoalId);

#[derive(Clone, Debug, PartialEq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub goal_type: GoalType,
    pub title: String,
    pub description: Option<String>,
    pub target_value: f64,
    pub current_value: f64,
    pub start_value: Option<f64>,
    pub unit: String,
    pub target_date: Option<NaiveDate>,
    pub status: GoalStatus,
    pub is_public: bool,
    pub notifications_enabled: bool,
}

#[derive(Clone, Debug, Default, PartialEq, DeriveIntoActiveModel)]
pub struct Update {
    pub title: Option<String>,
    pub current_value: Option<f64>,
    pub target_date: Option<Option<NaiveDate>>,
    pub status: Option<GoalStatus>,
    pub completed_at: Option<Option<DateTime<Utc>>>,
}

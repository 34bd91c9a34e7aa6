//! What a member has earned in a gym (ATT-22 … ATT-27).
use crate::{AchievementId, GoalId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What it is for.
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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum AchievementType {
    AttendanceStreak,
    WeightGoal,
    ClassMilestone,
    SocialEngagement,
    StrengthGain,
    EnduranceMilestone,
    Consistency,
}

/// How seldom it is earned.
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
pub enum Rarity {
    Common,
    Rare,
    Epic,
    Legendary,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_achievements")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: AchievementId,
    pub gym_id: GymId,
    pub user_id: UserId,
    pub achievement_type: AchievementType,
    pub title: String,
    #[sea_orm(column_type = "Text")]
    pub description: String,
    pub icon: String,
    pub value: f64,
    pub unit: Option<String>,
    pub rarity: Rarity,
    pub earned_at: DateTime<Utc>,
    pub is_milestone: bool,
    pub points_awarded: i32,
    /// The goal that it was earned by.
    pub source_id: Option<GoalId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("achievement", AchievementId);

#[derive(Clone, Debug, PartialEq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub achievement_type: AchievementType,
    pub title: String,
    pub description: String,
    pub icon: String,
    pub value: f64,
    pub unit: Option<String>,
    pub rarity: Rarity,
    pub earned_at: DateTime<Utc>,
    pub is_milestone: bool,
    pub points_awarded: i32,
    pub source_id: Option<GoalId>,
}

/// Nothing: what is earned stays earned.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {}

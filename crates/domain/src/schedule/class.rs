//! A class: the template of its sessions (SCH-39 … SCH-43).
use crate::{CategoryId, ClassId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// How hard a class is.
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
#[schema(as = ClassDifficultyLevel)]
pub enum Difficulty {
    Beginner,
    Intermediate,
    Advanced,
}

/// The kinds of classes that every gym knows.
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
pub enum ClassCategory {
    Cardio,
    Strength,
    Flexibility,
    Hiit,
    Yoga,
    Pilates,
    Functional,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ClassId,
    pub gym_id: GymId,
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Minutes.
    pub duration: i32,
    pub max_capacity: i32,
    pub difficulty_level: Difficulty,
    pub category_id: Option<CategoryId>,
    pub category_enum: Option<ClassCategory>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("class", ClassId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub name: String,
    pub description: Option<String>,
    pub duration: i32,
    pub max_capacity: i32,
    pub difficulty_level: Difficulty,
    pub category_id: Option<CategoryId>,
    pub category_enum: Option<ClassCategory>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub duration: Option<i32>,
    pub max_capacity: Option<i32>,
    pub difficulty_level: Option<Difficulty>,
    pub category_id: Option<Option<CategoryId>>,
    pub category_enum: Option<Option<ClassCategory>>,
    pub is_active: Option<bool>,
}

//! A measurement of a member's body.
use crate::{GymId, HealthRecordId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Where it comes from.
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
pub enum MeasurementType {
    #[default]
    Manual,
    Scale,
    Trainer,
    Device,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_health_records")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: HealthRecordId,
    pub gym_id: GymId,
    pub user_id: UserId,
    /// Kilograms, as are all masses.
    pub weight: Option<f64>,
    pub body_fat_percentage: Option<f64>,
    pub muscle_mass: Option<f64>,
    pub visceral_fat: Option<f64>,
    pub bone_mass: Option<f64>,
    pub water_percentage: Option<f64>,
    pub recorded_at: DateTime<Utc>,
    pub measurement_type: MeasurementType,
    #[sea_orm(column_type = "Text", nullable)]
    pub notes: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("health record", HealthRecordId);

#[derive(Clone, Debug, PartialEq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub weight: Option<f64>,
    pub body_fat_percentage: Option<f64>,
    pub muscle_mass: Option<f64>,
    pub visceral_fat: Option<f64>,
    pub bone_mass: Option<f64>,
    pub water_percentage: Option<f64>,
    pub recorded_at: DateTime<Utc>,
    pub measurement_type: MeasurementType,
    pub notes: Option<String>,
}

/// Nothing: a measurement stays as it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {}

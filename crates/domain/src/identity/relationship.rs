//! A trainer and a member who work together in a gym (IDN-78 … IDN-84).
use crate::{GymId, RelationshipId, UserId, kernel::patch};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum, utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RelationshipStatus {
    Active,
    Paused,
    Terminated,
    #[default]
    Pending,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trainer_member_relationships")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: RelationshipId,
    pub gym_id: GymId,
    pub trainer_id: UserId,
    pub member_id: UserId,
    pub status: RelationshipStatus,
    pub start_date: Option<DateTime<Utc>>,
    pub end_date: Option<DateTime<Utc>>,
    #[sea_orm(column_type = "Text", nullable)]
    pub notes: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("relationship", RelationshipId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub trainer_id: UserId,
    pub member_id: UserId,
    pub status: RelationshipStatus,
    pub start_date: Option<DateTime<Utc>>,
    pub end_date: Option<DateTime<Utc>>,
    pub notes: Option<String>,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<RelationshipStatus>,
    pub start_date: Option<Option<DateTime<Utc>>>,
    pub end_date: Option<Option<DateTime<Utc>>>,
    pub notes: Option<Option<String>>,
}

/// A new relationship, as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = TrainerMemberRelationshipCreate)]
pub struct NewRelationship {
    #[garde(skip)]
    pub trainer_id: UserId,
    #[garde(skip)]
    pub member_id: UserId,
    #[garde(skip)]
    #[serde(default)]
    pub status: RelationshipStatus,
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub notes: Option<String>,
}

/// A change, as asked for: only fields that are present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = TrainerMemberRelationshipUpdate)]
#[serde(default)]
pub struct RelationshipPatch {
    #[garde(skip)]
    pub status: Option<RelationshipStatus>,
    #[garde(inner(inner(length(chars, max = 2000))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub notes: Option<Option<String>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub start_date: Option<Option<DateTime<Utc>>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub end_date: Option<Option<DateTime<Utc>>>,
}

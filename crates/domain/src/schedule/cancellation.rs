//! That a booking was cancelled, by whom, and whether late: rows are added and never changed (SCH-77).
use crate::{CancellationId, GymId, ParticipationId, SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Who cancelled.
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
pub enum CancellationActor {
    Member,
    Staff,
    System,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_cancellation")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: CancellationId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub participation_id: ParticipationId,
    /// None when the system did.
    pub cancelled_by: Option<UserId>,
    pub actor: CancellationActor,
    pub is_late: bool,
    pub reason: Option<String>,
    pub cancelled_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("cancellation", CancellationId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub session_id: SessionId,
    pub member_id: UserId,
    pub participation_id: ParticipationId,
    pub cancelled_by: Option<UserId>,
    pub actor: CancellationActor,
    pub is_late: bool,
    pub reason: Option<String>,
    pub cancelled_at: DateTime<Utc>,
}

/// Nothing: what happened stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {}

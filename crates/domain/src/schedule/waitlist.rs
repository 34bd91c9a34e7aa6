//! A place in the queue of a full session (SCH-80 … SCH-84).
use crate::{GymId, SessionId, UserId, WaitlistEntryId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Only `waiting` is a place in the queue.
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
pub enum WaitlistStatus {
    #[default]
    Waiting,
    Promoted,
    Cancelled,
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_waitlist_entry")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: WaitlistEntryId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: WaitlistStatus,
    /// The queue's order is this, then the id.
    pub joined_at: DateTime<Utc>,
    /// When it left `waiting`.
    pub resolved_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("waitlist entry", WaitlistEntryId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: WaitlistStatus,
    pub joined_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<WaitlistStatus>,
    pub resolved_at: Option<Option<DateTime<Utc>>>,
}

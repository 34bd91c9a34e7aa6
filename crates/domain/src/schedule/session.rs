//! A session: a class at a time, with a trainer and so many seats (SCH-44 … SCH-63).
use crate::{ClassId, GymId, SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// `completed` is final, and `cancelled` nearly so (SCH-50).
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
#[schema(as = ClassSessionStatus)]
pub enum SessionStatus {
    #[default]
    Scheduled,
    InProgress,
    Completed,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_session")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: SessionId,
    pub gym_id: GymId,
    pub class_id: ClassId,
    pub trainer_id: UserId,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub room: Option<String>,
    pub is_recurring: bool,
    /// `WEEKLY:0,2,4`; 0 is Monday.
    pub recurrence_pattern: Option<String>,
    /// The same for all sessions of one recurring request: a UUID.
    pub series_id: Option<String>,
    pub status: SessionStatus,
    /// Seats taken: bookings and attendances, as many as there are rows (SCH-61). Written by the server alone.
    pub current_participants: i32,
    /// Seats of this session, instead of its class's.
    pub override_capacity: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub notes: Option<String>,
    pub reminder_sent_at: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("session", SessionId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub class_id: ClassId,
    pub trainer_id: UserId,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub room: Option<String>,
    pub is_recurring: bool,
    pub recurrence_pattern: Option<String>,
    pub series_id: Option<String>,
    pub status: SessionStatus,
    pub current_participants: i32,
    pub override_capacity: Option<i32>,
    pub notes: Option<String>,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub class_id: Option<ClassId>,
    pub trainer_id: Option<UserId>,
    pub start_time: Option<DateTime<Utc>>,
    pub end_time: Option<DateTime<Utc>>,
    pub room: Option<Option<String>>,
    pub is_recurring: Option<bool>,
    pub recurrence_pattern: Option<Option<String>>,
    pub status: Option<SessionStatus>,
    pub override_capacity: Option<Option<i32>>,
    pub notes: Option<Option<String>>,
    pub reminder_sent_at: Option<Option<DateTime<Utc>>>,
}

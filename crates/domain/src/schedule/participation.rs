//! A member's part in a session: booked, been there, cancelled, or not come.
use crate::{GymId, ParticipationId, SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// `registered` and `attended` take a seat (SCH-60).
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
#[schema(as = ClassParticipationStatus)]
pub enum ParticipationStatus {
    #[default]
    Registered,
    Attended,
    Cancelled,
    NoShow,
}

impl ParticipationStatus {
    /// Whether a row in this state takes a seat (SCH-60).
    pub fn takes_seat(self) -> bool {
        matches!(self, Self::Registered | Self::Attended)
    }
    /// Those that do.
    pub const SEATED: [Self; 2] = [Self::Registered, Self::Attended];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_participation")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ParticipationId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: ParticipationStatus,
    /// Of the last booking.
    pub registration_time: DateTime<Utc>,
    pub attendance_time: Option<DateTime<Utc>>,
    pub cancellation_time: Option<DateTime<Utc>>,
    pub cancellation_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("participation", ParticipationId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: ParticipationStatus,
    pub registration_time: DateTime<Utc>,
    pub attendance_time: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<ParticipationStatus>,
    pub registration_time: Option<DateTime<Utc>>,
    pub attendance_time: Option<Option<DateTime<Utc>>>,
    pub cancellation_time: Option<Option<DateTime<Utc>>>,
    pub cancellation_reason: Option<Option<String>>,
}

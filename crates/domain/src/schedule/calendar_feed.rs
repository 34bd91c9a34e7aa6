//! The unguessable address of a calendar: of one member's bookings, or of the gym's timetable.
use crate::{CalendarFeedId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_feeds")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: CalendarFeedId,
    pub gym_id: GymId,
    /// None for the gym's own timetable.
    pub member_id: Option<UserId>,
    /// SHA-256 of the token in the address, in hexadecimal; the token itself is not kept.
    pub token_hash: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("calendar feed", CalendarFeedId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub member_id: Option<UserId>,
    pub token_hash: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub token_hash: Option<String>,
}

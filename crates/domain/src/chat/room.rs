//! A chat room, and the channel of the chat service that it stands for (CHT §2.1).
use crate::{ChatRoomId, EventId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = ChatRoomKind)]
pub enum RoomKind {
    Direct,
    Group,
    Event,
    General,
}

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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = ChatRoomStatus)]
pub enum RoomStatus {
    Active,
    Closed,
}

/// How far the chat service has followed.
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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = ChatStreamState)]
pub enum StreamState {
    /// The channel is still to be made.
    Pending,
    Ready,
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "chat_rooms")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ChatRoomId,
    pub gym_id: GymId,
    pub kind: RoomKind,
    pub stream_channel_id: String,
    pub stream_channel_type: String,
    pub name: Option<String>,
    pub event_id: Option<EventId>,
    pub creator_id: Option<UserId>,
    pub status: RoomStatus,
    pub stream_state: StreamState,
    /// Nobody writes any more.
    pub frozen: bool,
    pub closed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("chat room", ChatRoomId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub kind: RoomKind,
    pub stream_channel_id: String,
    pub stream_channel_type: String,
    pub name: Option<String>,
    pub event_id: Option<EventId>,
    pub creator_id: Option<UserId>,
    pub status: RoomStatus,
    pub stream_state: StreamState,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<RoomStatus>,
    pub stream_state: Option<StreamState>,
    pub frozen: Option<bool>,
    pub closed_at: Option<Option<DateTime<Utc>>>,
}

//! One delivery to one or many people on one channel: what was to be said, and what became of it (NTF §2.2).
use crate::{GymId, NotificationId, UserId, kernel::text::Text};
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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(8))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationChannel)]
pub enum Channel {
    Push,
    Email,
    Chat,
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
#[schema(as = NotificationStatus)]
pub enum NotificationStatus {
    /// Waits for its time, and can be cancelled (NTF-29).
    Scheduled,
    Pending,
    Sending,
    Sent,
    /// Some of the people are not known to the service.
    Partial,
    /// Nobody to tell, or too late.
    Skipped,
    Failed,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: NotificationId,
    pub gym_id: GymId,
    /// The id that clients see, and the vendor's idempotency key (NTF-25).
    pub uuid: String,
    #[sea_orm(column_name = "type")]
    pub kind: String,
    pub channel: Channel,
    pub status: NotificationStatus,
    #[sea_orm(column_type = "JsonBinary")]
    pub titles: Text,
    #[sea_orm(column_type = "JsonBinary")]
    pub bodies: Text,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
    /// Of a mail: subject, text and HTML, in the recipient's language.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub mail: Option<Json>,
    pub collapse_id: Option<String>,
    /// Whoever left the gym meanwhile is not told (NTF-10).
    pub members_only: bool,
    pub send_after: Option<DateTime<Utc>>,
    /// After this it is of no use any more (NTF-34).
    pub expires_at: DateTime<Utc>,
    /// How many people it was written for.
    pub recipients: i32,
    /// Groups the rows of one request or one event of the business.
    pub correlation: String,
    pub provider_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub accepted_count: Option<i32>,
    /// Of what an administrator sent.
    pub created_by: Option<UserId>,
    pub sent_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("notification", NotificationId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub uuid: String,
    pub kind: String,
    pub channel: Channel,
    pub status: NotificationStatus,
    pub titles: Text,
    pub bodies: Text,
    pub data: Json,
    pub mail: Option<Json>,
    pub collapse_id: Option<String>,
    pub members_only: bool,
    pub send_after: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
    pub recipients: i32,
    pub correlation: String,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<NotificationStatus>,
    pub provider_id: Option<Option<String>>,
    pub error: Option<Option<String>>,
    pub accepted_count: Option<Option<i32>>,
    pub sent_at: Option<Option<DateTime<Utc>>>,
}

//! An event of a gym: a time, a place, so many seats, and perhaps a price (EVT §2).
use crate::{EventId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// `COMPLETED` and `CANCELLED` are final.
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
#[schema(as = EventStatus)]
pub enum EventStatus {
    Scheduled,
    Cancelled,
    Completed,
}

/// What a member gets back who cancels in time (EVT-60).
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
#[schema(as = RefundPolicyType)]
pub enum RefundPolicy {
    NoRefund,
    FullRefund,
    PartialRefund,
    Credit,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: EventId,
    pub gym_id: GymId,
    pub title: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub location: Option<String>,
    /// 0 is no limit.
    pub max_participants: i32,
    pub status: EventStatus,
    pub is_paid: bool,
    /// Of a paid event, in the currency's smallest unit.
    pub price_cents: Option<i32>,
    /// Three upper-case letters.
    pub currency: String,
    /// Of a paid event.
    pub refund_policy: Option<RefundPolicy>,
    /// `None` counts as 0: until the start.
    pub refund_deadline_hours: Option<i32>,
    /// `None` counts as 50.
    pub partial_refund_percentage: Option<i32>,
    pub stripe_product_id: Option<String>,
    pub stripe_price_id: Option<String>,
    pub creator_id: UserId,
    /// Completions that failed (EVT-91).
    pub completion_attempts: i32,
    pub cancellation_date: Option<DateTime<Utc>>,
    pub cancelled_by_user_id: Option<UserId>,
    pub cancellation_reason: Option<String>,
    pub total_refunded_cents: Option<i32>,
    /// Grows with every change of time or place that people are told of (NTF-90).
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("event", EventId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub title: String,
    pub description: Option<String>,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub location: Option<String>,
    pub max_participants: i32,
    pub is_paid: bool,
    pub price_cents: Option<i32>,
    pub currency: String,
    pub refund_policy: Option<RefundPolicy>,
    pub refund_deadline_hours: Option<i32>,
    pub partial_refund_percentage: Option<i32>,
    pub status: EventStatus,
    pub creator_id: UserId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub title: Option<String>,
    pub description: Option<Option<String>>,
    pub start_time: Option<DateTime<Utc>>,
    pub end_time: Option<DateTime<Utc>>,
    pub location: Option<Option<String>>,
    pub max_participants: Option<i32>,
    pub is_paid: Option<bool>,
    pub price_cents: Option<Option<i32>>,
    pub currency: Option<String>,
    pub refund_policy: Option<Option<RefundPolicy>>,
    pub refund_deadline_hours: Option<Option<i32>>,
    pub partial_refund_percentage: Option<Option<i32>>,
    pub status: Option<EventStatus>,
    pub cancellation_date: Option<Option<DateTime<Utc>>>,
    pub cancelled_by_user_id: Option<Option<UserId>>,
    pub cancellation_reason: Option<Option<String>>,
    pub version: Option<i32>,
}

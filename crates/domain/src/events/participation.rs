//! A member's part in an event: a seat, a claim on one, a place in the queue, or none any more (EVT §2).
use crate::{EventId, EventParticipationId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = EventParticipationStatus)]
pub enum EventParticipationStatus {
    /// Holds a seat.
    #[default]
    Registered,
    /// Is to pay, and holds no seat meanwhile (EVT-42).
    PendingPayment,
    WaitingList,
    Cancelled,
}

/// `None` of a free event.
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
#[schema(as = PaymentStatusType)]
pub enum PaymentStatus {
    Pending,
    Paid,
    Refunded,
    Credited,
    Expired,
}

impl EventParticipationStatus {
    /// Those that stand for somebody who wants to come.
    pub const ACTIVE: [Self; 3] = [Self::Registered, Self::PendingPayment, Self::WaitingList];

    pub fn is_active(self) -> bool {
        self != Self::Cancelled
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "event_participations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: EventParticipationId,
    pub gym_id: GymId,
    pub event_id: EventId,
    pub member_id: UserId,
    pub status: EventParticipationStatus,
    pub attended: bool,
    pub payment_status: Option<PaymentStatus>,
    pub stripe_payment_intent_id: Option<String>,
    pub amount_paid_cents: Option<i32>,
    pub refund_amount_cents: Option<i32>,
    pub payment_date: Option<DateTime<Utc>>,
    pub refund_date: Option<DateTime<Utc>>,
    /// When an unpaid claim lapses.
    pub payment_expiry: Option<DateTime<Utc>>,
    /// Of the last time that they joined.
    pub registered_at: DateTime<Utc>,
    /// When they joined the queue; with the id, the order in it.
    pub queued_at: Option<DateTime<Utc>>,
    /// Grows with every intent that takes another's place (EVT-51).
    pub payment_attempt: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("event participation", EventParticipationId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub event_id: EventId,
    pub member_id: UserId,
    pub status: EventParticipationStatus,
    pub payment_status: Option<PaymentStatus>,
    pub payment_expiry: Option<DateTime<Utc>>,
    pub registered_at: DateTime<Utc>,
    pub queued_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<EventParticipationStatus>,
    pub attended: Option<bool>,
    pub payment_status: Option<Option<PaymentStatus>>,
    pub stripe_payment_intent_id: Option<Option<String>>,
    pub amount_paid_cents: Option<Option<i32>>,
    pub refund_amount_cents: Option<Option<i32>>,
    pub payment_date: Option<Option<DateTime<Utc>>>,
    pub refund_date: Option<Option<DateTime<Utc>>>,
    pub payment_expiry: Option<Option<DateTime<Utc>>>,
    pub registered_at: Option<DateTime<Utc>>,
    pub queued_at: Option<Option<DateTime<Utc>>>,
    pub payment_attempt: Option<i32>,
}

//! Money that is to go back to a member: durable, so that no crash loses a refund or makes it twice (EVT-62, EVT-63).
use crate::{EventId, EventParticipationId, EventRefundTaskId, GymId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Why.
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
#[schema(as = EventRefundKind)]
pub enum RefundKind {
    /// A member cancelled in time.
    Policy,
    EventCancelled,
    /// Paid for a seat that could not be had any more (EVT-55).
    LatePayment,
    /// Paid, and no seat was left (EVT-54).
    Unseated,
    Admin,
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
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = EventRefundState)]
pub enum RefundState {
    Pending,
    Done,
    /// The payer got a seat after all (EVT-45).
    Withdrawn,
    /// For the gym's administrators.
    Failed,
    /// No refund at all: the member takes part anew, and by its policy the gym kept what they paid before.
    Kept,
}

impl RefundKind {
    /// As the payment service is told it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::EventCancelled => "event_cancelled",
            Self::LatePayment => "late_payment",
            Self::Unseated => "unseated",
            Self::Admin => "admin",
        }
    }
}

impl RefundState {
    /// Those of money that is still on its way back, or stuck.
    pub const OPEN: [Self; 2] = [Self::Pending, Self::Failed];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "event_refund_task")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: EventRefundTaskId,
    pub gym_id: GymId,
    pub event_id: EventId,
    pub participation_id: EventParticipationId,
    /// `None` of a payment in cash.
    pub payment_intent_id: Option<String>,
    pub amount_cents: i32,
    pub kind: RefundKind,
    pub state: RefundState,
    pub attempts: i32,
    pub next_attempt_at: DateTime<Utc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub stripe_refund_id: Option<String>,
    /// What staff gave as the reason.
    pub reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("event refund task", EventRefundTaskId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub event_id: EventId,
    pub participation_id: EventParticipationId,
    pub payment_intent_id: Option<String>,
    pub amount_cents: i32,
    pub kind: RefundKind,
    pub state: RefundState,
    pub next_attempt_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub stripe_refund_id: Option<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub state: Option<RefundState>,
    pub attempts: Option<i32>,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub last_error: Option<Option<String>>,
    pub stripe_refund_id: Option<Option<String>>,
}

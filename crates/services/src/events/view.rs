//! What the operations of events answer with.
use chrono::{DateTime, Utc};
use domain::{
    EventId, EventParticipationId, GymId, UserId,
    events::{
        event::{self, EventStatus, RefundPolicy},
        participation::{self, EventParticipationStatus, PaymentStatus},
    },
};
use repository::events::events::Listed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event of a gym.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    pub id: EventId,
    pub gym_id: GymId,
    pub title: String,
    pub description: Option<String>,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub location: Option<String>,
    /// 0 is no limit.
    pub max_participants: i32,
    pub status: EventStatus,
    pub is_paid: bool,
    /// In the currency's smallest unit; null of a free event.
    pub price_cents: Option<i32>,
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    pub refund_policy: Option<RefundPolicy>,
    pub refund_deadline_hours: Option<i32>,
    pub partial_refund_percentage: Option<i32>,
    pub creator_id: UserId,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// How many have a seat (EVT-4).
    pub participants_count: i64,
    /// Always null.
    pub stripe_product_id: Option<String>,
    /// Always null.
    pub stripe_price_id: Option<String>,
    pub cancellation_date: Option<DateTime<Utc>>,
    pub cancelled_by_user_id: Option<UserId>,
    pub cancellation_reason: Option<String>,
    pub total_refunded_cents: Option<i32>,
}

impl Event {
    pub fn of(row: event::Model, participants_count: i64) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            title: row.title,
            description: row.description,
            start_time: row.start_time,
            end_time: row.end_time,
            location: row.location,
            max_participants: row.max_participants,
            status: row.status,
            is_paid: row.is_paid,
            price_cents: row.price_cents,
            currency: Some(row.currency),
            refund_policy: row.refund_policy,
            refund_deadline_hours: row.refund_deadline_hours,
            partial_refund_percentage: row.partial_refund_percentage,
            creator_id: row.creator_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
            participants_count,
            stripe_product_id: row.stripe_product_id,
            stripe_price_id: row.stripe_price_id,
            cancellation_date: row.cancellation_date,
            cancelled_by_user_id: row.cancelled_by_user_id,
            cancellation_reason: row.cancellation_reason,
            total_refunded_cents: row.total_refunded_cents,
        }
    }
}

impl From<Listed> for Event {
    fn from(row: Listed) -> Self {
        Self::of(row.event, row.participants_count)
    }
}

/// A member's part in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventParticipation {
    pub id: EventParticipationId,
    pub event_id: EventId,
    pub member_id: UserId,
    pub status: EventParticipationStatus,
    pub attended: bool,
    /// Null of a free event.
    pub payment_status: Option<PaymentStatus>,
    pub amount_paid_cents: Option<i32>,
    pub payment_date: Option<DateTime<Utc>>,
    /// Of the last time that they joined.
    pub registered_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub stripe_payment_intent_id: Option<String>,
    pub refund_date: Option<DateTime<Utc>>,
    pub refund_amount_cents: Option<i32>,
    /// When an unpaid claim lapses.
    pub payment_expiry: Option<DateTime<Utc>>,
}

impl From<participation::Model> for EventParticipation {
    fn from(row: participation::Model) -> Self {
        Self {
            id: row.id,
            event_id: row.event_id,
            member_id: row.member_id,
            status: row.status,
            attended: row.attended,
            payment_status: row.payment_status,
            amount_paid_cents: row.amount_paid_cents,
            payment_date: row.payment_date,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            stripe_payment_intent_id: row.stripe_payment_intent_id,
            refund_date: row.refund_date,
            refund_amount_cents: row.refund_amount_cents,
            payment_expiry: row.payment_expiry,
        }
    }
}

impl EventParticipation {
    /// As other members see it: that they come, and nothing of what they paid.
    fn without_payment(self) -> Self {
        Self {
            payment_status: None,
            amount_paid_cents: None,
            payment_date: None,
            stripe_payment_intent_id: None,
            refund_date: None,
            refund_amount_cents: None,
            payment_expiry: None,
            ..self
        }
    }
}

/// An event, and who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventDetail {
    #[serde(flatten)]
    pub event: Event,
    /// Staff see everybody in full; a member themself, and of others those who have a seat, without payments.
    pub participants: Vec<EventParticipation>,
}

impl EventDetail {
    /// What a member may see of it (EVT-6).
    pub fn for_member(self, member: UserId) -> Self {
        let visible = |row: EventParticipation| match row {
            own if own.member_id == member => Some(own),
            other if other.status == EventParticipationStatus::Registered => Some(other.without_payment()),
            _ => None,
        };
        Self { participants: self.participants.into_iter().filter_map(visible).collect(), ..self }
    }
}

/// A refund of a cancelled event that could not be made yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailedRefund {
    pub participation_id: EventParticipationId,
    pub member_id: UserId,
    pub error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// How many were told of a cancellation, by channel: people for push, mails, and the event's chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NotificationsSent {
    pub push: u64,
    pub email: u64,
    /// 1 when the event has a chat.
    pub chat: u64,
}

/// What became of a cancelled event's people and payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventCancellationResponse)]
pub struct EventCancellation {
    pub event_id: EventId,
    pub event_title: String,
    pub cancellation_date: DateTime<Utc>,
    pub cancellation_reason: Option<String>,
    /// Who had a seat, waited, or was to pay.
    pub participants_count: u64,
    pub refunds_processed: u64,
    pub refunds_failed: u64,
    /// Refunds that are still to be tried: the system goes on with them by itself.
    pub refunds_pending: u64,
    /// Unpaid claims that ended.
    pub payments_cancelled: u64,
    pub total_refunded_amount: i64,
    pub currency: String,
    pub failed_refunds: Vec<FailedRefund>,
    pub notifications_sent: NotificationsSent,
}

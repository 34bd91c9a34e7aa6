//! How taking part in an event leaves the API, with what is to be paid for it, and with what goes back.
pub use super::view::EventParticipation as Participation;
use chrono::{DateTime, Utc};
use domain::{
    EventId,
    billing::stripe_account,
    events::{
        event::{self, EventStatus, RefundPolicy},
        participation,
        refund_task::{self, RefundState},
    },
};
use ports::payments::Intent;
use serde::Serialize;
use utoipa::ToSchema;

/// A member's part in an event, and what is to be paid for it; the fields of payment are null when nothing is.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventParticipationWithPayment)]
pub struct ParticipationWithPayment {
    #[serde(flatten)]
    pub participation: Participation,
    pub payment_required: bool,
    pub payment_client_secret: Option<String>,
    pub payment_amount: Option<i32>,
    pub payment_currency: Option<String>,
    pub payment_deadline: Option<DateTime<Utc>>,
    pub stripe_account_id: Option<String>,
}

impl ParticipationWithPayment {
    /// Nothing is to be paid now.
    pub fn without(row: participation::Model) -> Self {
        Self {
            participation: row.into(),
            payment_required: false,
            payment_client_secret: None,
            payment_amount: None,
            payment_currency: None,
            payment_deadline: None,
            stripe_account_id: None,
        }
    }

    pub(super) fn with(row: participation::Model, intent: &Intent, account: &stripe_account::Model) -> Self {
        let info = PaymentIntentInfo::new(&row, intent, account);
        Self {
            participation: row.into(),
            payment_required: true,
            payment_client_secret: Some(info.client_secret),
            payment_amount: Some(info.amount),
            payment_currency: Some(info.currency),
            payment_deadline: info.payment_deadline,
            stripe_account_id: Some(info.stripe_account_id),
        }
    }
}

/// With what somebody pays.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentIntentInfo {
    pub client_secret: String,
    pub payment_intent_id: String,
    /// In the currency's smallest unit.
    pub amount: i32,
    pub currency: String,
    pub payment_deadline: Option<DateTime<Utc>>,
    pub stripe_account_id: String,
}

impl PaymentIntentInfo {
    pub(super) fn new(row: &participation::Model, intent: &Intent, account: &stripe_account::Model) -> Self {
        Self {
            client_secret: intent.client_secret.clone(),
            payment_intent_id: intent.id.clone(),
            amount: i32::try_from(intent.amount).unwrap_or(i32::MAX),
            currency: intent.currency.to_uppercase(),
            payment_deadline: row.payment_expiry,
            stripe_account_id: account.stripe_account_id.clone(),
        }
    }
}

/// What a participation says of its event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventBase)]
pub struct EventOfParticipation {
    pub id: EventId,
    pub title: String,
    pub description: Option<String>,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub location: Option<String>,
    /// 0 is no limit.
    pub max_participants: i32,
    pub status: EventStatus,
    pub is_paid: bool,
    pub price_cents: Option<i32>,
    pub currency: String,
    pub refund_policy: Option<RefundPolicy>,
    pub refund_deadline_hours: Option<i32>,
    pub partial_refund_percentage: Option<i32>,
}

impl From<event::Model> for EventOfParticipation {
    fn from(event: event::Model) -> Self {
        Self {
            id: event.id,
            title: event.title,
            description: event.description,
            start_time: event.start_time,
            end_time: event.end_time,
            location: event.location,
            max_participants: event.max_participants,
            status: event.status,
            is_paid: event.is_paid,
            price_cents: event.price_cents,
            currency: event.currency,
            refund_policy: event.refund_policy,
            refund_deadline_hours: event.refund_deadline_hours,
            partial_refund_percentage: event.partial_refund_percentage,
        }
    }
}

/// A member's part in an event, with the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventParticipationWithEvent)]
pub struct ParticipationWithEvent {
    #[serde(flatten)]
    pub participation: Participation,
    pub event: EventOfParticipation,
}

/// A refund that is not through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventOpenRefund)]
pub struct OpenRefund {
    /// `failed` is for the gym's administrators.
    pub state: RefundState,
    pub amount_cents: i32,
    pub attempts: i32,
    pub last_error: Option<String>,
}

impl From<refund_task::Model> for OpenRefund {
    fn from(task: refund_task::Model) -> Self {
        Self {
            state: task.state,
            amount_cents: task.amount_cents,
            attempts: task.attempts,
            last_error: task.last_error,
        }
    }
}

/// A member's part in a paid event, for administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventPayment)]
pub struct ParticipationWithRefund {
    #[serde(flatten)]
    pub participation: Participation,
    /// Money on its way back, or stuck (EVT-63); of several the newest.
    pub open_refund: Option<OpenRefund>,
}

//! What a payment means for the row that it is for (EVT-53 … EVT-55), and what staff may say of one (EVT-65).
use super::{
    event::{self, EventStatus},
    participation::{self, EventParticipationStatus as Status, PaymentStatus},
};
use crate::{EventId, EventParticipationId, GymId, UserId};
use std::collections::BTreeMap;

/// What an intent says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    pub event: EventId,
    pub user: UserId,
    pub gym: GymId,
    pub participation: Option<EventParticipationId>,
    /// Of the participation's intents, which.
    pub attempt: Option<i32>,
    /// What the seat cost when the intent was made.
    pub price: Option<i64>,
}

/// The key of the payment service for an intent (EVT-51).
pub fn intent_key(row: &participation::Model) -> String {
    format!("pi:{}:{}", row.id, row.payment_attempt)
}

/// What an intent carries, so that its payment finds its way here (specification of events, §6).
pub fn metadata(event: &event::Model, row: &participation::Model) -> BTreeMap<String, String> {
    let price = event.price_cents.unwrap_or_default();
    [
        ("event_id", event.id.to_string()),
        ("user_id", row.member_id.to_string()),
        ("gym_id", event.gym_id.to_string()),
        ("event_title", event.title.clone()),
        ("participation_id", row.id.to_string()),
        ("attempt", row.payment_attempt.to_string()),
        ("price_cents", price.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

impl Purpose {
    /// `None` for an intent that is no event's.
    pub fn of(metadata: &BTreeMap<String, String>) -> Option<Self> {
        let number = |key: &str| metadata.get(key).and_then(|value| value.parse::<i64>().ok());
        Some(Self {
            event: EventId(number("event_id")?),
            user: UserId(number("user_id")?),
            gym: GymId(number("gym_id")?),
            participation: number("participation_id").map(EventParticipationId),
            attempt: number("attempt").and_then(|n| i32::try_from(n).ok()),
            price: number("price_cents"),
        })
    }

    /// Whether a payment of `amount` with this purpose is one for this row (EVT-53).
    pub fn is_for(&self, event: &event::Model, row: &participation::Model, amount: i64, currency: &str) -> bool {
        let price = self.price.unwrap_or_else(|| event.price_cents.unwrap_or_default().into());
        (self.event, self.user, self.gym) == (row.event_id, row.member_id, row.gym_id)
            && self.participation.is_none_or(|id| id == row.id)
            && event.currency.eq_ignore_ascii_case(currency)
            && amount >= price
    }

    /// Whether it is for the time that the member takes part now, and not for an earlier one.
    pub fn is_current(&self, row: &participation::Model) -> bool {
        self.attempt.is_none_or(|attempt| attempt == row.payment_attempt)
    }
}

/// What a payment that succeeded does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// Paid, and seated.
    Seated,
    /// Paid, and no seat is left: it goes back in full (EVT-54).
    Unseated,
    /// Paid for what cannot be had any more: it goes back in full, and the row stays as it is (EVT-55).
    Late,
}

/// EVT-54 and EVT-55. `current` says that the intent is the row's own of today.
pub fn success(event: &event::Model, row: &participation::Model, seat_free: bool, current: bool) -> Success {
    let open = event.status == EventStatus::Scheduled && current;
    match (row.status, row.payment_status) {
        (Status::PendingPayment, Some(PaymentStatus::Pending)) if open && seat_free => Success::Seated,
        (Status::PendingPayment, Some(PaymentStatus::Pending)) if open => Success::Unseated,
        (Status::Registered, Some(PaymentStatus::Pending)) if open => Success::Seated,
        _ => Success::Late,
    }
}

/// A change of a payment's state by hand (EVT-65).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Same,
    /// In cash, or a present: paid today, and seated where there is a seat.
    Paid,
    /// The claim ends.
    Expired,
    /// Given back by hand.
    Refunded,
    Credited,
}

/// Why staff may not change a payment's state so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRefusal {
    FreeEvent,
    NotAllowed,
    /// What was paid with the payment service goes back with it.
    UseRefund,
}

/// EVT-65.
///
/// # Errors
/// Every change that the rule does not name.
pub fn change(event: &event::Model, row: &participation::Model, to: PaymentStatus) -> Result<Change, ChangeRefusal> {
    use PaymentStatus::{Credited, Expired, Paid, Pending, Refunded};
    if !event.is_paid {
        return Err(ChangeRefusal::FreeEvent);
    }
    if row.payment_status == Some(to) {
        return Ok(Change::Same);
    }
    match (row.payment_status, to) {
        (Some(Pending | Expired) | None, Paid) if row.status.is_active() => Ok(Change::Paid),
        (Some(Pending), Expired) => Ok(Change::Expired),
        (Some(Paid), Refunded) if row.stripe_payment_intent_id.is_none() => Ok(Change::Refunded),
        (Some(Paid), Credited) if row.stripe_payment_intent_id.is_none() => Ok(Change::Credited),
        (Some(Paid), Refunded) => Err(ChangeRefusal::UseRefund),
        _ => Err(ChangeRefusal::NotAllowed),
    }
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;

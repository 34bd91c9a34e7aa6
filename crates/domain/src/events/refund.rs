//! How much a member gets back (EVT-60, EVT-61, EVT-64), and when a refund that failed is tried again (EVT-63).
use super::{
    event::{self, RefundPolicy},
    participation::{self, EventParticipationStatus},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// After so many attempts a refund is for the gym's administrators.
pub const MAX_ATTEMPTS: i32 = 10;

/// What becomes of a payment when its payer does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// The gym keeps it.
    Nothing,
    /// So much goes back to where it came from.
    Money(i32),
    /// So much is to the member's credit.
    Credit(i32),
}

/// How a refund came to its amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = EventRefundType)]
pub enum RefundType {
    NoRefund,
    FullRefund,
    PartialRefund,
    Credit,
}

/// The decision of EVT-60 for a row that is paid.
pub fn on_cancellation(event: &event::Model, row: &participation::Model, now: DateTime<Utc>) -> Back {
    let paid = row.amount_paid_cents.unwrap_or(0).max(0);
    if paid == 0 {
        return Back::Nothing;
    }
    if row.status == EventParticipationStatus::WaitingList {
        return Back::Money(paid);
    }
    let Some(policy) = event.refund_policy.filter(|policy| *policy != RefundPolicy::NoRefund) else {
        return Back::Nothing;
    };
    let deadline = TimeDelta::hours(event.refund_deadline_hours.unwrap_or(0).into());
    // never after the start, whatever the deadline (decision 8); exactly at it still (EVT-61)
    if event.start_time - now < deadline {
        return Back::Nothing;
    }
    match policy {
        RefundPolicy::NoRefund => Back::Nothing,
        RefundPolicy::FullRefund => Back::Money(paid),
        RefundPolicy::Credit => Back::Credit(paid),
        RefundPolicy::PartialRefund => match part(paid, percentage(event)) {
            0 => Back::Nothing,
            some => Back::Money(some),
        },
    }
}

/// Of a partial refund; 50 only if none is set: 0 means 0.
pub fn percentage(event: &event::Model) -> i32 {
    event.partial_refund_percentage.unwrap_or(50)
}

/// Rounded down to whole cents.
fn part(paid: i32, percentage: i32) -> i32 {
    let cents = i64::from(paid) * i64::from(percentage.clamp(0, 100)) / 100;
    i32::try_from(cents).unwrap_or(paid)
}

/// What a refund is called that gives back so much (EVT-64).
pub fn kind_of(back: Back, paid: i32) -> RefundType {
    match back {
        Back::Nothing => RefundType::NoRefund,
        Back::Credit(_) => RefundType::Credit,
        Back::Money(amount) if amount >= paid => RefundType::FullRefund,
        Back::Money(_) => RefundType::PartialRefund,
    }
}

/// How long a refund waits after so many attempts that failed; `None` after the last (EVT-63).
pub fn pause_after(attempts: i32) -> Option<TimeDelta> {
    Some(match attempts {
        ..=1 => TimeDelta::minutes(1),
        2 => TimeDelta::minutes(5),
        3 => TimeDelta::minutes(30),
        4 => TimeDelta::hours(2),
        n if n < MAX_ATTEMPTS => TimeDelta::hours(12),
        _ => return None,
    })
}

/// The payment service makes a refund of one key once (EVT-62).
pub fn key(participation: crate::EventParticipationId, intent: &str) -> String {
    format!("refund:{participation}:{intent}")
}

#[cfg(test)]
#[path = "refund_tests.rs"]
mod tests;

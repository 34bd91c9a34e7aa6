//! Who gets a seat of an event, who has to pay for it, and who waits (EVT-40 … EVT-46): the decisions, without a
//! database.
use super::{
    event::{self, EventStatus},
    participation::{self, EventParticipationStatus as Status, PaymentStatus},
};
use chrono::{DateTime, TimeDelta, Utc};

/// How long somebody may take to pay (EVT-42, EVT-45).
pub const PAYMENT_WINDOW: TimeDelta = TimeDelta::hours(24);

/// Why nobody joins, in the order in which it is looked for (checks 2 … 6, EVT-41).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinRefusal {
    NotOpen,
    AlreadyRegistered,
    AlreadyWaiting,
    PaymentsNotConfigured,
    RefundPending,
}

/// What becomes of somebody who wants to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// The row stands as it is: it is only to be paid yet (checks 3 and 5).
    ToBePaid,
    Seat,
    /// A claim on a seat, until this time; it holds none meanwhile.
    Claim(DateTime<Utc>),
    Queue,
}

/// The member's part in the event so far, and what money of it is on its way back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own<'a> {
    pub row: Option<&'a participation::Model>,
    /// A refund that is not through.
    pub refund_open: bool,
}

/// Whether the event takes anybody (check 2).
pub fn is_open(event: &event::Model, now: DateTime<Utc>) -> bool {
    event.status == EventStatus::Scheduled && event.end_time > now
}

/// How many seats are free; `None` when there is no limit. Capacity lowered below what is taken leaves none.
pub fn free(event: &event::Model, registered: i64) -> Option<i64> {
    (event.max_participants > 0).then(|| (i64::from(event.max_participants) - registered).max(0))
}

pub fn has_seat(event: &event::Model, registered: i64) -> bool {
    free(event, registered).is_none_or(|free| free > 0)
}

/// What a new row of this event is (EVT-40).
pub fn place(event: &event::Model, registered: i64, now: DateTime<Utc>) -> Joining {
    match (has_seat(event, registered), event.is_paid) {
        (true, false) => Joining::Seat,
        (true, true) => Joining::Claim(claim_expiry(event, now)),
        (false, _) => Joining::Queue,
    }
}

/// Checks 2 … 6 of joining, then the table of EVT-40.
///
/// # Errors
/// The first thing that stands against it.
pub fn join(
    event: &event::Model,
    registered: i64,
    own: Own<'_>,
    payments_enabled: bool,
    now: DateTime<Utc>,
) -> Result<Joining, JoinRefusal> {
    if !is_open(event, now) {
        return Err(JoinRefusal::NotOpen);
    }
    if let Some(row) = own.row {
        match row.status {
            Status::Registered if row.payment_status == Some(PaymentStatus::Pending) => return Ok(Joining::ToBePaid),
            Status::Registered => return Err(JoinRefusal::AlreadyRegistered),
            Status::WaitingList => return Err(JoinRefusal::AlreadyWaiting),
            Status::PendingPayment => return Ok(Joining::ToBePaid),
            Status::Cancelled => {}
        }
    }
    if event.is_paid && !payments_enabled {
        return Err(JoinRefusal::PaymentsNotConfigured);
    }
    if own.refund_open {
        return Err(JoinRefusal::RefundPending);
    }
    Ok(place(event, registered, now))
}

/// When a claim lapses (EVT-42).
pub fn claim_expiry(event: &event::Model, now: DateTime<Utc>) -> DateTime<Utc> {
    (now + PAYMENT_WINDOW).min(event.end_time)
}

/// When the seat of a promoted member who has not paid goes to the next (EVT-45).
pub fn promotion_expiry(event: &event::Model, now: DateTime<Utc>) -> DateTime<Utc> {
    (now + PAYMENT_WINDOW).min(event.start_time)
}

/// How many of the queue may have a seat now: none once the event has begun (EVT-45).
pub fn promotable(event: &event::Model, registered: i64, now: DateTime<Utc>) -> i64 {
    if event.status == EventStatus::Scheduled && event.start_time > now {
        free(event, registered).unwrap_or(i64::MAX)
    } else {
        0
    }
}

/// Where somebody stands in the queue: who has paid is before who has not, then by time (EVT-45).
pub fn queue_key(row: &participation::Model) -> impl Ord + use<> {
    (row.payment_status != Some(PaymentStatus::Paid), row.queued_at, row.id)
}

/// What a promoted member gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// The seat for good: it costs nothing, or is paid.
    Seated,
    /// The seat until this time.
    ToBePaid(DateTime<Utc>),
}

/// EVT-45.
pub fn promotion(event: &event::Model, row: &participation::Model, now: DateTime<Utc>) -> Promotion {
    if event.is_paid && row.payment_status != Some(PaymentStatus::Paid) {
        Promotion::ToBePaid(promotion_expiry(event, now))
    } else {
        Promotion::Seated
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
pub(super) mod tests;

//! What has to fit together in an event, however it came about: its times, its seats, its price (EVT-11, EVT-12).
use super::event::RefundPolicy;
use crate::kernel::validation::{FieldError, Invalid};
use chrono::{DateTime, Utc};

/// An event, as far as its parts depend on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub max_participants: i32,
    pub is_paid: bool,
    pub price_cents: Option<i32>,
    pub currency: String,
    pub refund_policy: Option<RefundPolicy>,
    pub refund_deadline_hours: Option<i32>,
    pub partial_refund_percentage: Option<i32>,
}

impl Terms {
    /// Every rule that is broken, by field. A time that is among `given` has to lie ahead; one that stays as it was may
    /// have passed (EVT-21).
    pub fn check(&self, given: GivenTimes, now: DateTime<Utc>) -> Result<(), Invalid> {
        let mut broken = Vec::new();
        let mut must = |holds: bool, field: &str, why: &str| {
            if !holds {
                broken.push(FieldError::body(field, why));
            }
        };
        must(!given.start || self.start_time > now, "start_time", "must lie ahead");
        must(!given.end || self.end_time > now, "end_time", "must lie ahead");
        must(self.end_time > self.start_time, "end_time", "must be after start_time");
        must(self.max_participants >= 0, "max_participants", "must be at least 0");
        let price = self.price_cents.unwrap_or(0);
        must(price >= 0, "price_cents", "must be at least 0");
        if self.is_paid {
            must(price > 0, "price_cents", "a paid event has a price above 0");
            must(self.refund_policy.is_some(), "refund_policy", "a paid event has a refund policy");
        } else {
            must(price <= 0, "price_cents", "a free event has no price");
            must(self.refund_policy.is_none(), "refund_policy", "a free event has no refund policy");
        }
        must(is_currency(&self.currency), "currency", "must be three letters");
        must(self.refund_deadline_hours.is_none_or(|hours| hours >= 0), "refund_deadline_hours", "must be at least 0");
        let percentage = self.partial_refund_percentage.is_none_or(|part| (0..=100).contains(&part));
        must(percentage, "partial_refund_percentage", "must be 0 to 100");
        if broken.is_empty() { Ok(()) } else { Err(Invalid(broken)) }
    }
}

/// Which times were given anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenTimes {
    pub start: bool,
    pub end: bool,
}

fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphabetic())
}

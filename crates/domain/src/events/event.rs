//! An event of a gym: a time, a place, so many seats, and perhaps a price (EVT §2).
use super::terms::{GivenTimes, Terms};
use crate::{
    EventId, GymId, UserId,
    kernel::{patch, validation::text},
};
use chrono::{DateTime, Utc};
use garde::Validate;
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

/// A new event, as asked for. Times carry an offset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventCreate, example = json!({
    "title": "Open day", "start_time": "2031-05-04T10:00:00Z", "end_time": "2031-05-04T13:00:00Z",
    "location": "Sala 1", "max_participants": 20,
}))]
pub struct NewEvent {
    /// Kept without the spaces around it.
    #[garde(custom(text(1, 100)))]
    #[schema(min_length = 1, max_length = 100)]
    pub title: String,
    #[garde(skip)]
    #[serde(default)]
    pub description: Option<String>,
    /// Ahead of now.
    #[garde(skip)]
    pub start_time: DateTime<Utc>,
    /// After `start_time`.
    #[garde(skip)]
    pub end_time: DateTime<Utc>,
    #[garde(inner(length(chars, max = 100)))]
    #[serde(default)]
    #[schema(max_length = 100)]
    pub location: Option<String>,
    /// 0 is no limit.
    #[garde(skip)]
    #[serde(default)]
    #[schema(minimum = 0, default = 0)]
    pub max_participants: i32,
    /// Whatever is sent, a new event is `SCHEDULED`.
    #[garde(skip)]
    #[serde(default)]
    pub status: Option<EventStatus>,
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    pub is_paid: bool,
    /// Of a paid event, in the currency's smallest unit: above 0.
    #[garde(skip)]
    #[serde(default)]
    pub price_cents: Option<i32>,
    /// Three letters; kept in upper case. Without it `EUR`.
    #[garde(skip)]
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, default = "EUR")]
    pub currency: Option<String>,
    /// Of a paid event.
    #[garde(skip)]
    #[serde(default)]
    pub refund_policy: Option<RefundPolicy>,
    /// Hours before the start until which a seat is refunded.
    #[garde(skip)]
    #[serde(default = "a_day")]
    #[schema(minimum = 0, default = 24)]
    pub refund_deadline_hours: Option<i32>,
    #[garde(skip)]
    #[serde(default = "a_half")]
    #[schema(minimum = 0, maximum = 100, default = 50)]
    pub partial_refund_percentage: Option<i32>,
    /// What is said first in the event's chat. Not kept with the event.
    #[garde(inner(length(chars, max = 500)))]
    #[serde(default)]
    #[schema(max_length = 500)]
    pub first_message_chat: Option<String>,
}

fn a_day() -> Option<i32> {
    Some(24)
}

fn a_half() -> Option<i32> {
    Some(50)
}

fn currency(given: Option<&str>) -> String {
    given.unwrap_or("EUR").to_uppercase()
}

impl NewEvent {
    pub fn terms(&self) -> Terms {
        Terms {
            start_time: self.start_time,
            end_time: self.end_time,
            max_participants: self.max_participants,
            is_paid: self.is_paid,
            price_cents: self.price_cents,
            currency: currency(self.currency.as_deref()),
            refund_policy: self.refund_policy,
            refund_deadline_hours: self.refund_deadline_hours,
            partial_refund_percentage: self.partial_refund_percentage,
        }
    }

    /// The row, made by this person. A price of nothing is no price.
    pub fn row(self, creator_id: UserId) -> Create {
        Create {
            title: self.title.trim().to_owned(),
            description: self.description,
            start_time: self.start_time,
            end_time: self.end_time,
            location: self.location,
            max_participants: self.max_participants,
            is_paid: self.is_paid,
            price_cents: self.price_cents.filter(|price| *price > 0),
            currency: currency(self.currency.as_deref()),
            refund_policy: self.refund_policy,
            refund_deadline_hours: self.refund_deadline_hours,
            partial_refund_percentage: self.partial_refund_percentage,
            status: EventStatus::Scheduled,
            creator_id,
        }
    }
}

/// A change, as asked for: only fields that are present. `null` clears what can be empty, and is elsewhere the same as
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = EventUpdate, example = json!({"location": "Sala 2", "max_participants": 30}))]
pub struct EventPatch {
    #[garde(inner(custom(text(1, 100))))]
    #[schema(min_length = 1, max_length = 100)]
    pub title: Option<String>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    #[garde(skip)]
    pub start_time: Option<DateTime<Utc>>,
    #[garde(skip)]
    pub end_time: Option<DateTime<Utc>>,
    #[garde(inner(inner(length(chars, max = 100))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    pub location: Option<Option<String>>,
    /// 0 is no limit.
    #[garde(skip)]
    #[schema(minimum = 0)]
    pub max_participants: Option<i32>,
    /// `CANCELLED` cancels the event, `COMPLETED` ends one that has begun.
    #[garde(skip)]
    pub status: Option<EventStatus>,
    #[garde(skip)]
    pub is_paid: Option<bool>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<i32>)]
    pub price_cents: Option<Option<i32>>,
    #[garde(skip)]
    #[schema(min_length = 3, max_length = 3)]
    pub currency: Option<String>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<RefundPolicy>)]
    pub refund_policy: Option<Option<RefundPolicy>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<i32>, minimum = 0)]
    pub refund_deadline_hours: Option<Option<i32>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 100)]
    pub partial_refund_percentage: Option<Option<i32>>,
}

impl EventPatch {
    /// Nothing was asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The event as it would be.
    pub fn terms(&self, row: &Model) -> Terms {
        Terms {
            start_time: self.start_time.unwrap_or(row.start_time),
            end_time: self.end_time.unwrap_or(row.end_time),
            max_participants: self.max_participants.unwrap_or(row.max_participants),
            is_paid: self.is_paid.unwrap_or(row.is_paid),
            price_cents: self.price_cents.unwrap_or(row.price_cents),
            currency: self.currency.as_ref().map_or_else(|| row.currency.clone(), |code| code.to_uppercase()),
            refund_policy: self.refund_policy.unwrap_or(row.refund_policy),
            refund_deadline_hours: self.refund_deadline_hours.unwrap_or(row.refund_deadline_hours),
            partial_refund_percentage: self.partial_refund_percentage.unwrap_or(row.partial_refund_percentage),
        }
    }

    /// Which times it moves. One that is sent as it was is not.
    pub fn given(&self, row: &Model) -> GivenTimes {
        GivenTimes {
            start: self.start_time.is_some_and(|at| at != row.start_time),
            end: self.end_time.is_some_and(|at| at != row.end_time),
        }
    }

    /// Whether people who are coming have to hear of it (EVT-25).
    pub fn moves(&self, row: &Model) -> bool {
        let given = self.given(row);
        given.start || given.end || self.location.as_ref().is_some_and(|place| *place != row.location)
    }

    /// Whether it changes what people who joined agreed to pay (EVT-22).
    pub fn changes_payment(&self, row: &Model) -> bool {
        let terms = self.terms(row);
        terms.is_paid != row.is_paid || terms.currency != row.currency
    }

    /// What changes in this row; its state is changed by operations of their own.
    pub fn onto(self, row: &Model) -> Update {
        let terms = self.terms(row);
        let moved = self.moves(row);
        Update {
            title: self.title.map(|title| title.trim().to_owned()),
            description: self.description,
            start_time: self.start_time,
            end_time: self.end_time,
            location: self.location,
            max_participants: self.max_participants,
            is_paid: self.is_paid,
            price_cents: self.price_cents.map(|price| price.filter(|cents| *cents > 0)),
            currency: self.currency.map(|_| terms.currency),
            refund_policy: self.refund_policy,
            refund_deadline_hours: self.refund_deadline_hours,
            partial_refund_percentage: self.partial_refund_percentage,
            version: moved.then_some(row.version + 1),
            ..Default::default()
        }
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;

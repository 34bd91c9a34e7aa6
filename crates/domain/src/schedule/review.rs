//! What a member thought of a session they attended (SCH-100 … SCH-105).
use super::{participation::ParticipationStatus, session::SessionStatus};
use crate::{GymId, ReviewId, SessionId, UserId, identity::user, kernel::patch};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::{FromQueryResult, entity::prelude::*};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_reviews")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ReviewId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    /// 1 … 5.
    pub rating: i16,
    pub comment: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("review", ReviewId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub session_id: SessionId,
    pub member_id: UserId,
    pub rating: i16,
    pub comment: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub rating: Option<i16>,
    pub comment: Option<Option<String>>,
}

/// A new review, as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ClassReviewCreate)]
pub struct NewReview {
    #[garde(skip)]
    pub session_id: SessionId,
    #[garde(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    pub rating: i16,
    #[garde(inner(length(chars, max = 1000)))]
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub comment: Option<String>,
}

impl NewReview {
    /// The row, of this member.
    pub fn row(self, member_id: UserId) -> Create {
        Create { session_id: self.session_id, member_id, rating: self.rating, comment: self.comment }
    }
}

/// A change, as asked for: only fields that are present; a comment of `null` is cleared (SCH-102).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ClassReviewUpdate)]
#[serde(default)]
pub struct ReviewPatch {
    #[garde(inner(range(min = 1, max = 5)))]
    #[schema(minimum = 1, maximum = 5)]
    pub rating: Option<i16>,
    #[garde(inner(inner(length(chars, max = 1000))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub comment: Option<Option<String>>,
}

impl From<ReviewPatch> for Update {
    fn from(patch: ReviewPatch) -> Self {
        Self { rating: patch.rating, comment: patch.comment }
    }
}

/// What a review stands on: the session, and the member's part in it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Ground {
    pub status: SessionStatus,
    pub end_time: DateTime<Utc>,
    pub own: Option<ParticipationStatus>,
    /// The member's review, if there is one already.
    pub review: Option<ReviewId>,
}

/// Why there is nothing to review, in the order in which it is looked for (SCH-100).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewRefusal {
    NotCompleted,
    NotOver,
    NotAttended,
    AlreadyReviewed,
}

impl Ground {
    /// Whether the member may review the session (SCH-100).
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn review(&self, now: DateTime<Utc>) -> Result<(), ReviewRefusal> {
        if self.status != SessionStatus::Completed {
            return Err(ReviewRefusal::NotCompleted);
        }
        if self.end_time > now {
            return Err(ReviewRefusal::NotOver);
        }
        if self.own != Some(ParticipationStatus::Attended) {
            return Err(ReviewRefusal::NotAttended);
        }
        if self.review.is_some() { Err(ReviewRefusal::AlreadyReviewed) } else { Ok(()) }
    }
}

/// How many reviews gave one, two, … five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Ratings {
    pub one: i64,
    pub two: i64,
    pub three: i64,
    pub four: i64,
    pub five: i64,
}

impl Ratings {
    fn counts(self) -> [(i64, i64); 5] {
        [(1, self.one), (2, self.two), (3, self.three), (4, self.four), (5, self.five)]
    }

    pub fn total(self) -> i64 {
        self.counts().into_iter().map(|(_, count)| count).sum()
    }

    /// Rounded half up to two decimals, 0 when there is no review (SCH-103).
    pub fn average(self) -> f64 {
        let total = self.total();
        if total == 0 {
            return 0.0;
        }
        let sum: i64 = self.counts().into_iter().map(|(rating, count)| rating * count).sum();
        // in whole hundredths, so that no fraction is rounded twice
        let hundredths = (200 * sum + total) / (2 * total);
        hundredths as f64 / 100.0
    }

    /// All five ratings, `"1"` … `"5"`, with their counts.
    pub fn distribution(self) -> BTreeMap<String, i64> {
        self.counts().into_iter().map(|(rating, count)| (rating.to_string(), count)).collect()
    }
}

/// A person as reviews name them: first and last name, nothing when both are empty (SCH-104).
pub fn name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let name = user::full_name(first, last).trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;

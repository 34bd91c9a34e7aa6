//! What the statistics ask of contexts that build on other things than attendance: events, chat, billing. Each answers
//! for itself by a trait; until one does, its figures are unknown, and nothing is made up for them.
use crate::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{GymId, UserId, attendance::period::Period};
use std::{collections::HashMap, sync::Arc};

/// A member's part in events that start within a period (ATT-41).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    pub attended: i64,
    /// Registered, or attended.
    pub registered: i64,
    pub created: i64,
    /// Titles of the most attended, at most five, those first that were attended most.
    pub titles: Vec<String>,
}

/// A member's part in a gym's chats within a period (ATT-42 … ATT-44).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocialCounts {
    /// Rooms of theirs with activity.
    pub rooms: i64,
    /// Messages that they sent.
    pub messages: i64,
    /// Messages that they sent in the period of equal length before.
    pub messages_before: i64,
    /// Days with a message of theirs.
    pub active_days: i64,
    /// Rooms of theirs that somebody of the staff is in.
    pub rooms_with_staff: i64,
}

#[async_trait]
pub trait EventFigures: Send + Sync {
    /// `None` while nobody knows of events.
    async fn of(&self, gym: GymId, user: UserId, period: Period) -> Result<Option<EventCounts>>;
}

#[async_trait]
pub trait SocialFigures: Send + Sync {
    /// Of several members at once; who is not named did nothing. Active days are counted from `active_since` on. `None`
    /// while nobody knows of chats.
    async fn of(
        &self,
        gym: GymId,
        users: &[UserId],
        period: Period,
        active_since: DateTime<Utc>,
    ) -> Result<Option<HashMap<UserId, SocialCounts>>>;
}

#[async_trait]
pub trait PlanFigures: Send + Sync {
    /// The name of a member's active plan (ATT-45).
    async fn plan_name(&self, gym: GymId, user: UserId) -> Result<Option<String>>;
}

/// All of them.
#[derive(Clone)]
pub struct Outside {
    pub events: Arc<dyn EventFigures>,
    pub social: Arc<dyn SocialFigures>,
    pub plans: Arc<dyn PlanFigures>,
}

impl Outside {
    /// Nobody knows of events, chats or plans.
    pub fn unknown() -> Self {
        Self { events: Arc::new(Unknown), social: Arc::new(Unknown), plans: Arc::new(Unknown) }
    }

    /// One member's part in the gym's chats.
    pub(super) async fn social_of(
        &self,
        gym: GymId,
        user: UserId,
        period: Period,
        active_since: DateTime<Utc>,
    ) -> Result<Option<SocialCounts>> {
        let counts = self.social.of(gym, &[user], period, active_since).await?;
        Ok(counts.map(|counts| counts.get(&user).copied().unwrap_or_default()))
    }
}

struct Unknown;

#[async_trait]
impl EventFigures for Unknown {
    async fn of(&self, _: GymId, _: UserId, _: Period) -> Result<Option<EventCounts>> {
        Ok(None)
    }
}

#[async_trait]
impl SocialFigures for Unknown {
    async fn of(
        &self,
        _: GymId,
        _: &[UserId],
        _: Period,
        _: DateTime<Utc>,
    ) -> Result<Option<HashMap<UserId, SocialCounts>>> {
        Ok(None)
    }
}

#[async_trait]
impl PlanFigures for Unknown {
    async fn plan_name(&self, _: GymId, _: UserId) -> Result<Option<String>> {
        Ok(None)
    }
}

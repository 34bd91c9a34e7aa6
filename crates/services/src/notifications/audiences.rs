//! Who takes part in what other contexts know of: each answers for itself by a trait (NTF-12).
use crate::Result;
use async_trait::async_trait;
use domain::{EventId, GymId, SessionId, UserId};
use std::sync::Arc;

#[async_trait]
pub trait EventAudience: Send + Sync {
    /// Who has a seat in an event of this gym.
    ///
    /// # Errors
    /// `event_not_found`.
    async fn of_event(&self, gym: GymId, event: EventId) -> Result<Vec<UserId>>;
}

#[async_trait]
pub trait SessionAudience: Send + Sync {
    /// Who has a seat in a session of this gym.
    ///
    /// # Errors
    /// `session_not_found`.
    async fn of_session(&self, gym: GymId, session: SessionId) -> Result<Vec<UserId>>;
}

/// Both of them.
#[derive(Clone)]
pub struct Audiences {
    pub events: Arc<dyn EventAudience>,
    pub sessions: Arc<dyn SessionAudience>,
}

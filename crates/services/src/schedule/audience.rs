//! Who takes part in a session, for what its gym tells them (NTF-12).
use super::seating::SESSION_NOT_FOUND;
use crate::{Core, Result, notifications::audiences::SessionAudience};
use async_trait::async_trait;
use domain::{GymId, SessionId, UserId};

pub(crate) struct SessionParticipants {
    core: Core,
}

impl SessionParticipants {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl SessionAudience for SessionParticipants {
    async fn of_session(&self, gym: GymId, session: SessionId) -> Result<Vec<UserId>> {
        let (db, stores) = (&self.core.db, &self.core.stores);
        stores.sessions.get(db, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
        Ok(stores.session_queries.participants(db, gym, session).await?)
    }
}

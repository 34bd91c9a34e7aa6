//! Who takes part in an event, for what its gym tells them (NTF-12).
use super::seating::EVENT_NOT_FOUND;
use crate::{Core, Result, notifications::audiences::EventAudience};
use async_trait::async_trait;
use domain::{EventId, GymId, UserId, events::participation::EventParticipationStatus};

pub(crate) struct EventParticipants {
    core: Core,
}

impl EventParticipants {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl EventAudience for EventParticipants {
    async fn of_event(&self, gym: GymId, event: EventId) -> Result<Vec<UserId>> {
        let (db, stores) = (&self.core.db, &self.core.stores);
        stores.events.get(db, gym, event).await?.ok_or(EVENT_NOT_FOUND)?;
        Ok(stores.event_queries.members(db, gym, event, &[EventParticipationStatus::Registered]).await?)
    }
}

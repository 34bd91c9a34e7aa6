//! Who leaves a gym takes part in its events no more (EVT-49).
use super::seating::stale;
use crate::{
    Core, Result,
    kernel::{cache_key::CacheKey, departure::Departure},
};
use async_trait::async_trait;
use domain::{GymId, UserId};
use repository::Tx;

/// Refunds by the policy, and the seats go to who waits: as if they had cancelled each themselves.
pub(crate) struct LeaveEvents {
    core: Core,
}

impl LeaveEvents {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Departure for LeaveEvents {
    async fn left(&self, tx: &Tx, gym: GymId, user: UserId) -> Result<Vec<CacheKey>> {
        let (core, stores) = (&self.core, &self.core.stores);
        let events = stores.event_seats.hold_of_member(tx, gym, user).await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let gym = core.gym_of(tx, gym).await?;
        // looked at again: the events may have been waited for, and what happened meanwhile comes before this
        let now = core.clock.now();
        for event in events {
            let own = stores.joined.own(tx, gym.id, event.id, user).await?;
            if let Some(own) = own.filter(|row| row.status.is_active()) {
                // the refunds are the clock's: nothing outside is called here
                core.take_out(tx, &gym, &event, own, now).await?;
            }
        }
        Ok(stale(gym.id).to_vec())
    }
}

//! Counts how often a member opens the app (IDN-30), off the request's path.
use crate::{Actor, Core, Result};
use domain::{GymId, UserId, identity::membership, kernel::timezone};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Remembers whom it counted within the interval, so that most requests cost nothing; the database's own condition
/// keeps the count right across instances.
#[derive(Clone)]
pub struct AppAccess {
    core: Core,
    recent: Cache<(GymId, UserId), ()>,
    slots: Arc<Semaphore>,
}

impl AppAccess {
    pub fn new(core: &Core) -> Self {
        let interval = membership::ACCESS_INTERVAL.to_std().unwrap_or(Duration::from_secs(300));
        Self {
            core: core.clone(),
            recent: Cache::builder().max_capacity(100_000).time_to_live(interval).build(),
            slots: Arc::new(Semaphore::new(4)),
        }
    }

    /// Counts in the background. When too many counts run already this one is left for the next request.
    pub fn note(&self, actor: &Actor) {
        let key = (actor.gym_id(), actor.user_id());
        if actor.role().is_none() || self.recent.contains_key(&key) {
            return;
        }
        let Ok(slot) = self.slots.clone().try_acquire_owned() else { return };
        self.recent.insert(key, ());
        let (this, zone) = (self.clone(), actor.gym().timezone.clone());
        tokio::spawn(async move {
            if let Err(error) = this.count(key.0, key.1, &zone).await {
                tracing::warn!(%error, gym = %key.0, "an app access was not counted");
            }
            drop(slot);
        });
    }

    /// Counts one access now, unless one was counted within the interval; says whether it did.
    pub async fn count(&self, gym: GymId, user: UserId, zone: &str) -> Result<bool> {
        let people = &self.core.stores.people;
        let Some(row) = people.of_user(&self.core.db, gym, user).await? else { return Ok(false) };
        let now = self.core.clock.now();
        let previous = row.last_app_access.map(|at| timezone::local_day(at, zone));
        let access = membership::count_access(&row, now, timezone::local_day(now, zone), previous);
        Ok(people.count_access(&self.core.db, gym, user, now, access).await?)
    }
}

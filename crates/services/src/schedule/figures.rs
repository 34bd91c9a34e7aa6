//! What others show of a gym's schedule.
use crate::{
    Core, Result,
    identity::workspace::{ScheduleCounts, ScheduleFigures},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::GymId;

/// Counts classes, and seats of sessions.
pub(crate) struct GymSchedule {
    core: Core,
}

impl GymSchedule {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl ScheduleFigures for GymSchedule {
    async fn of_gym(&self, gym: GymId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<ScheduleCounts> {
        let figures = self.core.stores.schedule_figures.of_gym(&self.core.db, gym, since, now).await?;
        let (taken, seats) = (figures.taken(), figures.seats());
        Ok(ScheduleCounts { active_classes: figures.active_classes, taken, seats })
    }
}

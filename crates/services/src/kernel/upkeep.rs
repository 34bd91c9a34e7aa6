//! Keeps the platform's own tables small.
use super::{
    idempotency::KEPT,
    scheduler::{Job, Progress, Schedule},
};
use crate::Core;
use async_trait::async_trait;
use chrono::TimeDelta;
use std::sync::Arc;

/// Effects that were done are kept for a week, for whoever asks what happened.
const OUTBOX_KEPT: TimeDelta = TimeDelta::days(7);

/// Removes old effects, and says how many wait for an operator.
struct OutboxReaper {
    core: Core,
}

#[async_trait]
impl Job for OutboxReaper {
    fn name(&self) -> &'static str {
        "outbox_reaper"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::days(1))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let outbox = &self.core.stores.outbox;
        let before = self.core.clock.now() - OUTBOX_KEPT;
        let removed = outbox.reap(&self.core.db, before).await.map_err(|e| e.to_string())?;
        let (waiting, dead) = outbox.backlog(&self.core.db).await.map_err(|e| e.to_string())?;
        if dead > 0 {
            tracing::error!(dead, "effects wait for an operator");
        }
        Ok(format!("{removed} removed, {waiting} waiting, {dead} dead"))
    }
}

/// Removes answers that were kept long enough.
struct IdempotencyReaper {
    core: Core,
}

#[async_trait]
impl Job for IdempotencyReaper {
    fn name(&self) -> &'static str {
        "idempotency_reaper"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::hours(1))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let before = self.core.clock.now() - KEPT;
        let removed = self.core.stores.idempotency.reap(&self.core.db, before).await.map_err(|e| e.to_string())?;
        Ok(format!("{removed} removed"))
    }
}

pub(crate) fn jobs(core: &Core) -> Vec<Arc<dyn Job>> {
    vec![Arc::new(OutboxReaper { core: core.clone() }), Arc::new(IdempotencyReaper { core: core.clone() })]
}

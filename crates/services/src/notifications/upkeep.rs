//! What the clock does to devices and to what was said (NTF §7). Deliveries whose worker died come back by the leases of
//! the outbox (NTF-88).
use crate::{
    Core,
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use chrono::{NaiveTime, TimeDelta, Weekday};
use std::sync::Arc;

const KEPT: TimeDelta = TimeDelta::days(90);
/// Rows of one statement.
const BATCH: u64 = 500;

fn at(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}

/// NTF-86.
struct DeviceCleanup {
    core: Core,
}

#[async_trait]
impl Job for DeviceCleanup {
    fn name(&self) -> &'static str {
        "device_cleanup"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Weekly(Weekday::Sun, at(2, 0))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let before = self.core.clock.now() - KEPT;
        let removed = self.core.stores.devices.reap(&self.core.db, before).await.map_err(|e| e.to_string())?;
        Ok(format!("{removed} removed"))
    }
}

/// NTF-87.
struct NotificationRetention {
    core: Core,
}

#[async_trait]
impl Job for NotificationRetention {
    fn name(&self) -> &'static str {
        "notification_retention"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Daily(at(3, 30))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (core, before) = (&self.core, self.core.clock.now() - KEPT);
        let mut removed = 0;
        loop {
            let some = core.stores.written.reap(&core.db, before, BATCH).await.map_err(|e| e.to_string())?;
            removed += some;
            if some < BATCH {
                break;
            }
        }
        let keys = core.stores.said.reap(&core.db, before).await.map_err(|e| e.to_string())?;
        Ok(format!("{removed} notifications and {keys} keys removed"))
    }
}

pub(crate) fn jobs(core: &Core) -> Vec<Arc<dyn Job>> {
    vec![Arc::new(DeviceCleanup { core: core.clone() }), Arc::new(NotificationRetention { core: core.clone() })]
}

//! Bookings that nobody marked become no-shows an hour after the session, where the gym wants it so (SCH-89).
use super::seating::stale;
use crate::{
    Core, Error, Result,
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    GymId, SessionId, UserId,
    schedule::{
        attendance_mark::{NO_SHOW_AFTER, NO_SHOW_LOOKS_BACK},
        session::SessionStatus,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// So many sessions are looked up at a time; those of one gym are changed together.
const BATCH: u64 = 20;

struct AutoNoShow {
    core: Core,
}

impl AutoNoShow {
    async fn mark(&self, gym: GymId, sessions: &[SessionId]) -> Result<usize> {
        let core = &self.core;
        let missed = core
            .db
            .run(async |tx| {
                let seats = &core.stores.seats;
                let held = seats.hold_all(&tx, gym, sessions).await?;
                let over: Vec<_> = held.iter().filter(|s| s.status == SessionStatus::Completed).map(|s| s.id).collect();
                let missed = core.stores.taking_part.miss(&tx, gym, &over).await?;
                seats.recount(&tx, gym, &over).await?;
                let people: BTreeSet<UserId> = missed.iter().map(|row| row.member_id).collect();
                core.attendance_changed(&tx, gym, &people.into_iter().collect::<Vec<_>>()).await?;
                Ok::<_, Error>(missed)
            })
            .await?;
        if !missed.is_empty() {
            core.committed(&stale(gym, missed.iter().map(|row| row.member_id))).await;
        }
        Ok(missed.len())
    }

    async fn mark_all(&self) -> Result<usize> {
        let core = &self.core;
        let now = core.clock.now();
        let (mut after, mut missed) = (SessionId(0), 0);
        loop {
            let within = now - NO_SHOW_LOOKS_BACK..now - NO_SHOW_AFTER;
            let found = core.stores.taking_part.unmarked(&core.db, after, within, BATCH).await?;
            let Some((_, last)) = found.last() else { return Ok(missed) };
            after = *last;
            let mut of_gyms: BTreeMap<GymId, Vec<SessionId>> = BTreeMap::new();
            for (gym, session) in found {
                of_gyms.entry(gym).or_default().push(session);
            }
            for (gym, sessions) in of_gyms {
                missed += self.mark(gym, &sessions).await?;
            }
        }
    }
}

#[async_trait]
impl Job for AutoNoShow {
    fn name(&self) -> &'static str {
        "auto_no_show"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(15))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let missed = self.mark_all().await.map_err(|e| e.to_string())?;
        Ok(format!("{missed} no-shows"))
    }
}

pub(crate) fn job(core: &Core) -> Arc<dyn Job> {
    Arc::new(AutoNoShow { core: core.clone() })
}

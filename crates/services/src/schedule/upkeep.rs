//! What the clock does to sessions (specification of the schedule, §7).
use super::{
    notice::{NOTICE, Notice, NoticeKind},
    seating::stale,
};
use crate::{
    Core, Error, Result,
    kernel::{
        cache_key::CacheKey,
        scheduler::{Job, Progress, Schedule},
    },
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::{GymId, SessionId, UserId, kernel::outbox::Effect, schedule::session::SessionStatus};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Sessions of one transaction.
const BATCH: u64 = 200;

/// Moves sessions on that begin or end, and ends the queues of those that have begun (SCH-84). Never touches a
/// cancelled one, and may run any number of times at once.
pub struct SessionLifecycle {
    core: Core,
}

impl SessionLifecycle {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn advance(&self, to: SessionStatus, gyms: &mut BTreeSet<GymId>) -> Result<usize> {
        let (core, upkeep) = (&self.core, &self.core.stores.session_upkeep);
        let mut moved = 0;
        loop {
            let now = core.clock.now();
            let (due, advanced) = core
                .db
                .run(async |tx| {
                    let due = upkeep.due(&tx, to, now, BATCH).await?;
                    if due.is_empty() {
                        return Ok((0, Vec::new()));
                    }
                    let advanced = upkeep.advance(&tx, &due, to, now).await?;
                    upkeep.expire_queues(&tx, &due, now).await?;
                    Ok::<_, Error>((due.len() as u64, advanced))
                })
                .await?;
            moved += advanced.len();
            gyms.extend(advanced.into_iter().map(|(_, gym)| gym));
            if due < BATCH {
                return Ok(moved);
            }
        }
    }
}

#[async_trait]
impl Job for SessionLifecycle {
    fn name(&self) -> &'static str {
        "session_lifecycle"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(5))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let mut gyms = BTreeSet::new();
        // what has ended without having begun goes straight to its end
        let completed = self.advance(SessionStatus::Completed, &mut gyms).await.map_err(|e| e.to_string())?;
        let begun = self.advance(SessionStatus::InProgress, &mut gyms).await.map_err(|e| e.to_string())?;
        let stale: Vec<_> = gyms.into_iter().map(CacheKey::Sessions).collect();
        if !stale.is_empty() {
            self.core.committed(&stale).await;
        }
        Ok(format!("{begun} begun, {completed} completed"))
    }
}

/// Reminds members of what begins in about two hours, once for each start.
pub struct ClassReminders {
    core: Core,
}

impl ClassReminders {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    /// Half an hour, two hours ahead.
    fn window(&self) -> Range<DateTime<Utc>> {
        let now = self.core.clock.now();
        now + TimeDelta::minutes(105)..now + TimeDelta::minutes(135)
    }

    /// Takes the reminders of these sessions and writes them: whoever else takes the same ones finds them taken.
    async fn remind(&self, gym: GymId, sessions: &[SessionId], within: Range<DateTime<Utc>>) -> Result<usize> {
        let (core, stores) = (&self.core, &self.core.stores);
        let written = core.db.run(async |tx| {
            // held in the order of ids, so that the update takes no lock out of it
            stores.seats.hold_all(&tx, gym, sessions).await?;
            let now = core.clock.now();
            let taken = stores.session_upkeep.take_reminders(&tx, gym, sessions, within.clone(), now).await?;
            if taken.is_empty() {
                return Ok(0);
            }
            let mut told: BTreeMap<SessionId, Vec<UserId>> = BTreeMap::new();
            for (session, member) in stores.session_queries.registered(&tx, gym, &taken).await? {
                told.entry(session).or_default().push(member);
            }
            let effect = |(session_id, users)| Effect {
                gym: Some(gym),
                kind: NOTICE,
                aggregate: format!("session:{session_id}"),
                dedupe_key: None,
                payload: json!(Notice { kind: NoticeKind::SessionReminder, session_id, users }),
            };
            let effects: Vec<_> = told.into_iter().map(effect).collect();
            let written = effects.len();
            stores.outbox.push_all(&tx, effects).await?;
            Ok::<_, Error>(written)
        });
        written.await
    }
}

#[async_trait]
impl Job for ClassReminders {
    fn name(&self) -> &'static str {
        "class_reminders"
    }

    /// Three times within the window's half hour: a late run misses nobody.
    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(10))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (core, within) = (&self.core, self.window());
        let mut reminded = 0;
        loop {
            let upkeep = &core.stores.session_upkeep;
            let found = upkeep.to_remind(&core.db, within.clone(), BATCH).await.map_err(|e| e.to_string())?;
            let more = found.len() as u64 == BATCH;
            let mut by_gym: BTreeMap<GymId, Vec<SessionId>> = BTreeMap::new();
            for (gym, session) in found {
                by_gym.entry(gym).or_default().push(session);
            }
            for (gym, sessions) in by_gym {
                reminded += self.remind(gym, &sessions, within.clone()).await.map_err(|e| e.to_string())?;
            }
            if !more {
                return Ok(format!("{reminded} sessions reminded of"));
            }
        }
    }
}

/// Repairs the counters of sessions to come, and says which were wrong (SCH-61).
pub struct ParticipantRecount {
    core: Core,
}

impl ParticipantRecount {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    /// What is wrong is seen without a lock, so it is looked at again under it.
    async fn repair(&self, gym: GymId, sessions: &[SessionId]) -> Result<usize> {
        let (core, seats) = (&self.core, &self.core.stores.seats);
        let repaired = core
            .db
            .run(async |tx| {
                let held = seats.hold_all(&tx, gym, sessions).await?;
                let held = core.look_at(&tx, gym, held).await?;
                let wrong = held.iter().filter(|h| i64::from(h.session.current_participants) != h.state.occupied);
                let wrong: Vec<_> =
                    wrong.map(|h| (h.session.id, h.session.current_participants, h.state.occupied)).collect();
                let ids: Vec<_> = wrong.iter().map(|(id, ..)| *id).collect();
                seats.recount(&tx, gym, &ids).await?;
                Ok::<_, Error>(wrong)
            })
            .await?;
        for (session, counter, rows) in &repaired {
            tracing::warn!(%gym, %session, counter, rows, "a session's counter was not the number of its seated rows");
        }
        if !repaired.is_empty() {
            core.committed(&stale(gym, [])).await;
        }
        Ok(repaired.len())
    }
}

#[async_trait]
impl Job for ParticipantRecount {
    fn name(&self) -> &'static str {
        "participant_recount"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Daily(NaiveTime::from_hms_opt(4, 0, 0).unwrap_or_default())
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (core, now) = (&self.core, self.core.clock.now());
        let (mut after, mut repaired) = (SessionId(0), 0);
        loop {
            let upkeep = &core.stores.session_upkeep;
            let found = upkeep.miscounted(&core.db, now, after, BATCH).await.map_err(|e| e.to_string())?;
            let Some((last, _)) = found.last().copied() else {
                return Ok(format!("{repaired} repaired"));
            };
            after = last;
            let mut by_gym: BTreeMap<GymId, Vec<SessionId>> = BTreeMap::new();
            for (session, gym) in found {
                by_gym.entry(gym).or_default().push(session);
            }
            for (gym, sessions) in by_gym {
                repaired += self.repair(gym, &sessions).await.map_err(|e| e.to_string())?;
            }
        }
    }
}

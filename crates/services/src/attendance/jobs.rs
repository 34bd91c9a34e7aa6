//! What is done by the clock: goals end, days are kept, statistics are made before they are asked for (specification
//! of attendance, §7).
use super::{figures::Figures, outside::Outside};
use crate::{
    Core, Error, Result,
    kernel::{
        cache_key::CacheKey,
        scheduler::{Job, Progress, Schedule},
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use domain::{
    GymId, UserId,
    attendance::{health::Body, health_snapshot, period::PeriodType, statistics, streak},
    kernel::timezone::{day_start, local_day, or_utc},
};
use repository::attendance::snapshots::{ActiveMember, Attended};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

/// Ends active goals whose day is over in their gym.
struct GoalExpiry {
    core: Core,
}

#[async_trait]
impl Job for GoalExpiry {
    fn name(&self) -> &'static str {
        "goal_expiry"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Daily(NaiveTime::from_hms_opt(0, 30, 0).unwrap_or_default())
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        self.expire().await.map(|ended| format!("{ended} members' goals ended")).map_err(|e| e.to_string())
    }
}

impl GoalExpiry {
    async fn expire(&self) -> Result<usize> {
        let (core, wanted) = (&self.core, &self.core.stores.wanted);
        let now = core.clock.now();
        // nowhere is it later than in UTC+14
        let latest = (now + TimeDelta::hours(14)).date_naive();
        let mut ended = 0;
        for zone in wanted.zones_of_due(&core.db, latest).await? {
            let today = local_day(now, &zone);
            let expired = core.db.run(async |tx| Ok::<_, Error>(wanted.expire(&tx, &zone, today).await?)).await?;
            ended += expired.len();
            let stale: Vec<_> = expired.into_iter().map(|(gym, user)| CacheKey::MemberStats(user, gym)).collect();
            core.committed(&stale).await;
        }
        Ok(ended)
    }
}

/// The hour of a gym's day at whose end its day is kept.
const LAST_HOUR: u32 = 23;
/// Who did nothing for so long has no new figures.
const ACTIVE: TimeDelta = TimeDelta::days(7);
/// Members whose figures are read at once.
const PAGE: u64 = 100;
/// How far back streaks of many are looked for at once; a longer one is looked for by itself.
const STREAKS_BACK: u64 = 400;

/// Keeps the figures of a day at its end, of the members of every gym where it ends.
struct HealthSnapshots {
    core: Core,
    outside: Outside,
}

#[async_trait]
impl Job for HealthSnapshots {
    fn name(&self) -> &'static str {
        "health_snapshots"
    }

    fn schedule(&self) -> Schedule {
        // zones differ from UTC by whole hours and by halves and quarters: one look an hour meets each zone's last once
        Schedule::Aligned { every: TimeDelta::hours(1), at: TimeDelta::minutes(45) }
    }

    async fn run(&self, progress: &dyn Progress) -> Result<String, String> {
        let now = self.core.clock.now();
        let gyms = self.core.stores.snapshots.gyms(&self.core.db).await.map_err(|e| e.to_string())?;
        let mut written = 0;
        for (gym, zone) in gyms.into_iter().filter(|(_, zone)| now.with_timezone(&or_utc(zone)).hour() == LAST_HOUR) {
            written += self.keep(gym, &zone, now).await.map_err(|e| e.to_string())?;
            // a run that was cut off writes the same rows again: nothing is to be remembered, but the lease is held
            progress.reach(gym.0.into()).await?;
        }
        Ok(format!("{written} written"))
    }
}

impl HealthSnapshots {
    async fn keep(&self, gym: GymId, zone: &str, now: DateTime<Utc>) -> Result<usize> {
        let (core, snapshots) = (&self.core, &self.core.stores.snapshots);
        let today = local_day(now, zone);
        let mut written = 0;
        let mut after = UserId(0);
        loop {
            let members = snapshots.active_members(&core.db, gym, now - ACTIVE, after, PAGE).await?;
            let Some(last) = members.last() else { return Ok(written) };
            after = last.user_id;
            let rows = self.of_page(gym, zone, today, now, &members).await?;
            written += rows.len();
            core.db.run(async |tx| Ok::<_, Error>(snapshots.write(&tx, gym, rows.clone()).await?)).await?;
            if (members.len() as u64) < PAGE {
                return Ok(written);
            }
        }
    }

    /// The figures of some members, by a number of statements that does not depend on how many they are.
    async fn of_page(
        &self,
        gym: GymId,
        zone: &str,
        today: NaiveDate,
        now: DateTime<Utc>,
        members: &[ActiveMember],
    ) -> Result<Vec<health_snapshot::Create>> {
        let core = &self.core;
        let ids: Vec<_> = members.iter().map(|member| member.user_id).collect();
        let since = day_start(today - Days::new(STREAKS_BACK), or_utc(zone));
        let mut attended: BTreeMap<UserId, Vec<Attended>> = BTreeMap::new();
        for class in core.stores.snapshots.attended_by(&core.db, gym, &ids, since).await? {
            attended.entry(class.member_id).or_default().push(class);
        }
        let (week, month) = (PeriodType::Week.until(now, or_utc(zone)), PeriodType::Month.until(now, or_utc(zone)));
        let social = self.outside.social.of(gym, &ids, month, now - statistics::LATELY).await?.unwrap_or_default();
        let chats = self.outside.social.of(gym, &ids, week, now - statistics::LATELY).await?.unwrap_or_default();

        let mut rows = Vec::new();
        for member in members {
            let classes = attended.remove(&member.user_id).unwrap_or_default();
            let this_week: Vec<_> =
                classes.iter().filter(|c| streak::week_of(today).contains(&local_day(c.at, zone))).collect();
            let workouts = i32::try_from(this_week.len()).unwrap_or(i32::MAX);
            let body = Body::of(member.weight, member.height);
            let social = social.get(&member.user_id).copied().unwrap_or_default();
            let chats = chats.get(&member.user_id).copied().unwrap_or_default();
            rows.push(health_snapshot::Create {
                user_id: member.user_id,
                snapshot_date: today,
                weight: body.weight,
                bmi: body.bmi,
                body_fat_percentage: member.body_fat_percentage,
                muscle_mass: member.muscle_mass,
                weekly_workouts: workouts,
                current_streak: self.streak(gym, zone, today, member.user_id, &classes).await?,
                classes_attended_week: workouts,
                total_workout_minutes_week: this_week.iter().map(|class| class.minutes).sum(),
                social_score: statistics::social_score(social.rooms, social.messages, social.active_days),
                chat_messages_week: i32::try_from(chats.messages).unwrap_or(i32::MAX),
            });
        }
        Ok(rows)
    }

    /// ATT-28, without a limit: one that fills the time that was looked at goes on before it.
    async fn streak(
        &self,
        gym: GymId,
        zone: &str,
        today: NaiveDate,
        user: UserId,
        classes: &[Attended],
    ) -> Result<i32> {
        let (core, mut days) = (&self.core, streak::days(classes.iter().map(|class| class.at), zone));
        if u64::from(streak::current(&days, today)) >= STREAKS_BACK {
            days = streak::days(core.stores.attended_days.attended(&core.db, gym, user, None).await?, zone);
        }
        Ok(i32::try_from(streak::current(&days, today)).unwrap_or(i32::MAX))
    }
}

/// Members whose statistics are made before they ask.
const WARMED: u64 = 50;

/// Makes the month's statistics of who used their app last, where none are kept.
struct StatsWarmUp {
    core: Core,
    figures: Figures,
}

#[async_trait]
impl Job for StatsWarmUp {
    fn name(&self) -> &'static str {
        "stats_warm_up"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Aligned { every: TimeDelta::hours(6), at: TimeDelta::minutes(30) }
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (core, since) = (&self.core, self.core.clock.now() - ACTIVE);
        let visitors = core.stores.statistics.latest_visitors(&core.db, since, WARMED).await;
        let (mut made, mut failed, mut gyms) = (0, 0, BTreeMap::new());
        for (gym, user) in visitors.map_err(|e| e.to_string())? {
            let row = match gyms.entry(gym) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(core.stores.gyms.by_id(&core.db, gym).await.map_err(|e| e.to_string())?)
                }
            };
            let Some(row) = row else { continue };
            // what is kept already is not made again
            match self.figures.of(row, user, PeriodType::Month, true).await {
                Ok(_) => made += 1,
                Err(error) => {
                    tracing::warn!(%error, %gym, %user, "statistics are not made in advance");
                    failed += 1;
                }
            }
        }
        Ok(format!("{made} at hand, {failed} failed"))
    }
}

pub(super) fn jobs(core: &Core, outside: &Outside, figures: Figures) -> Vec<Arc<dyn Job>> {
    vec![
        Arc::new(GoalExpiry { core: core.clone() }),
        Arc::new(HealthSnapshots { core: core.clone(), outside: outside.clone() }),
        Arc::new(StatsWarmUp { core: core.clone(), figures }),
    ]
}

//! Scheduled jobs: each once per interval across any number of instances.
//!
//! Every job that is due runs in a task of its own, so that one which takes an hour keeps none of the others waiting.
//! While it runs its lease is renewed; a job whose lease another instance has taken is stopped.
use crate::Core;
use async_trait::async_trait;
use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};
use futures::FutureExt;
use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::task::JoinSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    Every(TimeDelta),
    /// Once a day at this time, UTC.
    Daily(NaiveTime),
    /// Once a week on this day at this time, UTC.
    Weekly(Weekday, NaiveTime),
    /// Every so often by the clock, counted from `at` after midnight, UTC: hourly at a quarter to.
    Aligned {
        every: TimeDelta,
        at: TimeDelta,
    },
    /// Only when an operator or an operation asks for it.
    OnDemand,
}

impl Schedule {
    /// The first time after `now`.
    pub fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Every(interval) => now + interval,
            Self::Daily(time) => {
                let today = now.date_naive().and_time(time).and_utc();
                if today > now { today } else { today + TimeDelta::days(1) }
            }
            Self::Weekly(day, time) => {
                let ahead = (7 + day.num_days_from_monday() - now.weekday().num_days_from_monday()) % 7;
                let next = (now.date_naive() + TimeDelta::days(ahead.into())).and_time(time).and_utc();
                if next > now { next } else { next + TimeDelta::days(7) }
            }
            Self::Aligned { every, at } => {
                let every = every.num_seconds().max(1);
                let since = now.timestamp() - at.num_seconds();
                DateTime::from_timestamp(now.timestamp() - since.rem_euclid(every) + every, 0)
                    .unwrap_or(now + TimeDelta::seconds(every))
            }
            Self::OnDemand => DateTime::<Utc>::MAX_UTC.min(now + TimeDelta::days(365_000)),
        }
    }
}

/// Where a job that works in steps keeps what it has reached.
#[async_trait]
pub trait Progress: Send + Sync {
    /// What the last run that did not finish had reached.
    fn reached(&self) -> Option<&serde_json::Value>;
    /// Keeps a position, and the lease.
    ///
    /// # Errors
    /// When another instance has taken over: stop.
    async fn reach(&self, position: serde_json::Value) -> Result<(), String>;
}

#[async_trait]
pub trait Job: Send + Sync {
    fn name(&self) -> &'static str;
    fn schedule(&self) -> Schedule;
    /// Returns one line about what was done.
    async fn run(&self, progress: &dyn Progress) -> Result<String, String>;
}

/// How long nobody else takes a job whose holder died.
const LEASE: TimeDelta = TimeDelta::seconds(300);
/// Several renewals may fail before the lease ends.
const RENEWED_EVERY: Duration = Duration::from_secs(60);
/// More wait for the next look: jobs must leave the database's connections to requests.
const AT_ONCE: usize = 4;

#[derive(Clone)]
pub struct Scheduler {
    core: Core,
    jobs: Vec<Arc<dyn Job>>,
    lease: String,
    renewed_every: Duration,
}

/// The jobs of this instance that run now, by name. Dropped, they stop.
type Running = JoinSet<&'static str>;

struct Held<'a> {
    scheduler: &'a Scheduler,
    name: &'static str,
    reached: Option<serde_json::Value>,
}

#[async_trait]
impl Progress for Held<'_> {
    fn reached(&self) -> Option<&serde_json::Value> {
        self.reached.as_ref()
    }
    async fn reach(&self, position: serde_json::Value) -> Result<(), String> {
        let core = &self.scheduler.core;
        let kept = core.stores.jobs.checkpoint(&core.db, self.name, &self.scheduler.lease, position, LEASE).await;
        match kept {
            Ok(true) => Ok(()),
            Ok(false) => Err("another instance has taken the job over".into()),
            Err(e) => Err(e.to_string()),
        }
    }
}

impl Scheduler {
    pub fn new(core: &Core, jobs: Vec<Arc<dyn Job>>) -> Self {
        let lease = uuid::Uuid::new_v4().to_string();
        Self { core: core.clone(), jobs, lease, renewed_every: RENEWED_EVERY }
    }

    /// How often a running job's lease is renewed.
    pub fn renewed_every(mut self, interval: Duration) -> Self {
        self.renewed_every = interval;
        self
    }

    /// Makes the jobs known to the database.
    pub async fn register(&self) -> crate::Result<()> {
        let now = self.core.clock.now();
        for job in &self.jobs {
            self.core.stores.jobs.register(&self.core.db, job.name(), job.schedule().next(now)).await?;
        }
        Ok(())
    }

    /// Runs every job that is due and that nobody else has, and waits for them; returns how many ran.
    pub async fn run_due(&self) -> crate::Result<usize> {
        let (mut running, mut seen) = (Running::new(), BTreeSet::new());
        let claimed = loop {
            match self.start_due(&mut running, &mut seen).await {
                // one that ends makes room for the next
                Ok(true) => drop(running.join_next().await),
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        while running.join_next().await.is_some() {}
        claimed.map(|()| seen.len())
    }

    /// Starts what is due, but nothing that is in `busy`, where the started ones are added. True when there was no
    /// room for all that might be due.
    async fn start_due(&self, running: &mut Running, busy: &mut BTreeSet<&'static str>) -> crate::Result<bool> {
        for job in &self.jobs {
            if busy.contains(job.name()) {
                continue;
            }
            if running.len() >= AT_ONCE {
                return Ok(true);
            }
            let claimed = self.core.stores.jobs.claim(&self.core.db, job.name(), &self.lease, LEASE).await?;
            if let Some(row) = claimed {
                busy.insert(job.name());
                running.spawn(self.clone().run_job(job.clone(), row.progress));
            }
        }
        Ok(false)
    }

    async fn run_job(self, job: Arc<dyn Job>, reached: Option<serde_json::Value>) -> &'static str {
        let name = job.name();
        let started = std::time::Instant::now();
        let held = Held { scheduler: &self, name, reached };
        let outcome = tokio::select! {
            outcome = AssertUnwindSafe(job.run(&held)).catch_unwind() => {
                outcome.unwrap_or_else(|_| Err("it panicked: see the log".into()))
            }
            () = self.lease_lost(name) => Err("another instance has taken the job over".into()),
        };
        let (label, line) = match &outcome {
            Ok(line) => ("ok", line.as_str()),
            Err(line) => ("error", line.as_str()),
        };
        tracing::info!(job = name, outcome = label, line, "scheduled job ended");
        metrics::counter!("gymapi_job_runs_total", "job" => name, "outcome" => label).increment(1);
        metrics::histogram!("gymapi_job_duration_seconds", "job" => name).record(started.elapsed().as_secs_f64());
        let ended = self.core.clock.now().timestamp() as f64;
        metrics::gauge!("gymapi_job_last_run_timestamp_seconds", "job" => name, "outcome" => label).set(ended);
        let next = job.schedule().next(self.core.clock.now());
        let text = format!("{label}: {line}");
        // without the lease this changes nothing: the other instance tells how the job ended
        if let Err(error) = self.core.stores.jobs.finish(&self.core.db, name, &self.lease, &text, next).await {
            tracing::warn!(%error, job = name, "a job's end is not written: it runs again when its lease has ended");
        }
        name
    }

    /// Renews the lease; resolves when another instance has it.
    async fn lease_lost(&self, name: &'static str) {
        loop {
            tokio::time::sleep(self.renewed_every).await;
            match self.core.stores.jobs.hold(&self.core.db, name, &self.lease, LEASE).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, job = name, "the lease of a job is not renewed"),
            }
        }
    }

    /// Runs due jobs until `stop` resolves, then waits for those that run.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let (mut running, mut busy) = (Running::new(), BTreeSet::new());
        let mut look = tokio::time::interval(Duration::from_secs(5));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = running.join_next() => {
                    if let Ok(name) = ended {
                        busy.remove(name);
                    }
                }
                _ = look.tick() => {
                    if let Err(error) = self.start_due(&mut running, &mut busy).await {
                        tracing::warn!(%error, "scheduled jobs cannot be claimed");
                    }
                }
            }
        }
        while running.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_job_is_due_at_its_time_and_never_now() {
        let schedule = Schedule::Daily(NaiveTime::from_hms_opt(3, 30, 0).unwrap());
        for (now, next) in [
            ("2026-03-01T00:00:00Z", "2026-03-01T03:30:00Z"),
            ("2026-03-01T03:30:00Z", "2026-03-02T03:30:00Z"),
            ("2026-12-31T23:00:00Z", "2027-01-01T03:30:00Z"),
        ] {
            assert_eq!(schedule.next(now.parse().unwrap()), next.parse::<DateTime<Utc>>().unwrap());
        }
    }
    #[test]
    fn an_aligned_job_keeps_to_the_clock_however_long_it_ran() {
        let hourly = Schedule::Aligned { every: TimeDelta::hours(1), at: TimeDelta::minutes(45) };
        let six = Schedule::Aligned { every: TimeDelta::hours(6), at: TimeDelta::minutes(30) };
        for (schedule, now, next) in [
            (hourly, "2026-03-01T00:00:00Z", "2026-03-01T00:45:00Z"),
            (hourly, "2026-03-01T00:45:00Z", "2026-03-01T01:45:00Z"),
            (hourly, "2026-03-01T22:46:12.5Z", "2026-03-01T23:45:00Z"),
            (hourly, "2026-03-01T23:45:09Z", "2026-03-02T00:45:00Z"),
            (six, "2026-03-01T00:29:59Z", "2026-03-01T00:30:00Z"),
            (six, "2026-03-01T13:00:00Z", "2026-03-01T18:30:00Z"),
        ] {
            assert_eq!(schedule.next(now.parse().unwrap()), next.parse::<DateTime<Utc>>().unwrap(), "{now}");
        }
    }
}

//! Scheduled jobs: each once per interval across any number of instances.
use crate::Core;
use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use std::{sync::Arc, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    Every(TimeDelta),
    /// Once a day at this time, UTC.
    Daily(NaiveTime),
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

const LEASE: TimeDelta = TimeDelta::seconds(300);

pub struct Scheduler {
    core: Core,
    jobs: Vec<Arc<dyn Job>>,
    lease: String,
}

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
        Self { core: core.clone(), jobs, lease: uuid::Uuid::new_v4().to_string() }
    }

    /// Makes the jobs known to the database.
    pub async fn register(&self) -> crate::Result<()> {
        let now = self.core.clock.now();
        for job in &self.jobs {
            self.core.stores.jobs.register(&self.core.db, job.name(), job.schedule().next(now)).await?;
        }
        Ok(())
    }

    /// Runs every job that is due and that nobody else has; returns how many ran.
    pub async fn run_due(&self) -> crate::Result<usize> {
        let mut ran = 0;
        for job in &self.jobs {
            let claimed = self.core.stores.jobs.claim(&self.core.db, job.name(), &self.lease, LEASE).await?;
            let Some(row) = claimed else { continue };
            let started = std::time::Instant::now();
            let held = Held { scheduler: self, name: job.name(), reached: row.progress };
            let outcome = job.run(&held).await;
            let (label, line) = match &outcome {
                Ok(line) => ("ok", line.as_str()),
                Err(line) => ("error", line.as_str()),
            };
            tracing::info!(job = job.name(), outcome = label, line, "scheduled job ended");
            metrics::counter!("gymapi_job_runs_total", "job" => job.name(), "outcome" => label).increment(1);
            metrics::histogram!("gymapi_job_duration_seconds", "job" => job.name())
                .record(started.elapsed().as_secs_f64());
            let next = job.schedule().next(self.core.clock.now());
            let text = format!("{label}: {line}");
            self.core.stores.jobs.finish(&self.core.db, job.name(), &self.lease, &text, next).await?;
            ran += 1;
        }
        Ok(ran)
    }

    /// Runs due jobs until `stop` resolves.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            if let Err(error) = self.run_due().await {
                tracing::warn!(%error, "scheduled jobs cannot be claimed");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
        }
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
}

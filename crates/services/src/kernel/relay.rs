//! Delivers the outbox: at least once, in order per aggregate, by one worker at a time.
//!
//! A worker leases rows under a random name; everything that it writes about a row asks for that lease, so a worker
//! that was slower than its lease cannot undo what its successor did. Handlers must therefore be idempotent.
use crate::Core;
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::kernel::outbox::{Model, backoff};
use ports::identity::IdentityError;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// Why a delivery failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Worth another try, not before `after` when the other side named a time.
    Retry { reason: String, after: Option<Duration> },
    /// Not its turn yet; that it was asked is no attempt.
    Later { reason: &'static str, after: Duration },
    /// Will never work: for an operator.
    Permanent(String),
}

impl Failure {
    pub fn retry(reason: impl ToString) -> Self {
        Self::Retry { reason: reason.to_string(), after: None }
    }
}

/// An identity provider that is away is asked again, not before it says; everything else that it answers is final.
impl From<IdentityError> for Failure {
    fn from(e: IdentityError) -> Self {
        match e {
            IdentityError::Unavailable { reason, retry_after } => Self::Retry { reason, after: retry_after },
            lasting => Self::Permanent(lasting.to_string()),
        }
    }
}

impl From<crate::Error> for Failure {
    fn from(e: crate::Error) -> Self {
        match e {
            crate::Error::Identity(e) => e.into(),
            e => Self::retry(e),
        }
    }
}

/// What delivers the effects of one kind.
#[async_trait]
pub trait EffectHandler: Send + Sync {
    fn kind(&self) -> &'static str;
    /// After so many failed attempts the effect waits for an operator.
    fn max_attempts(&self) -> i32 {
        20
    }
    /// How long to wait after `attempts` failed ones, when the other side names no time.
    fn pause(&self, attempts: i32) -> TimeDelta {
        backoff(attempts)
    }
    async fn deliver(&self, row: &Model) -> Result<(), Failure>;
    /// Delivers several at once where the other side can take them so; the answers stand in the rows' order.
    async fn deliver_all(&self, rows: &[Model]) -> Vec<Result<(), Failure>> {
        futures::future::join_all(rows.iter().map(|row| self.deliver(row))).await
    }
}

/// How long a lease holds: longer than the slowest handler's own time limits.
const LEASE: TimeDelta = TimeDelta::seconds(120);
const BATCH: u64 = 100;
/// While many requests run: what they then wait for is soon over.
const BATCH_AMONG_MANY: u64 = 10;
/// How old the figures of what waits may be: while there is something to do, and while there is nothing.
const COUNTED_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

fn delivered(kind: &'static str, outcome: &'static str, effects: usize) {
    metrics::counter!("gymapi_outbox_deliveries_total", "kind" => kind, "outcome" => outcome).increment(effects as u64);
}

pub struct Relay {
    core: Core,
    handlers: Vec<Arc<dyn EffectHandler>>,
    lease: String,
}

impl Relay {
    pub fn new(core: &Core, handlers: Vec<Arc<dyn EffectHandler>>) -> Self {
        Self { core: core.clone(), handlers, lease: uuid::Uuid::new_v4().to_string() }
    }

    /// Delivers what is due now; returns how many effects were tried.
    pub async fn run_once(&self) -> crate::Result<usize> {
        let kinds: Vec<_> = self.handlers.iter().map(|h| h.kind()).collect();
        let most = if self.core.underway.is_crowded() { BATCH_AMONG_MANY } else { BATCH };
        let mut rows = self.core.stores.outbox.claim(&self.core.db, &kinds, most, &self.lease, LEASE).await?;
        rows.sort_by_key(|row| row.id);
        let tried = rows.len();
        let mut by_kind: BTreeMap<String, Vec<Model>> = BTreeMap::new();
        for row in rows {
            by_kind.entry(row.kind.clone()).or_default().push(row);
        }
        let groups = by_kind.into_iter().filter_map(|(kind, rows)| {
            let handler = self.handlers.iter().find(|h| h.kind() == kind)?;
            Some(self.deliver_group(handler.as_ref(), rows))
        });
        for settled in futures::future::join_all(groups).await {
            settled?;
        }
        Ok(tried)
    }

    async fn deliver_group(&self, handler: &dyn EffectHandler, rows: Vec<Model>) -> crate::Result<()> {
        let outcomes = handler.deliver_all(&rows).await;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (row, outcome) in rows.iter().zip(outcomes) {
            match outcome {
                Ok(()) => done.push(row.id),
                Err(failure) => failed.push((row, failure)),
            }
        }
        self.core.stores.outbox.finish(&self.core.db, &done, &self.lease).await?;
        delivered(handler.kind(), "done", done.len());
        for (row, failure) in failed {
            self.put_back(handler, row, failure).await?;
        }
        Ok(())
    }

    async fn put_back(&self, handler: &dyn EffectHandler, row: &Model, failure: Failure) -> crate::Result<()> {
        let outbox = &self.core.stores.outbox;
        let kind = handler.kind();
        let label = match failure {
            Failure::Retry { reason, after } if row.attempts < handler.max_attempts() => {
                let pause =
                    after.and_then(|a| TimeDelta::from_std(a).ok()).unwrap_or_else(|| handler.pause(row.attempts));
                let at = self.core.clock.now() + pause;
                tracing::info!(kind, id = %row.id, attempt = row.attempts, reason, "effect postponed");
                outbox.postpone(&self.core.db, row, &self.lease, at, &reason).await?;
                "retry"
            }
            Failure::Later { reason, after } => {
                let at = self.core.clock.now() + TimeDelta::from_std(after).unwrap_or(LEASE);
                outbox.defer(&self.core.db, row, &self.lease, at, reason).await?;
                "deferred"
            }
            Failure::Retry { reason, .. } | Failure::Permanent(reason) => {
                tracing::error!(kind, id = %row.id, attempts = row.attempts, reason, "effect is dead: see the outbox");
                outbox.park(&self.core.db, row.id, &self.lease, &reason).await?;
                "dead"
            }
        };
        delivered(kind, label, 1);
        Ok(())
    }

    /// Tells the metrics how many effects wait for a worker and how many for an operator, whoever made them so.
    async fn count(&self) {
        match self.core.stores.outbox.backlog(&self.core.db).await {
            Ok((waiting, dead)) => {
                metrics::gauge!("gymapi_outbox_pending").set(waiting as f64);
                metrics::gauge!("gymapi_outbox_dead").set(dead as f64);
            }
            Err(error) => tracing::warn!(%error, "the outbox cannot be counted"),
        }
    }

    /// Delivers until `stop` resolves, then hands back what it holds. When nothing is due it waits for an effect that
    /// this process writes, or for a second; while something is, it gives way to this process's requests.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut counted: Option<Instant> = None;
        loop {
            let begun = Instant::now();
            let tried = self.run_once().await;
            let wanted = if matches!(tried, Ok(0)) { COUNTED_EVERY.1 } else { COUNTED_EVERY.0 };
            if counted.is_none_or(|at| at.elapsed() >= wanted) {
                self.count().await;
                counted = Some(Instant::now());
            }
            let pause = match tried {
                // an effect that was done lets the next of its aggregate through
                Ok(1..) => {
                    tokio::select! {
                        () = &mut stop => break,
                        () = tokio::time::sleep(self.core.underway.rest(begun.elapsed())) => continue,
                    }
                }
                Ok(0) => Duration::from_secs(1),
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = &mut stop => break,
                () = self.core.db.effects_written() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.release().await;
    }

    /// Hands back what it holds, also while a delivery runs that nobody waits for any more.
    pub async fn release(&self) {
        if let Err(error) = self.core.stores.outbox.release(&self.core.db, &self.lease).await {
            tracing::warn!(%error, "leases of the outbox end by themselves");
        }
    }
}

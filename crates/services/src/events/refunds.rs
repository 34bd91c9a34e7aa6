//! Money that goes back (EVT-33, EVT-62 … EVT-64): each refund is a task that outlives every crash, done by one worker
//! at a time, and by the payment service once.
use super::{ending::NOT_CONNECTED, seating::stale};
use crate::{
    Core, Error, Ports, Result,
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    EventId, GymId,
    events::{
        participation::{self, PaymentStatus},
        refund,
        refund_task::{self, RefundKind, RefundState},
    },
};
use ports::payments::{Metadata, NewRefund, PaymentError, Payments};
use repository::events::refund_tasks::Wanted;
use std::{sync::Arc, time::Duration};

/// So many refunds run together.
const AT_ONCE: u64 = 5;
/// How long a request waits for refunds of an event; the job does the others (EVT-33).
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nobody else takes a task: longer than the payment service may take, with its repeats.
const LEASE: TimeDelta = TimeDelta::seconds(120);
/// The service's word for a payment of which nothing is left to give back.
const GIVEN_BACK: &str = "charge_already_refunded";

/// An attempt at a refund.
#[derive(Clone, Debug)]
pub(crate) struct Attempted {
    pub task: refund_task::Model,
    /// What went wrong, and the payment service's code for it.
    pub error: Option<(String, Option<String>)>,
}

#[derive(Clone)]
pub(crate) struct Refunds {
    core: Core,
    payments: Arc<dyn Payments>,
}

impl Refunds {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), payments: ports.payments.clone() }
    }

    /// Tries the refunds of an event that are due, at most five together, for at most twenty seconds.
    pub async fn run_tasks_of(&self, gym: GymId, event: EventId) -> Result<Vec<Attempted>> {
        let mut attempted = Vec::new();
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            // one that is cut off is tried again when its lease ends, by the same key
            match tokio::time::timeout_at(until, self.run(Wanted::OfEvent(gym, event))).await {
                Ok(some) => match some? {
                    done if done.is_empty() => return Ok(attempted),
                    done => attempted.extend(done),
                },
                Err(_) => return Ok(attempted),
            }
        }
    }

    /// Tries one refund now, if it is due.
    pub async fn run_one(&self, task: &refund_task::Model) -> Result<Option<Attempted>> {
        Ok(self.run(Wanted::One(task.gym_id, task.id)).await?.pop())
    }

    /// Tries every refund that is due; returns how many went through and how many did not.
    pub async fn run_due(&self) -> Result<(usize, usize)> {
        let (mut done, mut failed) = (0, 0);
        loop {
            let attempted = self.run(Wanted::Due).await?;
            if attempted.is_empty() {
                return Ok((done, failed));
            }
            failed += attempted.iter().filter(|one| one.error.is_some()).count();
            done += attempted.iter().filter(|one| one.error.is_none()).count();
        }
    }

    async fn run(&self, wanted: Wanted) -> Result<Vec<Attempted>> {
        let core = &self.core;
        let now = core.clock.now();
        let claim =
            async |tx: repository::Tx| core.stores.refund_tasks.claim(&tx, wanted, now, now + LEASE, AT_ONCE).await;
        let claimed = core.db.run(claim).await?;
        let attempts = claimed.into_iter().map(|task| self.attempt(task));
        futures::future::try_join_all(attempts).await
    }

    /// Outside any transaction; what came of it is written in one.
    async fn attempt(&self, task: refund_task::Model) -> Result<Attempted> {
        let core = &self.core;
        let account = core.stores.payment_accounts.of_gym(&core.db, task.gym_id).await?;
        let intent = task.payment_intent_id.clone();
        let (Some(account), Some(intent)) = (account, intent) else {
            return self.failed(task, NOT_CONNECTED.to_owned(), None, true).await;
        };
        let new = NewRefund {
            amount: task.amount_cents.into(),
            metadata: self.metadata(&task).await?,
            key: refund::key(task.participation_id, &intent),
            intent,
        };
        match self.payments.refund(&account.stripe_account_id, &new).await {
            Ok(made) => self.done(task, Some(made.id)).await,
            // by hand, at the payment service itself
            Err(PaymentError::Refused { code: Some(code), .. }) if code == GIVEN_BACK => self.done(task, None).await,
            Err(error) => {
                let code = match &error {
                    PaymentError::Refused { code, .. } => code.clone(),
                    _ => None,
                };
                self.failed(task, error.to_string(), code, false).await
            }
        }
    }

    async fn metadata(&self, task: &refund_task::Model) -> Result<Metadata> {
        let core = &self.core;
        let mut metadata: Metadata = [
            ("event_id", task.event_id.to_string()),
            ("participation_id", task.participation_id.to_string()),
            ("refund_reason", task.reason.clone().unwrap_or_else(|| task.kind.as_str().to_owned())),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        if task.kind == RefundKind::EventCancelled {
            let found = core.stores.joined.with_event(&core.db, task.gym_id, task.participation_id).await?;
            if let Some(by) = found.and_then(|(_, event)| event.cancelled_by_user_id) {
                metadata.insert("cancelled_by_user_id".to_owned(), by.to_string());
            }
        }
        Ok(metadata)
    }

    async fn done(&self, task: refund_task::Model, refund: Option<String>) -> Result<Attempted> {
        let core = &self.core;
        let settled = core.db.run(async |tx| core.refund_done(&tx, &task, refund.clone()).await).await?;
        core.committed(&stale(task.gym_id)).await;
        Ok(Attempted { task: settled.unwrap_or(task), error: None })
    }

    async fn failed(
        &self,
        task: refund_task::Model,
        error: String,
        code: Option<String>,
        for_good: bool,
    ) -> Result<Attempted> {
        let core = &self.core;
        tracing::warn!(task = %task.id, attempts = task.attempts, error, "a refund failed");
        let pause = refund::pause_after(task.attempts).filter(|_| !for_good);
        let change = refund_task::Update {
            state: Some(if pause.is_some() { RefundState::Pending } else { RefundState::Failed }),
            next_attempt_at: pause.map(|pause| core.clock.now() + pause),
            last_error: Some(Some(error.clone())),
            ..Default::default()
        };
        let written = core.db.run(async |tx| {
            let written = core.stores.refund_tasks.settle(&tx, task.gym_id, task.id, change.clone()).await?;
            if let Some(failed) = written.as_ref().filter(|task| task.state == RefundState::Failed) {
                let gym = core.gym_of(&tx, task.gym_id).await?;
                let event = core.hold_event(&tx, task.gym_id, task.event_id).await?;
                core.refund_failed(&tx, &gym, &event, failed).await?;
            }
            Ok::<_, Error>(written)
        });
        let written = written.await?;
        core.committed(&stale(task.gym_id)).await;
        Ok(Attempted { task: written.unwrap_or(task), error: Some((error, code)) })
    }
}

impl Core {
    /// Writes that a refund went through, if nobody has yet: the payer's row, the event's sum, and what they are told.
    /// A seat for want of which it went back may be had by now: then its payer is next, and pays again (EVT-45).
    pub(super) async fn refund_done(
        &self,
        tx: &repository::Tx,
        task: &refund_task::Model,
        refund: Option<String>,
    ) -> Result<Option<refund_task::Model>> {
        let (gym, stores, now) = (task.gym_id, &self.stores, self.clock.now());
        let event = self.hold_event(tx, gym, task.event_id).await?;
        let change = refund_task::Update {
            state: Some(RefundState::Done),
            stripe_refund_id: Some(refund),
            last_error: Some(None),
            ..Default::default()
        };
        let Some(settled) = stores.refund_tasks.settle(tx, gym, task.id, change).await? else { return Ok(None) };
        let row = stores.event_participations.get(tx, gym, task.participation_id).await?;
        let its = row.filter(|row| {
            row.payment_status == Some(PaymentStatus::Paid) && row.stripe_payment_intent_id == task.payment_intent_id
        });
        if let Some(row) = its {
            let change = participation::Update {
                payment_status: Some(Some(PaymentStatus::Refunded)),
                refund_amount_cents: Some(Some(task.amount_cents)),
                refund_date: Some(Some(now)),
                ..Default::default()
            };
            stores.event_participations.update(tx, gym, row.id, change).await?;
        }
        stores.refund_tasks.count(tx, gym, event.id, task.amount_cents).await?;
        let gym = self.gym_of(tx, gym).await?;
        self.refunded(tx, &gym, &event, &settled).await?;
        if task.kind == RefundKind::Unseated {
            self.promote_in_event(tx, &gym, &event, now).await?;
        }
        Ok(Some(settled))
    }
}

/// Tries refunds again that did not go through (EVT-63).
pub(crate) struct RefundRetry {
    refunds: Refunds,
}

impl RefundRetry {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { refunds: Refunds::new(core, ports) }
    }
}

#[async_trait]
impl Job for RefundRetry {
    fn name(&self) -> &'static str {
        "refund_retry"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(1))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (done, failed) = self.refunds.run_due().await.map_err(|e| e.to_string())?;
        Ok(format!("{done} given back, {failed} not"))
    }
}

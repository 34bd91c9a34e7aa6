//! What an operator sees and does: effects and messages that failed too often, and how the scheduled jobs went.
use super::dead_effects::{DeadEffect, DeadEffects};
use crate::{Caller, Core, Ports, Refusal, Result, error::Class};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{OutboxId, kernel::job};
use ports::{
    Queue,
    queue::{DeadLetter, QueueError},
};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

pub const NO_QUEUE: Refusal =
    Refusal::conflict("queue_not_configured", "No queue is configured.", "No hay ninguna cola configurada.");
pub const QUEUE_AWAY: Refusal =
    Refusal::unavailable("queue_unavailable", "The queue did not answer.", "La cola no respondió.");
pub const QUEUE_REFUSED: Refusal = Refusal::new(
    Class::Conflict,
    "queue_refused",
    "The queue refused: is its dead-letter queue configured?",
    "La cola lo rechazó: ¿está configurada su cola de mensajes fallidos?",
);
pub const DEAD_LETTER_NOT_FOUND: Refusal =
    Refusal::not_found("dead_letter_not_found", "There is no such dead letter.", "No existe ese mensaje fallido.");
pub const DEAD_EFFECT_NOT_FOUND: Refusal =
    Refusal::not_found("dead_effect_not_found", "There is no such dead effect.", "No existe ese efecto fallido.");

/// A message that failed too often. What it carries is left out: that may be personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeadMessage {
    pub id: String,
    /// Of an event, its id.
    pub group: String,
    /// `create_event_chat` and so on; null when the message cannot be read.
    pub action: Option<String>,
    /// How often it was delivered, at least.
    pub attempts: u32,
}

impl From<DeadLetter> for DeadMessage {
    fn from(letter: DeadLetter) -> Self {
        let body: Option<serde_json::Value> = serde_json::from_str(&letter.body).ok();
        let action = body.and_then(|body| Some(body.get("action")?.as_str()?.to_owned()));
        Self { id: letter.id, group: letter.group, action, attempts: letter.attempts }
    }
}

/// The effects that wait for an operator, oldest first, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeadEffectList {
    pub total: u64,
    pub effects: Vec<DeadEffect>,
}

/// How a scheduled job goes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JobState {
    pub name: String,
    pub next_run_at: DateTime<Utc>,
    /// Whether an instance has it now.
    pub is_running: bool,
    pub last_started_at: Option<DateTime<Utc>>,
    pub last_finished_at: Option<DateTime<Utc>>,
    /// Of the last run that ended.
    pub last_duration_seconds: Option<f64>,
    /// `ok: …` or `error: …`.
    pub last_outcome: Option<String>,
}

impl JobState {
    fn of(row: job::Model, now: DateTime<Utc>) -> Self {
        let took = |(from, to): (DateTime<Utc>, DateTime<Utc>)| (to - from).as_seconds_f64();
        let ended = row.last_started_at.zip(row.last_finished_at).filter(|(from, to)| from <= to);
        Self {
            name: row.name,
            next_run_at: row.next_run_at,
            is_running: row.leased_until.is_some_and(|until| until > now),
            last_started_at: row.last_started_at,
            last_finished_at: row.last_finished_at,
            last_duration_seconds: ended.map(took),
            last_outcome: row.last_outcome,
        }
    }
}

/// For administrators of the platform, and nobody else.
#[async_trait]
pub trait Operators: Send + Sync {
    /// A look at the messages that failed too often, oldest first.
    ///
    /// # Errors
    /// [`NO_QUEUE`], [`QUEUE_REFUSED`], [`QUEUE_AWAY`].
    async fn dead_letters(&self, caller: &Caller, max: usize) -> Result<Vec<DeadMessage>>;
    /// Sends one again.
    ///
    /// # Errors
    /// [`DEAD_LETTER_NOT_FOUND`], and those of the look.
    async fn replay_letter(&self, caller: &Caller, id: &str) -> Result<()>;
    async fn dead_effects(&self, caller: &Caller, max: u64) -> Result<DeadEffectList>;
    /// # Errors
    /// [`DEAD_EFFECT_NOT_FOUND`].
    async fn replay_effect(&self, caller: &Caller, id: OutboxId) -> Result<()>;
    /// Sends all again; returns how many.
    async fn replay_effects(&self, caller: &Caller) -> Result<u64>;
    /// By name.
    async fn jobs(&self, caller: &Caller) -> Result<Vec<JobState>>;
}

pub struct OperatorService {
    core: Core,
    queue: Option<Arc<dyn Queue>>,
    effects: DeadEffects,
}

impl OperatorService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), queue: ports.queue.clone(), effects: DeadEffects::new(&core.db) }
    }

    fn queue(&self) -> Result<&Arc<dyn Queue>> {
        Ok(self.queue.as_ref().ok_or(NO_QUEUE)?)
    }
}

fn refusal(error: QueueError) -> Refusal {
    tracing::warn!(%error, "the dead letters cannot be used");
    match error {
        QueueError::Refused(_) | QueueError::TooLarge { .. } => QUEUE_REFUSED,
        QueueError::Unavailable(_) | QueueError::ReceiptExpired => QUEUE_AWAY,
    }
}

#[async_trait]
impl Operators for OperatorService {
    async fn dead_letters(&self, caller: &Caller, max: usize) -> Result<Vec<DeadMessage>> {
        caller.must_be_super_admin()?;
        let letters = self.queue()?.dead_letters(max).await.map_err(refusal)?;
        Ok(letters.into_iter().map(DeadMessage::from).collect())
    }

    async fn replay_letter(&self, caller: &Caller, id: &str) -> Result<()> {
        caller.must_be_super_admin()?;
        let found = self.queue()?.replay(id).await.map_err(refusal)?;
        if found { Ok(()) } else { Err(DEAD_LETTER_NOT_FOUND.into()) }
    }

    async fn dead_effects(&self, caller: &Caller, max: u64) -> Result<DeadEffectList> {
        caller.must_be_super_admin()?;
        let (effects, total) = self.effects.list(max).await?;
        Ok(DeadEffectList { total, effects })
    }

    async fn replay_effect(&self, caller: &Caller, id: OutboxId) -> Result<()> {
        caller.must_be_super_admin()?;
        if !self.effects.replay(id).await? {
            return Err(DEAD_EFFECT_NOT_FOUND.into());
        }
        Ok(())
    }

    async fn replay_effects(&self, caller: &Caller) -> Result<u64> {
        caller.must_be_super_admin()?;
        self.effects.replay_all().await
    }

    async fn jobs(&self, caller: &Caller) -> Result<Vec<JobState>> {
        caller.must_be_super_admin()?;
        let rows = self.core.stores.jobs.all(&self.core.db).await?;
        let now = self.core.clock.now();
        Ok(rows.into_iter().map(|row| JobState::of(row, now)).collect())
    }
}

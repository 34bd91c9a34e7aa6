//! Effects that could not be delivered, for operators: to look at, and to send again when the cause is gone.
use crate::Result;
use chrono::{DateTime, Utc};
use domain::{OutboxId, kernel::outbox::Model, kernel::secret};
use repository::{
    Db,
    kernel::outbox::{Outbox, SeaOutbox},
};
use std::sync::Arc;

/// An effect that waits for an operator. What it carries is left out: that may be personal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct DeadEffect {
    pub id: OutboxId,
    pub kind: String,
    pub aggregate: String,
    pub attempts: i32,
    pub written_at: DateTime<Utc>,
    /// Why the last attempt failed, on one line, with secrets masked.
    pub error: String,
}

/// For whoever administers the installation: nobody is asked who they are.
pub struct DeadEffects {
    db: Db,
    outbox: Arc<dyn Outbox>,
}

impl DeadEffects {
    pub fn new(db: &Db) -> Self {
        Self { db: db.clone(), outbox: Arc::new(SeaOutbox) }
    }

    /// The oldest `limit`, oldest first, and how many there are in all.
    pub async fn list(&self, limit: u64) -> Result<(Vec<DeadEffect>, u64)> {
        let rows = self.outbox.dead(&self.db, limit).await?;
        let (_, all) = self.outbox.backlog(&self.db).await?;
        Ok((rows.into_iter().map(DeadEffect::from).collect(), all))
    }

    /// Sends one again: a worker takes it within a second. False when no dead effect has this id.
    pub async fn replay(&self, id: OutboxId) -> Result<bool> {
        Ok(self.outbox.replay(&self.db, id).await?)
    }

    /// Sends all again; returns how many.
    pub async fn replay_all(&self) -> Result<u64> {
        Ok(self.outbox.replay_all(&self.db).await?)
    }
}

impl From<Model> for DeadEffect {
    fn from(row: Model) -> Self {
        let error = row.last_error.unwrap_or_default();
        Self {
            id: row.id,
            kind: row.kind,
            aggregate: row.aggregate,
            attempts: row.attempts,
            written_at: row.created_at,
            error: secret::masked(&error.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
}

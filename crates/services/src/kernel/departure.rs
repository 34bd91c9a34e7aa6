//! What the contexts do when somebody leaves a gym, in the transaction that ends the membership (IDN-49).
use super::cache_key::CacheKey;
use crate::Result;
use async_trait::async_trait;
use domain::{GymId, UserId};
use repository::Tx;
use std::sync::Arc;

/// A context that keeps something of a gym's people.
#[async_trait]
pub trait Departure: Send + Sync {
    /// Called after the membership's row is gone; returns what became stale.
    async fn left(&self, tx: &Tx, gym: GymId, user: UserId) -> Result<Vec<CacheKey>>;
}

/// All of them.
#[derive(Clone, Default)]
pub struct Departures(Vec<Arc<dyn Departure>>);

impl Departures {
    pub fn new(contexts: Vec<Arc<dyn Departure>>) -> Self {
        Self(contexts)
    }

    /// Tells every context, in the transaction that ends the membership; returns what became stale.
    pub async fn left(&self, tx: &Tx, gym: GymId, user: UserId) -> Result<Vec<CacheKey>> {
        let mut stale = Vec::new();
        for context in &self.0 {
            stale.extend(context.left(tx, gym, user).await?);
        }
        Ok(stale)
    }
}

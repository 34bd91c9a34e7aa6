//! Short-lived values that may be read once: login states (IDN-111).
use crate::CacheError;
use async_trait::async_trait;
use moka::sync::Cache as Moka;
use std::time::{Duration, Instant};

#[async_trait]
pub trait OneTimeStore: Send + Sync + 'static {
    async fn put(&self, key: &str, value: String, ttl: Duration) -> Result<(), CacheError>;
    /// Takes the value out; of two concurrent takers one gets it.
    async fn take(&self, key: &str) -> Result<Option<String>, CacheError>;
}

/// The embedded store: one process, no value older than ten minutes.
pub struct MemoryOneTimeStore(Moka<String, (String, Instant)>);

impl Default for MemoryOneTimeStore {
    fn default() -> Self {
        Self(Moka::builder().max_capacity(100_000).time_to_live(Duration::from_secs(600)).build())
    }
}

#[async_trait]
impl OneTimeStore for MemoryOneTimeStore {
    async fn put(&self, key: &str, value: String, ttl: Duration) -> Result<(), CacheError> {
        self.0.insert(key.to_owned(), (value, Instant::now() + ttl));
        Ok(())
    }

    async fn take(&self, key: &str) -> Result<Option<String>, CacheError> {
        Ok(self.0.remove(key).filter(|(_, ends)| Instant::now() < *ends).map(|(value, _)| value))
    }
}

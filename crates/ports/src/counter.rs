//! Counting for rate limits, in the store that all instances share (IDN-93, IDN-104).
use crate::CacheError;
use async_trait::async_trait;
use moka::{Expiry, sync::Cache as Moka};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What a hit counted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hits {
    /// Hits in the window, this one included. For a sliding window: the estimate of Cloudflare's two-bucket formula,
    /// `current + previous · (1 − elapsed share of the current bucket)`.
    pub count: f64,
    /// Until the window (or, sliding, its current bucket) ends.
    pub resets_in: Duration,
}

#[async_trait]
pub trait Counter: Send + Sync + 'static {
    /// Counts one hit in a window that slides with the clock.
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError>;
    /// Counts one hit in a window that starts with the key's first hit.
    async fn fixed(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        self.add(key, 1, window).await
    }
    /// Counts many hits at once in such a window.
    async fn add(&self, key: &str, hits: u64, window: Duration) -> Result<Hits, CacheError>;
}

/// The bucket of a sliding window that is now, and how far into it we are (0.0 ..< 1.0).
pub fn bucket(window: Duration) -> (u64, f64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let width = (window.as_millis() as u64).max(1);
    (now / width, (now % width) as f64 / width as f64)
}

/// The sliding estimate from two buckets.
pub fn estimate(current: u64, previous: u64, elapsed: f64, window: Duration) -> Hits {
    Hits { count: current as f64 + previous as f64 * (1.0 - elapsed), resets_in: window.mul_f64(1.0 - elapsed) }
}

#[derive(Clone)]
struct Bucket {
    hits: Arc<AtomicU64>,
    ends: Instant,
}

struct UntilEnd;

impl Expiry<String, Bucket> for UntilEnd {
    fn expire_after_create(&self, _: &String, b: &Bucket, now: Instant) -> Option<Duration> {
        Some(b.ends.saturating_duration_since(now))
    }
}

/// The embedded counter: one process.
pub struct MemoryCounter(Moka<String, Bucket>);

impl Default for MemoryCounter {
    fn default() -> Self {
        Self(Moka::builder().max_capacity(200_000).expire_after(UntilEnd).build())
    }
}

impl MemoryCounter {
    fn bucket(&self, key: &str, ttl: Duration) -> Bucket {
        self.0.get_with_by_ref(key, || Bucket { hits: Arc::default(), ends: Instant::now() + ttl })
    }
}

#[async_trait]
impl Counter for MemoryCounter {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        let (now, elapsed) = bucket(window);
        let current = self.bucket(&format!("{key}:{now}"), window * 2).hits.fetch_add(1, Relaxed) + 1;
        let previous = self.0.get(&format!("{key}:{}", now.saturating_sub(1))).map_or(0, |b| b.hits.load(Relaxed));
        Ok(estimate(current, previous, elapsed, window))
    }

    async fn add(&self, key: &str, hits: u64, window: Duration) -> Result<Hits, CacheError> {
        let bucket = self.bucket(key, window);
        let count = (bucket.hits.fetch_add(hits, Relaxed) + hits) as f64;
        Ok(Hits { count, resets_in: bucket.ends.saturating_duration_since(Instant::now()) })
    }
}

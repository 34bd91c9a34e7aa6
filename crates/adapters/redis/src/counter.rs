use crate::{RedisStore, cache::millis};
use async_trait::async_trait;
use deadpool_redis::redis;
use ports::{
    CacheError, Counter,
    counter::{Hits, bucket, estimate},
};
use std::time::Duration;

/// `PEXPIRE … NX` sets a lifetime only where there is none. So a window is not prolonged by its hits, and whatever
/// happens between two commands, no counter lives for ever: one that has no end gets it with the next hit.
#[async_trait]
impl Counter for RedisStore {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        let (now, elapsed) = bucket(window);
        let current = self.keys.sliding(key, now);
        let mut commands = redis::pipe();
        commands.cmd("INCR").arg(&current);
        commands.cmd("PEXPIRE").arg(&current).arg(millis(window).saturating_mul(2)).arg("NX").ignore();
        commands.cmd("GET").arg(self.keys.sliding(key, now.saturating_sub(1)));
        let (current, previous): (u64, Option<u64>) = self.ask_counted("slide", &commands).await?;
        Ok(estimate(current, previous.unwrap_or(0), elapsed, window))
    }

    async fn add(&self, key: &str, hits: u64, window: Duration) -> Result<Hits, CacheError> {
        let key = self.keys.fixed(key);
        let mut commands = redis::pipe();
        commands.cmd("INCRBY").arg(&key).arg(hits);
        commands.cmd("PEXPIRE").arg(&key).arg(millis(window)).arg("NX").ignore();
        commands.cmd("PTTL").arg(&key);
        let (count, left): (u64, i64) = self.ask_counted("fixed", &commands).await?;
        // negative: the window ended between the commands
        Ok(Hits { count: count as f64, resets_in: Duration::from_millis(u64::try_from(left).unwrap_or(0)) })
    }
}

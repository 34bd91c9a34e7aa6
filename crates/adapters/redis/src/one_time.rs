use crate::{RedisStore, cache::millis};
use async_trait::async_trait;
use deadpool_redis::redis;
use ports::{CacheError, OneTimeStore};
use std::time::Duration;

#[async_trait]
impl OneTimeStore for RedisStore {
    async fn put(&self, key: &str, value: String, ttl: Duration) -> Result<(), CacheError> {
        let mut commands = redis::pipe();
        commands.cmd("PSETEX").arg(self.keys.one_time(key)).arg(millis(ttl)).arg(value).ignore();
        self.ask_counted("put_once", &commands).await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, CacheError> {
        let mut commands = redis::pipe();
        commands.cmd("GETDEL").arg(self.keys.one_time(key));
        let (value,): (Option<String>,) = self.ask_counted("take_once", &commands).await?;
        Ok(value)
    }
}

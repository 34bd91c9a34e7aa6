use crate::{connections::Connections, keys::Keys};
use deadpool_redis::redis::{self, FromRedisValue, Pipeline};
use ports::CacheError;
use std::time::Instant;

/// One Redis for everything that instances share: [`ports::Cache`], [`ports::Counter`] and [`ports::OneTimeStore`].
///
/// Hold it in an `Arc` and hand it to whoever needs one of the three ports.
pub struct RedisStore {
    connections: Connections,
    pub(crate) keys: Keys,
}

impl RedisStore {
    /// Prepares a store at `url` (`redis://[user:password@]host[:port][/db]`, or `rediss://…` for TLS, where the
    /// server's certificate must be one that this system trusts); every key starts with `prefix`.
    ///
    /// Nothing is dialled here: the server may be down now and come up later. `pool_size` is the number of
    /// connections (at least 1); tasks share them, so a few serve any number of tasks.
    ///
    /// # Errors
    /// When the address cannot be read, or asks not to check certificates.
    pub fn connect(url: &str, prefix: &str, pool_size: usize) -> Result<Self, CacheError> {
        Ok(Self { connections: Connections::new(url, pool_size)?, keys: Keys::new(prefix) })
    }

    /// Whether the server answers, for readiness checks.
    ///
    /// # Errors
    /// When it does not, within 0.2 s (0.4 s when it has to be dialled first).
    pub async fn ping(&self) -> Result<(), CacheError> {
        let mut commands = redis::pipe();
        commands.cmd("PING");
        self.ask::<(String,)>(&commands).await.map(|_| ())
    }

    /// Sends the commands in one round trip.
    pub(crate) async fn ask<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, CacheError> {
        self.connections.ask(commands).await
    }

    /// Like [`Self::ask`], and counted (IDN-101). Not for the calls that `CacheFront` makes, which counts its own.
    pub(crate) async fn ask_counted<T: FromRedisValue>(
        &self,
        operation: &'static str,
        commands: &Pipeline,
    ) -> Result<T, CacheError> {
        let started = Instant::now();
        let outcome = self.ask(commands).await;
        metrics::histogram!("gymapi_redis_operation_duration_seconds", "operation" => operation)
            .record(started.elapsed().as_secs_f64());
        let status = if outcome.is_ok() { "ok" } else { "error" };
        metrics::counter!("gymapi_redis_operations_total", "operation" => operation, "status" => status).increment(1);
        if outcome.is_err() {
            metrics::counter!("gymapi_redis_connection_errors_total").increment(1);
        }
        outcome
    }
}

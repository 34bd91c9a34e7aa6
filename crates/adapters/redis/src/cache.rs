use crate::{RedisStore, connections::unavailable};
use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::redis::{self, RedisWrite, ToRedisArgs, Value};
use ports::{
    Cache, CacheError, Ns,
    cache::{Lookup, Version},
};
use std::{io::Write, time::Duration};

/// Seconds that a version lives after it was written. Reading does not extend it: one that ends costs each value of
/// its namespace one miss, and the next version is a new random number, under which no old value is readable.
const VERSION_TTL: u64 = 7 * 24 * 3600;

/// Keys that one step of a walk through the key space looks at (IDN-98).
const PAGE: u32 = 100;

/// What is stored: eight bytes of version, then the value.
struct Envelope<'a>(Version, &'a [u8]);

impl ToRedisArgs for Envelope<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.reserve_space_for_args([8 + self.1.len()]);
        let mut arg = out.writer_for_next_arg();
        let written = arg.write_all(&self.0.0.to_le_bytes()).and_then(|()| arg.write_all(self.1));
        debug_assert!(written.is_ok(), "the command's buffer is memory");
    }
}

/// The value in an envelope, if it was stored under `version`. A slice of the answer's buffer, not a copy.
fn open(envelope: Option<Bytes>, version: Version) -> Option<Bytes> {
    envelope.filter(|e| e.starts_with(&version.0.to_le_bytes())).map(|e| e.slice(8..))
}

impl RedisStore {
    /// What this process read a moment ago, if nothing has changed since.
    fn copy(&self, ns: &Ns, key: &str) -> Option<Lookup> {
        let (version, value) = self.near.get(ns, key)?;
        Some(Lookup { version, value: Some(value) })
    }

    /// Gives a version to the namespaces that have none: new ones, and those whose version expired or was evicted.
    /// `SET NX`, so that processes that race agree on one; then the version that stands.
    async fn found(&self, namespaces: &[&Ns]) -> Result<Vec<u64>, CacheError> {
        let mut commands = redis::pipe();
        for ns in namespaces {
            let key = self.keys.version(ns);
            commands.cmd("SET").arg(&key).arg(Version::fresh().0).arg("NX").arg("EX").arg(VERSION_TTL).ignore();
            commands.cmd("GET").arg(&key);
        }
        self.ask(&commands).await
    }

    /// Asks Redis, and keeps copies of what it answers.
    async fn read(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        self.watch();
        // before the question: what changes while it is asked must not be kept
        let marks: Vec<_> = keys.iter().map(|(ns, _)| self.near.mark(ns)).collect();
        let mut commands = redis::pipe();
        for (ns, key) in keys {
            commands.cmd("MGET").arg(self.keys.version(ns)).arg(self.keys.data(ns, key));
        }
        // a copy must not outlive its original
        for ((ns, key), _) in keys.iter().zip(&marks).filter(|(_, mark)| mark.is_some()) {
            commands.cmd("PTTL").arg(self.keys.data(ns, key));
        }
        let mut answers = self.ask::<Vec<Value>>(&commands).await?.into_iter();
        let found: Vec<(Option<u64>, Option<Bytes>)> = answers
            .by_ref()
            .take(keys.len())
            .map(redis::from_redis_value)
            .collect::<Result<_, _>>()
            .map_err(unavailable)?;
        let new: Vec<&Ns> = keys.iter().zip(&found).filter(|(_, f)| f.0.is_none()).map(|((ns, _), _)| *ns).collect();
        let mut founded = if new.is_empty() { Vec::new() } else { self.found(&new).await? }.into_iter();
        let mut lookups = Vec::with_capacity(keys.len());
        for (((ns, key), mark), (version, envelope)) in keys.iter().zip(marks).zip(found) {
            let version = version.or_else(|| founded.next()).map(Version);
            let version = version.ok_or_else(|| CacheError::Unavailable("a version was lost".to_owned()))?;
            let value = open(envelope, version);
            if let Some(mark) = mark {
                let left: i64 = redis::from_redis_value(answers.next().unwrap_or(Value::Nil)).map_err(unavailable)?;
                // negative: it is not there, or would live for ever, which nothing of ours does
                if let (Some(value), Ok(left)) = (&value, u64::try_from(left)) {
                    self.near.keep(ns, key, mark, version, value, Duration::from_millis(left));
                }
            }
            lookups.push(Lookup { version, value });
        }
        Ok(lookups)
    }
}

#[async_trait]
impl Cache for RedisStore {
    async fn get_many(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let copies: Option<Vec<Lookup>> = keys.iter().map(|(ns, key)| self.copy(ns, key)).collect();
        match copies {
            Some(copies) => Ok(copies),
            // boxed: the state of a question is large, and most callers need none
            None => Box::pin(self.read(keys)).await,
        }
    }

    async fn put(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        let mut commands = redis::pipe();
        commands.cmd("PSETEX").arg(self.keys.data(ns, key)).arg(millis(ttl)).arg(Envelope(version, &value)).ignore();
        self.ask(&commands).await
    }

    async fn bump(&self, namespaces: &[&Ns]) -> Result<(), CacheError> {
        let mut commands = redis::pipe();
        for ns in namespaces {
            commands.cmd("SET").arg(self.keys.version(ns)).arg(Version::fresh().0).arg("EX").arg(VERSION_TTL).ignore();
        }
        let outcome = self.ask(&commands).await;
        // Redis's word comes over another connection, and this process's next read must not come before it
        namespaces.iter().for_each(|ns| self.near.forget(ns.as_str()));
        outcome
    }

    async fn clear_matching(&self, pattern: &str) -> Result<u64, CacheError> {
        let pattern = self.keys.data_matching(pattern);
        let (mut cursor, mut deleted) = (0_u64, 0);
        loop {
            let mut scan = redis::pipe();
            scan.cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(PAGE);
            let ((next, page),): ((u64, Vec<Bytes>),) = self.ask_counted("scan", &scan).await?;
            if !page.is_empty() {
                // one command a key, so that the keys may stand in different cluster slots
                let mut unlink = redis::pipe();
                for key in &page {
                    unlink.cmd("UNLINK").arg(key.as_ref());
                }
                deleted += self.ask_counted::<Vec<u64>>("delete", &unlink).await?.into_iter().sum::<u64>();
            }
            if next == 0 {
                // the sign for everything: to every process that listens, and to this one at once
                let mut sign = redis::pipe();
                sign.cmd("SET").arg(self.keys.everything()).arg(0).arg("EX").arg(1).ignore();
                self.ask::<()>(&sign).await?;
                self.near.forget_all();
                return Ok(deleted);
            }
            cursor = next;
        }
    }
}

/// Whole milliseconds, at least one: Redis refuses a lifetime of none.
pub(crate) fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX >> 1).max(1)
}

//! The issuer's keys at hand, and when they are fetched again (IDN-3).
//!
//! Readers take no lock. Fetches run one at a time, in a task of their own, so that a request whose client went away
//! does not take a fetch with it that others wait for. Four occasions lead to a fetch:
//!
//! 1. there are no keys yet: the request waits; after a failure the next fetch is not before `retry_interval`,
//! 2. three quarters of `cache` have passed: in the background, nobody waits,
//! 3. `cache` has passed: the request waits; where the fetch fails the old keys stay in use,
//! 4. a token names an unknown key: the request waits, at most once per `forced_refresh_interval`.
use crate::{
    key_set::KeySet,
    key_source::{FetchError, KeyFetcher},
    options::Options,
};
use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use ports::Clock;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// One state of the key ring.
pub(crate) struct Keys {
    pub(crate) set: KeySet,
    /// Changes whenever a key went or changed: what was verified under another number is to be verified again.
    pub(crate) generation: u64,
    /// `None`: never.
    fetched_at: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct Attempts {
    last_forced: Option<DateTime<Utc>>,
    last_failed: Option<DateTime<Utc>>,
}

enum Occasion {
    NoKeys,
    Ageing,
    Aged,
    UnknownKey(String),
}

pub(crate) struct KeyRing {
    keys: ArcSwap<Keys>,
    /// Absent where the keys were given.
    fetcher: Option<KeyFetcher>,
    attempts: Mutex<Attempts>,
    clock: Arc<dyn Clock>,
    cache: TimeDelta,
    forced_refresh_interval: TimeDelta,
    retry_interval: TimeDelta,
}

impl KeyRing {
    pub(crate) fn fetched(options: &Options, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        Ok(Self::new(options, clock, Some(KeyFetcher::new(options)?), KeySet::default()))
    }

    /// Keys that never change.
    pub(crate) fn given(options: &Options, clock: Arc<dyn Clock>, set: KeySet) -> Self {
        Self::new(options, clock, None, set)
    }

    fn new(options: &Options, clock: Arc<dyn Clock>, fetcher: Option<KeyFetcher>, set: KeySet) -> Self {
        Self {
            keys: ArcSwap::from_pointee(Keys { set, generation: 0, fetched_at: None }),
            fetcher,
            attempts: Mutex::default(),
            clock,
            cache: delta(options.cache),
            forced_refresh_interval: delta(options.forced_refresh_interval),
            retry_interval: delta(options.retry_interval),
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.keys.load().generation
    }

    /// The keys to verify with now, `None` while none were ever fetched.
    pub(crate) async fn current(self: &Arc<Self>) -> Option<Arc<Keys>> {
        let keys = self.keys.load_full();
        if self.fetcher.is_none() {
            return Some(keys);
        }
        match self.age(&keys) {
            None => self.refresh(Occasion::NoKeys).await,
            Some(age) if age >= self.cache => self.refresh(Occasion::Aged).await,
            Some(age) => {
                if age >= self.ageing() && self.attempts.try_lock().is_ok() {
                    let ring = Arc::clone(self);
                    tokio::spawn(async move { ring.attempt(Occasion::Ageing).await });
                }
                return Some(keys);
            }
        }
        let keys = self.keys.load_full();
        keys.fetched_at.is_some().then_some(keys)
    }

    /// The keys after one more look at what the issuer publishes, should another look be due.
    pub(crate) async fn with_unknown_key(self: &Arc<Self>, kid: &str) -> Arc<Keys> {
        if self.fetcher.is_some() {
            self.refresh(Occasion::UnknownKey(kid.to_owned())).await;
        }
        self.keys.load_full()
    }

    /// Fetches the keys if there are none.
    pub(crate) async fn warm_up(&self) -> Result<(), FetchError> {
        let Some(fetcher) = &self.fetcher else { return Ok(()) };
        let mut attempts = self.attempts.lock().await;
        if self.keys.load().fetched_at.is_some() {
            return Ok(());
        }
        self.fetch(fetcher, &mut attempts).await
    }

    async fn refresh(self: &Arc<Self>, occasion: Occasion) {
        let ring = Arc::clone(self);
        // A fetch that was cut off by the end of the process has changed nothing.
        let _ = tokio::spawn(async move { ring.attempt(occasion).await }).await;
    }

    /// Waits for a fetch that is under way and makes another one only where that did not help and the time has come.
    async fn attempt(&self, occasion: Occasion) {
        let Some(fetcher) = &self.fetcher else { return };
        let mut attempts = self.attempts.lock().await;
        let (keys, now) = (self.keys.load_full(), self.clock.now());
        let passed = |since: Option<DateTime<Utc>>, least| since.is_none_or(|at| now - at >= least);
        let older_than = |least| self.age(&keys).is_some_and(|age| age >= least);
        let due = match occasion {
            Occasion::NoKeys => keys.fetched_at.is_none() && passed(attempts.last_failed, self.retry_interval),
            Occasion::Ageing => older_than(self.ageing()) && passed(attempts.last_failed, self.retry_interval),
            Occasion::Aged => older_than(self.cache) && passed(attempts.last_failed, self.retry_interval),
            Occasion::UnknownKey(kid) => {
                keys.set.get(&kid).is_none() && passed(attempts.last_forced, self.forced_refresh_interval) && {
                    attempts.last_forced = Some(now);
                    true
                }
            }
        };
        if due && let Err(error) = self.fetch(fetcher, &mut attempts).await {
            tracing::warn!(%error, keys_at_hand = keys.fetched_at.is_some(), "the issuer's keys could not be fetched");
        }
    }

    async fn fetch(&self, fetcher: &KeyFetcher, attempts: &mut Attempts) -> Result<(), FetchError> {
        match fetcher.fetch().await {
            Ok(set) => {
                let old = self.keys.load_full();
                let generation = old.generation + u64::from(!set.contains_all(&old.set));
                attempts.last_failed = None;
                self.keys.store(Arc::new(Keys { set, generation, fetched_at: Some(self.clock.now()) }));
                Ok(())
            }
            Err(error) => {
                attempts.last_failed = Some(self.clock.now());
                Err(error)
            }
        }
    }

    fn ageing(&self) -> TimeDelta {
        self.cache / 4 * 3
    }

    fn age(&self, keys: &Keys) -> Option<TimeDelta> {
        keys.fetched_at.map(|at| self.clock.now() - at)
    }
}

/// Times beyond what a time stamp can hold are as good as for ever.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

use super::{measures::Measures, *};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Instant,
};
use tokio::{sync::OnceCell, time::timeout};

type Flight = Arc<OnceCell<Bytes>>;

/// The load of one key. Whoever saw another version does not join it: that load may have begun before a write of
/// another process (IDN-100). No version = the store could not be asked.
type FlightId = (Ns, String, Option<u64>);

tokio::task_local! {
    /// Hits and misses of the request that runs (IDN-106). Set by the HTTP layer; elsewhere nobody counts.
    pub static REQUEST_STATS: Arc<CacheStats>;
}

/// Hits and misses, for the answer's diagnostics headers.
#[derive(Debug, Default)]
pub struct CacheStats {
    pub hits: AtomicU64,
    pub misses: AtomicU64,
}

/// What services use: typed values, single flight, TTL jitter, and an answer even when the store is down.
///
/// Every call to the store has a time limit; one that fails opens a breaker, and for a short while the store is not
/// asked at all. A namespace whose invalidation failed is remembered and not read by this process until the
/// invalidation went through; other processes may serve its old values until they expire.
pub struct CacheFront {
    backend: Arc<dyn Cache>,
    flights: Mutex<HashMap<FlightId, Flight>>,
    /// Namespaces whose invalidation failed, each with a mark of the last failure.
    dirty: Mutex<HashMap<Ns, Version>>,
    /// How many those are: nearly always none.
    all_dirty: AtomicUsize,
    measures: Measures,
    epoch: Instant,
    open_until_ms: AtomicU64,
    op_timeout: Duration,
    cool_down: Duration,
}

impl CacheFront {
    pub fn new(backend: Arc<dyn Cache>) -> Self {
        Self {
            backend,
            flights: Mutex::default(),
            dirty: Mutex::default(),
            all_dirty: AtomicUsize::new(0),
            measures: Measures::default(),
            epoch: Instant::now(),
            open_until_ms: AtomicU64::new(0),
            op_timeout: Duration::from_millis(250),
            cool_down: Duration::from_secs(2),
        }
    }

    async fn guarded<T>(&self, name: &'static str, op: impl Future<Output = Result<T, CacheError>>) -> Option<T> {
        let started = Instant::now();
        let now = started.duration_since(self.epoch).as_millis() as u64;
        if now < self.open_until_ms.load(Relaxed) {
            return None;
        }
        let outcome = timeout(self.op_timeout, op).await;
        let measured = self.measures.operation(name);
        measured.duration.record(started.elapsed().as_secs_f64());
        let error = match outcome {
            Ok(Ok(v)) => {
                measured.good.increment(1);
                return Some(v);
            }
            Ok(Err(e)) => e.to_string(),
            Err(_) => "timed out".to_owned(),
        };
        metrics::counter!("gymapi_redis_operations_total", "operation" => name, "status" => "error").increment(1);
        metrics::counter!("gymapi_redis_connection_errors_total").increment(1);
        self.open_until_ms.store(now + self.cool_down.as_millis() as u64, Relaxed);
        tracing::warn!(error, "cache bypassed");
        None
    }

    /// A namespace whose invalidation failed is not read until it went through.
    async fn settle(&self, ns: &Ns) -> bool {
        if self.all_dirty.load(SeqCst) == 0 {
            return true;
        }
        let Some(mark) = lock(&self.dirty).get(ns).copied() else {
            return true;
        };
        if self.guarded("bump", self.backend.bump(&[ns])).await.is_none() {
            return false;
        }
        // an invalidation that failed since then has a mark of its own and stays
        let mut dirty = lock(&self.dirty);
        if dirty.get(ns) == Some(&mark) {
            dirty.remove(ns);
            self.all_dirty.store(dirty.len(), SeqCst);
        }
        !dirty.contains_key(ns)
    }

    fn count(&self, ns: &Ns, hit: bool) {
        self.measures.looked_up(ns.family(), hit).increment(1);
        let _ = REQUEST_STATS.try_with(|s| if hit { &s.hits } else { &s.misses }.fetch_add(1, Relaxed));
    }

    /// Looks several keys up in one round trip. `None` = the store could not be asked.
    ///
    /// For the one hot path that needs three values at once; hand each answer to [`Self::fill`] on a miss.
    pub async fn look_up(&self, keys: &[(&Ns, &str)]) -> Option<Vec<Lookup>> {
        for (ns, _) in keys {
            if !self.settle(ns).await {
                return None;
            }
        }
        let found = self.guarded("get", self.backend.get_many(keys)).await?;
        for ((ns, _), lookup) in keys.iter().zip(&found) {
            self.count(ns, lookup.value.is_some());
        }
        Some(found)
    }

    /// Stores a value that was loaded after [`Self::look_up`] saw `version`.
    pub async fn fill(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) {
        self.guarded("set", self.backend.put(ns, key, version, value, jitter(ttl))).await;
    }

    /// The cached bytes, or those that `load` makes, kept for `ttl` ± 10 %.
    ///
    /// Concurrent misses on one key run one load per process (IDN-97); a load that fails stores nothing and its
    /// error goes to its caller (IDN-96).
    pub async fn bytes_or_load<E, F, Fut>(&self, ns: &Ns, key: &str, ttl: Duration, load: F) -> Result<Bytes, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Bytes, E>>,
    {
        let seen = self.look_up(&[(ns, key)]).await.and_then(|mut found| found.pop());
        if let Some(Lookup { value: Some(v), .. }) = &seen {
            return Ok(v.clone());
        }
        let seat = Seat::take(&self.flights, (ns.clone(), key.to_owned(), seen.as_ref().map(|l| l.version.0)));
        // An error or a cancelled leader leaves the cell empty: the next waiter loads.
        seat.flight
            .get_or_try_init(|| async {
                let value = load().await?;
                if let Some(Lookup { version, .. }) = seen
                    && *value != *NONE
                {
                    self.fill(ns, key, version, value.clone(), ttl).await;
                }
                Ok(value)
            })
            .await
            .cloned()
    }

    /// Like [`Self::bytes_or_load`] for a value: JSON in the store. An entry that does not decode is a miss, and the
    /// namespace is dropped; an empty list is kept, "none" is not (IDN-96).
    pub async fn get_or_load<T, E, F, Fut>(&self, ns: &Ns, key: &str, ttl: Duration, load: F) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut fresh = None;
        let bytes = self
            .bytes_or_load(ns, key, ttl, || async {
                let value = load().await?;
                let bytes = encode(&value);
                fresh = Some(value);
                Ok(bytes)
            })
            .await?;
        if let Some(value) = fresh {
            return Ok(value);
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(value),
            Err(error) => {
                tracing::warn!(%error, namespace = ns.as_str(), "cache entry does not decode");
                self.invalidate(ns).await;
                load().await
            }
        }
    }

    /// Drops a namespace. Call it after the commit, never before (IDN-100); it never fails the request. Returns false
    /// when the store could not be told: then only this process knows.
    pub async fn invalidate(&self, ns: &Ns) -> bool {
        self.invalidate_all(std::slice::from_ref(ns)).await
    }

    /// The same for several, in one round trip.
    pub async fn invalidate_all(&self, namespaces: &[Ns]) -> bool {
        if namespaces.is_empty() {
            return true;
        }
        // readers that come after the write must not join a load that began before it
        lock(&self.flights).retain(|(n, ..), _| !namespaces.contains(n));
        let all: Vec<&Ns> = namespaces.iter().collect();
        let told = self.guarded("bump", self.backend.bump(&all)).await.is_some();
        if !told {
            let mut dirty = lock(&self.dirty);
            dirty.extend(namespaces.iter().map(|ns| (ns.clone(), Version::fresh())));
            self.all_dirty.store(dirty.len(), SeqCst);
        }
        told
    }

    /// For operators (IDN-98): 0 when the store cannot be asked.
    pub async fn clear_matching(&self, pattern: &str) -> u64 {
        self.backend.clear_matching(pattern).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "pattern invalidation failed");
            0
        })
    }
}

/// A caller's part in a flight. The flight leaves the map with its last passenger, however they leave (a caller that
/// is cancelled too), or as soon as it has landed: from then on the store answers.
struct Seat<'a> {
    flights: &'a Mutex<HashMap<FlightId, Flight>>,
    id: FlightId,
    flight: Flight,
}

impl<'a> Seat<'a> {
    fn take(flights: &'a Mutex<HashMap<FlightId, Flight>>, id: FlightId) -> Self {
        let flight = lock(flights).entry(id.clone()).or_default().clone();
        Self { flights, id, flight }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = lock(self.flights);
        // our own hold goes while the map is locked, so that of two who leave at once the second sees itself last
        let flight = std::mem::take(&mut self.flight);
        let ours = flights.get(&self.id).is_some_and(|f| Arc::ptr_eq(f, &flight));
        if ours && (flight.initialized() || Arc::strong_count(&flight) == 2) {
            flights.remove(&self.id);
        }
        drop(flight);
    }
}

/// What "none" is encoded to.
const NONE: &[u8] = b"null";

/// JSON for the cache; what cannot be encoded is a bug in the type and is logged, and an empty entry never decodes.
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_else(|error| {
        tracing::error!(%error, "a value for the cache does not encode");
        Bytes::new()
    })
}

/// ± 10 %, so that what was stored together does not expire together (IDN-97).
fn jitter(ttl: Duration) -> Duration {
    let random = (Version::fresh().0 % 2001) as f64 / 10_000.0; // 0 ..= 0.2
    ttl.mul_f64(0.9 + random)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What is counted of the cache for every request (IDN-101). The handles are kept: to find one by its labels costs more
//! than to count.
use metrics::{Counter, Histogram};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock},
};

#[derive(Default)]
pub(super) struct Measures {
    operations: RwLock<HashMap<&'static str, Operation>>,
    lookups: RwLock<HashMap<(&'static str, bool), Counter>>,
}

/// Of one kind.
#[derive(Clone)]
pub(super) struct Operation {
    pub duration: Histogram,
    pub good: Counter,
}

impl Measures {
    pub(super) fn operation(&self, name: &'static str) -> Operation {
        kept(&self.operations, name, || Operation {
            duration: metrics::histogram!("gymapi_redis_operation_duration_seconds", "operation" => name),
            good: metrics::counter!("gymapi_redis_operations_total", "operation" => name, "status" => "ok"),
        })
    }

    pub(super) fn looked_up(&self, family: &'static str, hit: bool) -> Counter {
        let name = if hit { "gymapi_redis_cache_hits_total" } else { "gymapi_redis_cache_misses_total" };
        kept(&self.lookups, (family, hit), || metrics::counter!(name, "cache_type" => family))
    }
}

fn kept<K: Copy + Eq + Hash, T: Clone>(all: &RwLock<HashMap<K, T>>, key: K, make: impl FnOnce() -> T) -> T {
    if let Some(known) = all.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known.clone();
    }
    all.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert_with(make).clone()
}

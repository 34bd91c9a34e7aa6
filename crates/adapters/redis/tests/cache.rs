//! The cache's contract over the embedded store and over Redis.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use gymapi_redis::RedisStore;
use ports::{
    MemoryCache,
    cache::{Cache, Version},
};
use std::sync::Arc;
use testkit::{cache_contract as contract, servers};

fn memory() -> Arc<dyn Cache> {
    Arc::new(MemoryCache::new(16 << 20))
}

/// Two connections, and a prefix of its own for each test.
fn redis() -> Option<Arc<dyn Cache>> {
    let prefix = format!("test-{:x}", Version::fresh().0);
    Some(Arc::new(RedisStore::connect(&servers::redis()?, &prefix, 2).unwrap()))
}

macro_rules! over_each_store {
    ($($name:ident => $promise:ident,)*) => {
        mod over_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::contract::$promise(super::memory()).await;
            })*
        }
        mod over_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(store) = super::redis() {
                    super::contract::$promise(store).await;
                }
            })*
        }
    };
}

over_each_store! {
    idn_95_a_hit_is_the_stored_value_and_a_miss_loads_until_the_ttl_ends => hits_misses_and_expires,
    answers_stand_in_the_order_of_the_questions => looks_up_many_in_order,
    idn_96_an_entry_that_does_not_decode_is_dropped_and_loaded_again => drops_what_does_not_decode,
    idn_96_empty_lists_are_stored_but_errors_and_none_are_not => stores_empty_lists_but_no_errors_and_no_none,
    idn_97_two_hundred_callers_make_one_load => flies_once_for_two_hundred_callers,
    idn_97_a_cancelled_leader_strands_nobody => outlives_a_cancelled_leader,
    idn_97_lifetimes_vary_by_ten_per_cent => jitters_lifetimes,
    idn_98_a_pattern_clears_over_many_pages_and_counts => clears_by_pattern,
    idn_100_an_invalidation_drops_one_family_of_one_gym_for_every_process => invalidates_one_namespace,
    idn_100_a_load_that_raced_a_write_is_not_served => never_serves_a_load_that_raced_a_write,
    idn_100_a_load_that_raced_a_write_is_not_joined => never_joins_a_load_that_raced_a_write,
    idn_102_the_scope_is_part_of_the_key => keeps_tenants_apart,
}

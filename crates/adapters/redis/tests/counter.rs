//! Counting, over the embedded counter and over Redis with two clients.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use futures::future::join_all;
use gymapi_redis::RedisStore;
use ports::{Counter, MemoryCounter, cache::Version};
use std::{sync::Arc, time::Duration};
use testkit::servers;
use tokio::time::sleep;

/// Two clients of one counter.
fn memory() -> [Arc<dyn Counter>; 2] {
    let counter = Arc::new(MemoryCounter::default());
    [counter.clone(), counter]
}

fn redis() -> Option<[Arc<dyn Counter>; 2]> {
    let (url, prefix) = (servers::redis()?, format!("test-{:x}", Version::fresh().0));
    let client = || Arc::new(RedisStore::connect(&url, &prefix, 1).unwrap());
    Some([client(), client()])
}

async fn slides([a, b]: [Arc<dyn Counter>; 2]) {
    let window = Duration::from_secs(2);
    let mut last = 0.0;
    for _ in 0..5 {
        for counter in [&a, &b] {
            let hits = counter.slide("login:1.2.3.4", window).await.unwrap();
            assert!(hits.count > last, "each hit counts: {} after {last}", hits.count);
            assert!(hits.resets_in <= window);
            last = hits.count;
        }
    }
    // a bucket may have ended on the way; then the earlier hits weigh a little less
    assert!(last > 9.0 && last <= 10.0, "{last}");
    assert_eq!(a.slide("login:5.6.7.8", window).await.unwrap().count, 1.0, "another key counts for itself");

    sleep(window / 2).await;
    let later = a.slide("login:1.2.3.4", window).await.unwrap().count;
    assert!(later > 5.0 && later <= 11.0, "half a window later the hits still weigh: {later}");
    sleep(window * 2).await;
    assert_eq!(b.slide("login:1.2.3.4", window).await.unwrap().count, 1.0, "two windows later none does");
}

async fn is_fixed([a, b]: [Arc<dyn Counter>; 2]) {
    let window = Duration::from_millis(600);
    let first = a.fixed("email:7", window).await.unwrap();
    assert_eq!(first.count, 1.0);
    assert!(first.resets_in > window / 2 && first.resets_in <= window, "{:?}", first.resets_in);
    sleep(window / 2).await;
    let second = b.fixed("email:7", window).await.unwrap();
    assert_eq!(second.count, 2.0);
    assert!(second.resets_in <= window / 2, "the window began with the first hit: {:?}", second.resets_in);
    sleep(window / 2 + Duration::from_millis(50)).await;
    assert_eq!(a.fixed("email:7", window).await.unwrap().count, 1.0, "and ended with it");
}

async fn loses_no_hit([a, b]: [Arc<dyn Counter>; 2]) {
    let window = Duration::from_secs(60);
    let hits = join_all((0..200).map(|i| if i % 2 == 0 { a.fixed("k", window) } else { b.fixed("k", window) })).await;
    let mut counts: Vec<_> = hits.into_iter().map(|h| h.unwrap().count as u32).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=200).collect::<Vec<_>>(), "every hit has a number of its own");
}

#[tokio::test]
async fn idn_104_a_sliding_window_counts_over_clients_and_passes_in_memory() {
    slides(memory()).await;
}

#[tokio::test]
async fn idn_104_a_sliding_window_counts_over_clients_and_passes_in_redis() {
    if let Some(clients) = redis() {
        slides(clients).await;
    }
}

#[tokio::test]
async fn idn_93_a_fixed_window_starts_with_its_first_hit_in_memory() {
    is_fixed(memory()).await;
}

#[tokio::test]
async fn idn_93_a_fixed_window_starts_with_its_first_hit_in_redis() {
    if let Some(clients) = redis() {
        is_fixed(clients).await;
    }
}

#[tokio::test]
async fn concurrent_hits_are_all_counted_in_memory() {
    loses_no_hit(memory()).await;
}

#[tokio::test]
async fn concurrent_hits_are_all_counted_in_redis() {
    if let Some(clients) = redis() {
        loses_no_hit(clients).await;
    }
}

//! Values that are read once, over the embedded store and over Redis.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use futures::future::join;
use gymapi_redis::RedisStore;
use ports::{MemoryOneTimeStore, OneTimeStore, cache::Version};
use std::{sync::Arc, time::Duration};
use testkit::servers;

fn redis() -> Option<[Arc<dyn OneTimeStore>; 2]> {
    let (url, prefix) = (servers::redis()?, format!("test-{:x}", Version::fresh().0));
    let client = || Arc::new(RedisStore::connect(&url, &prefix, 1).unwrap());
    Some([client(), client()])
}

async fn gives_once([a, b]: [Arc<dyn OneTimeStore>; 2]) {
    let ttl = Duration::from_secs(60);
    assert_eq!(a.take("never").await.unwrap(), None);
    for i in 0..50 {
        let (key, value) = (format!("state:{i}"), format!("https://gym.example/{i}"));
        a.put(&key, value.clone(), ttl).await.unwrap();
        let (one, other) = join(a.take(&key), b.take(&key)).await;
        let taken: Vec<_> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
        assert_eq!(taken, [value], "of two concurrent takers one gets it");
        assert_eq!(a.take(&key).await.unwrap(), None);
    }
    a.put("short", "x".to_owned(), Duration::from_millis(50)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(b.take("short").await.unwrap(), None, "it lived for its time only");
}

#[tokio::test]
async fn idn_111_a_value_is_taken_once_from_memory() {
    let store = Arc::new(MemoryOneTimeStore::default());
    gives_once([store.clone(), store]).await;
}

#[tokio::test]
async fn idn_111_a_value_is_taken_once_from_redis() {
    if let Some(clients) = redis() {
        gives_once(clients).await;
    }
}

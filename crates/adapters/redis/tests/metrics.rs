//! IDN-101: what is counted, under which names.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use gymapi_redis::RedisStore;
use metrics_exporter_prometheus::PrometheusBuilder;
use ports::{
    Cache, CacheFront, Counter, MemoryCache, Ns,
    cache::{CacheStats, REQUEST_STATS, Version},
};
use std::{
    net::TcpListener,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use testkit::servers;

const TTL: Duration = Duration::from_secs(60);

/// One miss and two hits in one family, one miss in another, and an invalidation.
async fn use_it(cache: Arc<dyn Cache>) {
    let front = CacheFront::new(cache);
    let load = || async { Ok::<_, String>(1) };
    for _ in 0..3 {
        front.get_or_load(&Ns::new("users", 1), "k", TTL, load).await.unwrap();
    }
    front.get_or_load(&Ns::new("events", 1), "k", TTL, load).await.unwrap();
    front.invalidate(&Ns::new("users", 1)).await;
}

fn assert_lines(rendered: &str, expected: &[&str]) {
    for line in expected {
        assert!(rendered.lines().any(|l| l == *line), "no line {line} in\n{rendered}");
    }
}

const OF_USE: [&str; 6] = [
    r#"gymapi_redis_cache_hits_total{cache_type="users"} 2"#,
    r#"gymapi_redis_cache_misses_total{cache_type="users"} 1"#,
    r#"gymapi_redis_cache_misses_total{cache_type="events"} 1"#,
    r#"gymapi_redis_operations_total{operation="get",status="ok"} 4"#,
    r#"gymapi_redis_operations_total{operation="set",status="ok"} 2"#,
    r#"gymapi_redis_operations_total{operation="bump",status="ok"} 1"#,
];

#[tokio::test]
async fn idn_101_hits_misses_and_operations_are_counted_over_memory() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let stats = Arc::new(CacheStats::default());
    REQUEST_STATS.scope(stats.clone(), use_it(Arc::new(MemoryCache::new(1 << 20)))).await;
    assert_lines(&recorder.handle().render(), &OF_USE);
    assert_eq!((stats.hits.load(Relaxed), stats.misses.load(Relaxed)), (2, 2), "and for the request (IDN-106)");
}

#[tokio::test]
async fn idn_101_hits_misses_and_operations_are_counted_over_redis() {
    let Some(url) = servers::redis() else { return };
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let store = Arc::new(RedisStore::connect(&url, &format!("test-{:x}", Version::fresh().0), 1).unwrap());
    use_it(store.clone()).await;
    store.slide("k", TTL).await.unwrap();
    assert_eq!(store.clear_matching("events:*").await.unwrap(), 1);

    let rendered = recorder.handle().render();
    assert_lines(&rendered, &OF_USE);
    assert_lines(
        &rendered,
        &[
            r#"gymapi_redis_operations_total{operation="slide",status="ok"} 1"#,
            r#"gymapi_redis_operations_total{operation="delete",status="ok"} 1"#,
            r#"gymapi_redis_operation_duration_seconds_count{operation="get"} 4"#,
        ],
    );
    assert!(!rendered.contains("gymapi_redis_connection_errors_total"));
}

#[tokio::test]
async fn idn_101_a_store_that_is_down_counts_as_an_error() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = Arc::new(RedisStore::connect(&format!("redis://127.0.0.1:{port}"), "gym", 1).unwrap());
    use_it(store).await;
    assert_lines(
        &recorder.handle().render(),
        &[
            r#"gymapi_redis_operations_total{operation="get",status="error"} 1"#,
            "gymapi_redis_connection_errors_total 1",
        ],
    );
}

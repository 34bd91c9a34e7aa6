//! Copies in the process: served without a round trip, and never after the word of a change.
//!
//! That a copy is served shows when its original is taken away behind the store's back.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use bytes::Bytes;
use deadpool_redis::redis::{self, aio::MultiplexedConnection};
use gymapi_redis::RedisStore;
use ports::{
    Ns,
    cache::{Cache, Version},
};
use std::time::Duration;
use testkit::servers;

/// A copy lives for 10 seconds at most: what ends within half of that was ended by the word.
const SOON: usize = 500;
const STEP: Duration = Duration::from_millis(10);

struct Two {
    /// As in two processes.
    here: RedisStore,
    there: RedisStore,
    prefix: String,
    behind: MultiplexedConnection,
}

impl Two {
    async fn new() -> Option<Self> {
        let url = servers::redis()?;
        let prefix = format!("near-{:x}", Version::fresh().0);
        let store = || RedisStore::connect(&url, &prefix, 2).unwrap();
        let behind = redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
        Some(Self { here: store(), there: store(), prefix, behind })
    }

    async fn here(&self, ns: &Ns) -> Option<Bytes> {
        self.here.get_many(&[(ns, "k")]).await.unwrap().pop().unwrap().value
    }

    async fn take_away(&mut self, ns: &Ns) {
        let key = format!("{0}:d:{{{1}}}{1}:k", self.prefix, ns.as_str());
        let () = redis::cmd("DEL").arg(key).query_async(&mut self.behind).await.unwrap();
    }

    /// Until this process serves a copy, whose original is gone then.
    async fn copied(&mut self, ns: &Ns) {
        for _ in 0..SOON {
            let version = self.here.get_many(&[(ns, "k")]).await.unwrap().pop().unwrap().version;
            self.here.put(ns, "k", version, Bytes::from_static(b"old"), Duration::from_secs(60)).await.unwrap();
            self.here(ns).await;
            self.take_away(ns).await;
            if self.here(ns).await.is_some() {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("no copy is served");
    }

    async fn is_gone_soon(&self, ns: &Ns) -> bool {
        for _ in 0..SOON {
            if self.here(ns).await.is_none() {
                return true;
            }
            tokio::time::sleep(STEP).await;
        }
        false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_100_a_change_of_another_process_ends_copies() {
    let Some(mut two) = Two::new().await else { return };
    let ns = Ns::new("members", 1);
    two.copied(&ns).await;
    two.there.bump(&[&ns]).await.unwrap();
    assert!(two.is_gone_soon(&ns).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_100_a_change_of_its_own_ends_copies_at_once() {
    let Some(mut two) = Two::new().await else { return };
    let ns = Ns::new("members", 2);
    two.copied(&ns).await;
    two.here.bump(&[&ns]).await.unwrap();
    assert_eq!(two.here(&ns).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_98_a_cleared_pattern_ends_copies_everywhere() {
    let Some(mut two) = Two::new().await else { return };
    let ns = Ns::new("members", 3);
    two.copied(&ns).await;
    two.there.clear_matching("members:*").await.unwrap();
    assert!(two.is_gone_soon(&ns).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_100_without_the_line_that_tells_of_changes_nothing_is_served_from_here() {
    let Some(mut two) = Two::new().await else { return };
    let ns = Ns::new("members", 4);
    two.copied(&ns).await;
    let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut two.behind).await.unwrap();
    let field = |line: &str, name: &str| {
        line.split(' ').find_map(|field| field.strip_prefix(name)).map(str::to_owned).unwrap_or_default()
    };
    // those that listen to every change of a prefix
    let listening = clients.lines().filter(|line| field(line, "flags=").contains('B'));
    let mut ended = 0;
    for line in listening {
        let kill = redis::cmd("CLIENT").arg("KILL").arg("ID").arg(field(line, "id=")).to_owned();
        ended += kill.query_async::<i64>(&mut two.behind).await.unwrap();
    }
    assert!(ended >= 1, "nobody listens: {clients}");
    assert!(two.is_gone_soon(&ns).await);
    // and it listens again by itself
    two.copied(&ns).await;
}

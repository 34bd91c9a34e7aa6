//! What every cache promises together with [`CacheFront`]: one function per promise, run over each implementation.
//!
//! Each function takes a store in which its own namespaces are empty: give every test a fresh store or a prefix of
//! its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code, though it stands in a library")]
use async_trait::async_trait;
use futures::future::join_all;
use ports::cache::{Bytes, Cache, CacheError, CacheFront, Lookup, Ns, Version};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};

const TTL: Duration = Duration::from_secs(60);

/// A load that counts how often it ran and gives that number.
#[derive(Default)]
pub struct Loads(AtomicU32);

impl Loads {
    pub async fn next(&self) -> Result<u32, String> {
        Ok(self.0.fetch_add(1, SeqCst) + 1)
    }
    pub fn count(&self) -> u32 {
        self.0.load(SeqCst)
    }
}

async fn give<T>(value: T) -> Result<T, String> {
    Ok(value)
}

/// IDN-95: a hit is the stored value, a miss loads and stores it for its TTL.
pub async fn hits_misses_and_expires(cache: Arc<dyn Cache>) {
    let (front, users, loads) = (CacheFront::new(cache), Ns::new("users", 1), Loads::default());
    let get = |key: &'static str, ttl| front.get_or_load(&users, key, ttl, || loads.next());

    assert_eq!(get("list", TTL).await, Ok(1), "a miss loads");
    assert_eq!(get("list", TTL).await, Ok(1), "a hit does not");
    assert_eq!(get("other", TTL).await, Ok(2), "another key is another value");

    let short = Duration::from_millis(200);
    assert_eq!(get("short", short).await, Ok(3));
    assert_eq!(get("short", short).await, Ok(3));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(get("short", short).await, Ok(4), "it lived for its TTL only");
    assert_eq!(get("list", TTL).await, Ok(1), "and nothing else went with it");
}

/// The port itself: the answers stand in the order of the questions, and a namespace keeps its version.
pub async fn looks_up_many_in_order(cache: Arc<dyn Cache>) {
    let (users, events) = (Ns::new("users", 1), Ns::new("events", 1));
    let keys = [(&users, "a"), (&events, "a"), (&users, "b")];
    let empty = cache.get_many(&keys).await.unwrap();
    assert!(empty.iter().all(|l| l.value.is_none()));
    assert_eq!(empty[0].version, empty[2].version, "one version per namespace");
    assert_ne!(empty[0].version, empty[1].version);

    let binary = Bytes::from_static(b"\x00\xff\r\n");
    cache.put(&users, "b", empty[2].version, binary.clone(), TTL).await.unwrap();
    cache.put(&events, "a", empty[1].version, Bytes::new(), TTL).await.unwrap();
    let found = cache.get_many(&keys).await.unwrap();
    let values: Vec<_> = found.iter().map(|l| l.value.clone()).collect();
    assert_eq!(values, [None, Some(Bytes::new()), Some(binary)], "any bytes, none included");
    assert_eq!(found[0].version, empty[0].version, "reading does not change the version");
    assert!(cache.get_many(&[]).await.unwrap().is_empty());
}

/// IDN-96: an entry that does not decode is dropped and loaded again.
pub async fn drops_what_does_not_decode(cache: Arc<dyn Cache>) {
    let (users, loads) = (Ns::new("users", 1), Loads::default());
    let version = cache.get_many(&[(&users, "n")]).await.unwrap()[0].version;
    cache.put(&users, "n", version, Bytes::from_static(b"{\"not\": a number"), TTL).await.unwrap();

    let front = CacheFront::new(cache.clone());
    assert_eq!(front.get_or_load(&users, "n", TTL, || loads.next()).await, Ok(1));
    assert!(cache.get_many(&[(&users, "n")]).await.unwrap()[0].value.is_none(), "the bad entry is gone");
    assert_eq!(front.get_or_load(&users, "n", TTL, || loads.next()).await, Ok(2), "stored by this load");
    assert_eq!(front.get_or_load(&users, "n", TTL, || loads.next()).await, Ok(2), "and served from then on");
}

/// IDN-96: an error of the load goes to the caller and nothing is stored; an empty list is stored, "none" is not.
pub async fn stores_empty_lists_but_no_errors_and_no_none(cache: Arc<dyn Cache>) {
    let (front, users) = (CacheFront::new(cache), Ns::new("users", 1));
    let fail = || async { Err::<u32, _>("the database is away".to_owned()) };
    assert_eq!(front.get_or_load(&users, "e", TTL, fail).await, Err("the database is away".to_owned()));
    assert_eq!(front.get_or_load(&users, "e", TTL, || give(7)).await, Ok(7));

    let nobody: Vec<u32> = Vec::new();
    assert_eq!(front.get_or_load(&users, "l", TTL, || give(Vec::<u32>::new())).await, Ok(nobody.clone()));
    assert_eq!(front.get_or_load(&users, "l", TTL, || give(vec![1])).await, Ok(nobody));

    assert_eq!(front.get_or_load(&users, "o", TTL, || give(None::<u32>)).await, Ok(None));
    assert_eq!(front.get_or_load(&users, "o", TTL, || give(Some(1))).await, Ok(Some(1)));
}

/// IDN-97: of 200 callers that miss at once, one loads.
pub async fn flies_once_for_two_hundred_callers(cache: Arc<dyn Cache>) {
    let (front, users, loads) = (CacheFront::new(cache), Ns::new("users", 1), Loads::default());
    let load = || async {
        sleep(Duration::from_millis(200)).await;
        loads.next().await
    };
    let answers = join_all((0..200).map(|_| front.get_or_load(&users, "hot", TTL, load))).await;
    assert!(answers.iter().all(|a| *a == Ok(1)));
    assert_eq!(loads.count(), 1);
}

/// IDN-97: who waits for a load whose caller went away loads instead.
pub async fn outlives_a_cancelled_leader(cache: Arc<dyn Cache>) {
    let (front, users) = (Arc::new(CacheFront::new(cache)), Ns::new("users", 1));
    let loading = Arc::new(Notify::new());
    let leader = tokio::spawn({
        let (front, users, loading) = (front.clone(), users.clone(), loading.clone());
        async move {
            let load = || async {
                loading.notify_one();
                std::future::pending::<Result<u32, String>>().await
            };
            front.get_or_load(&users, "k", TTL, load).await
        }
    });
    loading.notified().await;
    let waiter = tokio::spawn(async move { front.get_or_load(&users, "k", TTL, || give(2)).await });
    sleep(Duration::from_millis(50)).await;
    assert!(!waiter.is_finished(), "it waits for the leader");
    leader.abort();
    assert_eq!(waiter.await.unwrap(), Ok(2));
}

/// IDN-97: what is stored lives for its TTL ± 10 %, not all for the same time.
pub async fn jitters_lifetimes(cache: Arc<dyn Cache>) {
    let watched = Arc::new(Watched { cache, ttls: Mutex::default() });
    let (front, users) = (CacheFront::new(watched.clone()), Ns::new("users", 1));
    for i in 0..100 {
        front.get_or_load(&users, &format!("k{i}"), TTL, || give(i)).await.unwrap();
    }
    let ttls = watched.ttls.lock().unwrap().clone();
    let (least, most) = (*ttls.iter().min().unwrap(), *ttls.iter().max().unwrap());
    assert_eq!(ttls.len(), 100);
    assert!(least >= Duration::from_secs(54) && most <= Duration::from_secs(66), "{least:?} {most:?}");
    assert!(most - least > Duration::from_secs(6), "spread over the twelve seconds: {least:?} {most:?}");
}

/// A cache that notes the lifetimes asked of it.
struct Watched {
    cache: Arc<dyn Cache>,
    ttls: Mutex<Vec<Duration>>,
}

#[async_trait]
impl Cache for Watched {
    async fn get_many(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        self.cache.get_many(keys).await
    }
    async fn put(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        self.ttls.lock().unwrap().push(ttl);
        self.cache.put(ns, key, version, value, ttl).await
    }
    async fn bump(&self, namespaces: &[&Ns]) -> Result<(), CacheError> {
        self.cache.bump(namespaces).await
    }
    async fn clear_matching(&self, pattern: &str) -> Result<u64, CacheError> {
        self.cache.clear_matching(pattern).await
    }
}

/// IDN-98: a pattern deletes what it matches, over many pages, and says how much that was.
pub async fn clears_by_pattern(cache: Arc<dyn Cache>) {
    let front = CacheFront::new(cache.clone());
    let (members, other) = (Ns::new("user_gym_membership", 5), Ns::new("user_gym_membership", 55));
    let odd = Ns::new("odd[0]", 5);
    let version = cache.get_many(&[(&members, "")]).await.unwrap()[0].version;
    for i in 0..1_200 {
        cache.put(&members, &format!("gym:{i}"), version, Bytes::from_static(b"1"), TTL).await.unwrap();
    }
    front.get_or_load(&other, "gym:1", TTL, || give(1)).await.unwrap();
    front.get_or_load(&odd, "k", TTL, || give(1)).await.unwrap();

    assert_eq!(front.clear_matching("membership:5:*").await, 0, "a pattern is anchored at the start");
    assert_eq!(front.clear_matching("user_gym_membership:5").await, 0, "and at the end");
    assert_eq!(front.clear_matching("user_gym_membership:5:gym:?").await, 10);
    assert_eq!(front.clear_matching("user_gym_membership:5:*").await, 1_190);
    assert_eq!(front.clear_matching("user_gym_membership:5:*").await, 0);
    assert!(cache.get_many(&[(&members, "gym:700")]).await.unwrap()[0].value.is_none());
    assert_eq!(front.get_or_load(&other, "gym:1", TTL, || give(2)).await, Ok(1), "another user's entry stays");
    assert_eq!(front.clear_matching("odd[0]:*").await, 1, "brackets mean themselves");
    assert_eq!(front.clear_matching("user_gym_membership:*").await, 1);
}

/// IDN-100: an invalidation drops one family of one tenant, for every process.
pub async fn invalidates_one_namespace(cache: Arc<dyn Cache>) {
    let (here, there) = (CacheFront::new(cache.clone()), CacheFront::new(cache));
    let (users, rival, events) = (Ns::new("users", 1), Ns::new("users", 2), Ns::new("events", 1));
    for ns in [&users, &rival, &events] {
        there.get_or_load(ns, "list", TTL, || give("old".to_owned())).await.unwrap();
    }
    here.invalidate(&users).await;
    let read = async |ns: &Ns| there.get_or_load(ns, "list", TTL, || give("new".to_owned())).await.unwrap();
    assert_eq!(read(&users).await, "new");
    assert_eq!(read(&rival).await, "old", "another gym's family stays");
    assert_eq!(read(&events).await, "old", "the gym's other families stay");
    here.invalidate_all(&[rival.clone(), events.clone()]).await;
    assert_eq!((read(&rival).await, read(&events).await), ("new".to_owned(), "new".to_owned()), "several at once");
}

/// IDN-100: what was loaded before a write and stored after it is never served.
pub async fn never_serves_a_load_that_raced_a_write(cache: Arc<dyn Cache>) {
    let (front, users) = (CacheFront::new(cache.clone()), Ns::new("users", 1));
    let slow = || async {
        let read = "old".to_owned();
        cache.bump(&[&users]).await.map_err(|e| e.to_string())?; // another process commits and invalidates
        Ok::<_, String>(read)
    };
    assert_eq!(front.get_or_load(&users, "k", TTL, slow).await.unwrap(), "old", "it began before the write");
    assert_eq!(front.get_or_load(&users, "k", TTL, || give("new".to_owned())).await.unwrap(), "new");
    assert_eq!(front.get_or_load(&users, "k", TTL, || give("newer".to_owned())).await.unwrap(), "new");
}

/// IDN-100: nor is it joined by a reader that comes after the write, in this process or after another's.
pub async fn never_joins_a_load_that_raced_a_write(cache: Arc<dyn Cache>) {
    for by_this_process in [true, false] {
        let (front, users) = (Arc::new(CacheFront::new(cache.clone())), Ns::new("users", u8::from(by_this_process)));
        let (loading, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let early = tokio::spawn({
            let (front, users, loading, go) = (front.clone(), users.clone(), loading.clone(), go.clone());
            async move {
                let load = || async {
                    loading.notify_one();
                    go.notified().await;
                    give("old").await
                };
                front.bytes_or_load(&users, "k", TTL, || async { load().await.map(Bytes::from) }).await
            }
        });
        loading.notified().await;
        if by_this_process {
            front.invalidate(&users).await;
        } else {
            cache.bump(&[&users]).await.unwrap();
        }
        let late = front.bytes_or_load(&users, "k", TTL, || async { give(Bytes::from("new")).await });
        let late = tokio::time::timeout(Duration::from_secs(5), late).await.expect("it does not wait for the old load");
        assert_eq!(late.unwrap(), "new");
        go.notify_one();
        assert_eq!(early.await.unwrap().unwrap(), "old");
        // the early load may have overwritten the late one's entry, and is then a miss
        let then = front.bytes_or_load(&users, "k", TTL, || async { give(Bytes::from("newest")).await }).await;
        assert_ne!(then.unwrap(), "old", "the early load is not served");
    }
}

/// IDN-102: the scope is part of the key, so that one tenant's value is never another's.
pub async fn keeps_tenants_apart(cache: Arc<dyn Cache>) {
    let front = CacheFront::new(cache.clone());
    for gym in [1, 11, 111] {
        assert_eq!(front.get_or_load(&Ns::new("users", gym), "list", TTL, || give(gym)).await, Ok(gym));
    }
    for gym in [1, 11, 111] {
        assert_eq!(front.get_or_load(&Ns::new("users", gym), "list", TTL, || give(0)).await, Ok(gym));
    }
    assert_eq!(cache.clear_matching("users:11:list").await.unwrap(), 1, "the gym's id stands in the key");
}

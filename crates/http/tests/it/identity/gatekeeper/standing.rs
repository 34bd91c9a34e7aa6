use super::{Down, PEOPLE, PROFILE};
use async_trait::async_trait;
use domain::identity::{Claims, GymRole, user};
use ports::{
    CacheFront, MemoryCache, TokenError, TokenVerifier,
    cache::{Bytes, Cache, CacheError, Lookup, Ns, Version},
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
};

/// A store that remembers what was put into it, and can go away and fall silent.
struct Watched {
    inner: MemoryCache,
    puts: Mutex<Vec<(String, Bytes, Duration)>>,
    away: AtomicBool,
    silent: AtomicBool,
}

impl Watched {
    fn new() -> Arc<Self> {
        let inner = MemoryCache::new(16 << 20);
        Arc::new(Self { inner, puts: Mutex::default(), away: AtomicBool::new(false), silent: AtomicBool::new(false) })
    }
    async fn reachable(&self) -> Result<(), CacheError> {
        if self.silent.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.away.load(SeqCst) { Err(CacheError::Unavailable("away".into())) } else { Ok(()) }
    }
    /// Value and lifetime of the last entry of this namespace.
    fn kept(&self, ns: &str) -> Option<(Bytes, Duration)> {
        let puts = self.puts.lock().unwrap();
        puts.iter().rev().find(|(name, ..)| name == ns).map(|(_, value, ttl)| (value.clone(), *ttl))
    }
}

#[async_trait]
impl Cache for Watched {
    async fn get_many(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        self.reachable().await?;
        self.inner.get_many(keys).await
    }
    async fn put(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        self.reachable().await?;
        self.puts.lock().unwrap().push((ns.as_str().to_owned(), value.clone(), ttl));
        self.inner.put(ns, key, version, value, ttl).await
    }
    async fn bump(&self, namespaces: &[&Ns]) -> Result<(), CacheError> {
        self.reachable().await?;
        self.inner.bump(namespaces).await
    }
    async fn clear_matching(&self, pattern: &str) -> Result<u64, CacheError> {
        self.reachable().await?;
        self.inner.clear_matching(pattern).await
    }
}

async fn watched(t: &TestDb) -> (App, Arc<Watched>) {
    let cache = Watched::new();
    let backend: Arc<dyn Cache> = cache.clone();
    (App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(backend))).await, cache)
}

/// The lifetime that was asked for, ± 10 % (IDN-97).
fn about(ttl: Duration, seconds: u64) -> bool {
    (seconds * 9 / 10..=seconds * 11 / 10).contains(&ttl.as_secs())
}

fn statements(answer: &Answer) -> u32 {
    answer.header("x-database-statements").parse().unwrap()
}

/// Counts how often a token is looked at.
struct Counting {
    inner: Arc<dyn TokenVerifier>,
    looks: Arc<AtomicU32>,
}

#[async_trait]
impl TokenVerifier for Counting {
    async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        self.looks.fetch_add(1, SeqCst);
        self.inner.verify(token).await
    }
}

async fn suspend(t: &TestDb, user: &user::Model) {
    let sql = format!("UPDATE user_gyms SET is_active = FALSE WHERE user_id = {}", user.id);
    t.pool().execute_unprepared(&sql).await.unwrap();
}

both! {
    async fn idn_26_suspended_staff_stay_outside_and_a_lapsed_member_comes_in(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        app.world.join(gym.id, root.id, GymRole::Admin).await;
        let mut people = vec![root.clone()];
        for (handle, role) in [
            ("owner", GymRole::Owner),
            ("admin", GymRole::Admin),
            ("trainer", GymRole::Trainer),
            ("member", GymRole::Member),
        ] {
            people.push(app.world.person(&gym, handle, role).await);
        }
        for person in &people {
            suspend(t, person).await;
        }
        let outcome = async |person: &user::Model| app.get(PEOPLE).by(person).at(gym.id).send().await.outcome();
        // the second time out of the cache
        for _ in 0..2 {
            for person in &people[1..4] {
                assert_eq!(outcome(person).await, (403, "membership_inactive".into()), "{}", person.email);
            }
            assert_eq!(outcome(&people[4]).await.0, 200);
            assert_eq!(outcome(&root).await.0, 200);
        }
        for (person, active) in [(&people[4], false), (&root, false)] {
            let claims = app.services.gate.verify(&app.token(person)).await.unwrap();
            let actor = app.services.gate.actor(claims, gym.id).await.unwrap();
            assert_eq!(actor.membership_active(), active);
        }
        let healthy = app.world.member(&gym, "healthy").await;
        let claims = app.services.gate.verify(&app.token(&healthy)).await.unwrap();
        assert!(app.services.gate.actor(claims, gym.id).await.unwrap().membership_active());
    }

    async fn idn_27_gym_and_role_are_kept_for_an_hour_and_that_there_is_none_for_a_minute(t: TestDb) {
        let (app, cache) = watched(t).await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let ana = app.world.member(&gym, "ana").await;
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        app.get(PEOPLE).by(&ana).at(other.id).send().await.expect(403);

        let (value, ttl) = cache.kept(&format!("user_gym_membership:{}:{}", ana.id, gym.id)).unwrap();
        assert!(about(ttl, 3600), "{ttl:?}");
        assert!(String::from_utf8_lossy(&value).contains("MEMBER"));
        let (value, ttl) = cache.kept(&format!("user_gym_membership:{}:{}", ana.id, other.id)).unwrap();
        assert!(about(ttl, 60), "{ttl:?}");
        assert_eq!(&value[..], b"null");
        assert!(about(cache.kept(&format!("gym_details:{}", gym.id)).unwrap().1, 3600));
        assert!(about(cache.kept("user_by_auth0_id:test|ana").unwrap().1, 300));

        // from now on neither answer costs a statement
        let warm = app.get(PEOPLE).by(&ana).at(gym.id).send().await;
        let none = app.get(PEOPLE).by(&ana).at(other.id).send().await;
        assert_eq!((warm.status.as_u16(), statements(&warm)), (200, 0));
        assert_eq!((none.outcome(), statements(&none)), ((403, "not_a_member".into()), 0));
        // a gym that is not there is asked for each time: whoever invents numbers must not fill the store
        let unknown = app.get(PEOPLE).by(&ana).at(domain::GymId(999_999)).send().await;
        assert_eq!(unknown.outcome(), (404, "gym_not_found".into()));
        assert!(cache.kept("gym_details:999999").is_none());
    }

    async fn idn_27_that_there_is_no_membership_is_forgotten_when_its_time_is_over(t: TestDb) {
        let app = App::with(t, |c| c.settings.cache_ttl.negative = Duration::from_millis(800)).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.user("ana").await;
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(403);
        // behind the API's back, so that nothing is invalidated
        app.world.join(gym.id, ana.id, GymRole::Member).await;
        tokio::time::sleep(Duration::from_millis(1000)).await;
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
    }

    async fn idn_28_a_store_that_falls_silent_neither_blocks_nor_opens(t: TestDb) {
        let (app, cache) = watched(t).await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let ana = app.world.member(&gym, "ana").await;
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        cache.silent.store(true, SeqCst);
        let started = std::time::Instant::now();
        for _ in 0..5 {
            app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
            assert_eq!(app.get(PEOPLE).by(&ana).at(other.id).send().await.outcome(), (403, "not_a_member".into()));
        }
        // ten calls wait for the store a few times at most, not once per value
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    async fn idn_28_who_was_removed_while_the_store_was_away_is_not_let_in_when_it_is_back(t: TestDb) {
        let (app, cache) = watched(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        // the store holds ana's role
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        cache.away.store(true, SeqCst);
        app.delete(&format!("/api/v1/gyms/users/{}", ana.id)).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(app.get(PEOPLE).by(&ana).at(gym.id).send().await.outcome(), (403, "not_a_member".into()));
        cache.away.store(false, SeqCst);
        assert_eq!(app.get(PEOPLE).by(&ana).at(gym.id).send().await.outcome(), (403, "not_a_member".into()));
        // longer than a store that failed is left alone: from here on it is asked again
        tokio::time::sleep(Duration::from_millis(2_300)).await;
        for _ in 0..2 {
            assert_eq!(app.get(PEOPLE).by(&ana).at(gym.id).send().await.outcome(), (403, "not_a_member".into()));
        }
    }

    async fn idn_28_without_the_store_a_gym_that_was_shut_is_shut_at_once(t: TestDb) {
        let app = App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(Arc::new(Down)))).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        app.get(PEOPLE).by(&boss).at(gym.id).send().await.expect(200);
        let path = format!("/api/v1/gyms/{}/status", gym.id);
        app.patch(&path).by(&boss).at(gym.id).json(json!({"is_active": false})).send().await.expect(200);
        assert_eq!(app.get(PEOPLE).by(&boss).at(gym.id).send().await.outcome(), (404, "gym_not_found".into()));
    }

    async fn idn_29_token_and_standing_are_looked_at_once_per_request(t: TestDb) {
        let looks = Arc::new(AtomicU32::new(0));
        let app = App::with(t, |c| {
            c.settings.rate_limits = true;
            c.ports.verifier = Arc::new(Counting { inner: c.ports.verifier.clone(), looks: looks.clone() });
        })
        .await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        let looked = || looks.swap(0, SeqCst);
        let lookups = |answer: &Answer| {
            let number = |name| answer.header(name).parse::<u32>().unwrap();
            (number("x-cache-hits"), number("x-cache-misses"))
        };
        let path = format!("/api/v1/users/profile/{}", ana.id);
        for path in [path.as_str(), "/api/v1/gyms/users", "/api/v1/relationships/", "/api/v1/users/gym-users"] {
            let ask = async || app.get(path).by(&boss).at(gym.id).send().await;
            ask().await.expect(200);
            looked();
            let answer = ask().await;
            assert_eq!(looked(), 1, "{path}");
            let (hits, misses) = lookups(&answer);
            // person, gym and role, and at most one family of the operation's own
            assert!((3..=4).contains(&(hits + misses)), "{path}: {hits} hits, {misses} misses");
        }
        // also where a key is remembered: the limiter, the key's scope and the guard use one look
        let call = app.post("/api/v1/users/profile/data").by(&ana).header("idempotency-key", "k");
        call.json(json!({"bio": "x"})).send().await.expect(200);
        assert_eq!(looked(), 1);
        app.get(PROFILE).bearer("bad.bad.bad").send().await.expect(401);
        assert_eq!(looked(), 1, "a bad one too");
    }

    async fn idn_32_who_meets_in_one_gym_is_a_stranger_in_the_other(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let ana = app.world.person(&here, "ana", GymRole::Owner).await;
        let ben = app.world.member(&there, "ben").await;
        // they share a gym, and ana asks in one that they do not share
        app.world.join(there.id, ana.id, GymRole::Member).await;
        for path in [
            format!("/api/v1/users/profile/{}", ben.id),
            format!("/api/v1/users/{}", ben.id),
            format!("/api/v1/users/p/public-profile/{}", ben.id),
            format!("/api/v1/users/p/gym-participants/{}", ben.id),
            format!("/api/v1/users/gym-participants/{}", ben.id),
        ] {
            assert_eq!(app.get(&path).by(&ana).at(here.id).send().await.status, 404, "{path}");
        }
        for path in ["/api/v1/users/p/gym-participants", "/api/v1/gyms/users", "/api/v1/users/search"] {
            let listed = app.get(path).by(&ana).at(here.id).send().await.expect(200);
            assert!(listed.as_array().unwrap().iter().all(|person| person["id"] != json!(ben.id)), "{path}: {listed}");
        }
        let met = app.get(&format!("/api/v1/users/profile/{}", ben.id)).by(&ana).at(there.id).send().await;
        assert_eq!(met.expect(200)["id"], json!(ben.id));
    }
}

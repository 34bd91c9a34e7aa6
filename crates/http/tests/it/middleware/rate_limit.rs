use super::{GYMS, MINE, PROFILE};
use axum::http::Method;
use domain::identity::user;
use ports::{CacheError, Counter, counter::Hits};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    app::{Answer, App, Call},
    both,
    database::TestDb,
};

const ME: &str = "/api/v1/auth/me";
const CONFIG: &str = "/api/v1/auth/login";

/// A window that no clock ends in the middle of a test.
#[derive(Default)]
struct Counts(Mutex<HashMap<String, f64>>);

#[async_trait::async_trait]
impl Counter for Counts {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1.0;
        Ok(Hits { count: *count, resets_in: window.mul_f64(0.7) })
    }
    async fn add(&self, key: &str, _: u64, window: Duration) -> Result<Hits, CacheError> {
        self.slide(key, window).await
    }
}

async fn limited(t: &TestDb) -> App {
    limited_by(t, Arc::new(Counts::default())).await
}

async fn limited_by(t: &TestDb, counter: Arc<dyn Counter>) -> App {
    App::with(t, |c| {
        c.settings.rate_limits = true;
        c.ports.counter = counter;
    })
    .await
}

/// How many calls pass before the first 429, of at most `max`.
async fn passing<'a>(max: usize, call: impl Fn() -> Call<'a>) -> usize {
    for n in 0..max {
        if call().send().await.status == 429 {
            return n;
        }
    }
    max
}

#[track_caller]
fn refused(answer: &Answer, at_most: u64) {
    let body = answer.json();
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=at_most).contains(&wait), "{wait}");
    assert_eq!(body["retry_after"], wait);
    assert_eq!((&body["error"], &body["code"]), (&json!("Rate limit exceeded"), &json!("rate_limited")));
    assert!(body["detail"].as_str().is_some_and(|text| text.contains(&wait.to_string())), "{body}");
}

both! {
    async fn idn_104_each_class_has_its_budget(t: TestDb) {
        let app = limited(t).await;
        let person = async |handle: &str| app.world.user(handle).await;
        let budget = async |user: &user::Model, method: Method, path: &str, max: usize| {
            passing(max + 5, || app.call(method.clone(), path).by(user)).await
        };
        let ana = person("ana").await;
        assert_eq!(budget(&ana, Method::GET, ME, 10).await, 10, "other auth");
        assert_eq!(budget(&ana, Method::PUT, PROFILE, 50).await, 50, "other write");
        assert_eq!(budget(&ana, Method::GET, MINE, 200).await, 200, "other read");
        assert_eq!(budget(&ana, Method::POST, "/api/v1/users/profile/image", 10).await, 10, "upload");
        // an explicit limit stands in the place of the class
        let eva = person("eva").await;
        assert_eq!(budget(&eva, Method::POST, "/api/v1/users/initiate-email-change", 3).await, 3);
        assert_eq!(budget(&eva, Method::PUT, PROFILE, 50).await, 50, "which it did not touch");
        refused(&app.get(ME).by(&ana).send().await, 60);
    }

    async fn idn_104_two_people_behind_one_address_do_not_share_a_budget_and_strangers_do(t: TestDb) {
        let app = limited(t).await;
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        assert_eq!(passing(20, || app.get(ME).by(&ana)).await, 10);
        app.get(ME).by(&ben).send().await.expect(200);
        // nor does a stranger use up what people have
        assert_eq!(passing(20, || app.get(CONFIG)).await, 5);
        refused(&app.get(CONFIG).by(&ben).send().await, 60);
        app.get(ME).by(&ben).send().await.expect(200);
        // a token that is not good makes nobody of its sender
        let bad = app.get(ME).bearer("bad.bad.bad").send().await;
        assert_eq!(bad.status, 401);
    }

    async fn idn_104_a_bad_token_does_not_get_round_the_limit_of_strangers(t: TestDb) {
        let app = limited(t).await;
        let tokens = std::cell::Cell::new(0);
        let calls = passing(520, || {
            tokens.set(tokens.get() + 1);
            app.get(GYMS).bearer(&format!("bad.token.{}", tokens.get()))
        });
        assert_eq!(calls.await, 500);
        refused(&app.get(GYMS).send().await, 3600);
    }

    async fn idn_104_idn_105_behind_our_proxy_each_client_has_an_address_of_its_own(t: TestDb) {
        let app = App::with(t, |c| {
            c.settings.rate_limits = true;
            c.ports.counter = Arc::new(Counts::default());
            c.http.proxy_trust.headers = true;
        })
        .await;
        let from = |hops: &'static str| app.get(CONFIG).header("x-forwarded-for", hops);
        assert_eq!(passing(20, || from("203.0.113.1")).await, 5);
        // what the client itself put in front changes nothing
        assert_eq!(from("198.51.100.9, 203.0.113.1").send().await.status, 429);
        assert_ne!(from("203.0.113.2").send().await.status, 429);
    }

    async fn idn_104_without_trust_a_forged_header_opens_nothing(t: TestDb) {
        let app = limited(t).await;
        let hop = std::cell::Cell::new(0);
        let calls = passing(20, || {
            hop.set(hop.get() + 1);
            app.get(CONFIG).header("x-forwarded-for", &format!("203.0.113.{}", hop.get()))
        });
        assert_eq!(calls.await, 5);
    }

    async fn idn_104_the_count_is_the_stores_so_instances_share_it(t: TestDb) {
        let counter = Arc::new(Counts::default());
        let (one, two) = (limited_by(t, counter.clone()).await, limited_by(t, counter).await);
        assert_eq!(passing(20, || one.get(CONFIG)).await, 5);
        assert_eq!(two.get(CONFIG).send().await.status, 429);
    }

    async fn idn_104_what_operators_and_probes_ask_is_not_counted(t: TestDb) {
        let app = limited_by(t, Arc::new(Full)).await;
        for path in ["/", "/health/live", "/health/ready", "/openapi.json", "/api/v1/openapi.json", "/docs/"] {
            assert_eq!(app.get(path).send().await.status, 200, "{path}");
        }
        assert_eq!(app.call(Method::OPTIONS, "/api/v1/auth/token").send().await.status, 200);
        refused(&app.get(GYMS).send().await, 42);
    }
}

/// A store in which every budget is used up.
struct Full;

#[async_trait::async_trait]
impl Counter for Full {
    async fn slide(&self, _: &str, _: Duration) -> Result<Hits, CacheError> {
        Ok(Hits { count: 1e9, resets_in: Duration::from_millis(41_001) })
    }
    async fn add(&self, key: &str, _: u64, window: Duration) -> Result<Hits, CacheError> {
        self.slide(key, window).await
    }
}

use super::{GYMS, Gate, MINE, PROFILE};
use std::{sync::Arc, time::Duration};
use testkit::{
    app::{Answer, App},
    both,
};
use tokio::sync::Semaphore;

const HEADERS: [(&str, &str); 5] = [
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("content-security-policy", "default-src 'none'; img-src https: data:; connect-src https:; frame-ancestors 'none'"),
];

#[track_caller]
fn guarded(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status);
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), value, "{name} of a {status}");
    }
}

both! {
    async fn idn_103_every_answer_carries_the_security_headers(t: TestDb) {
        let app = App::with(t, |c| c.http.max_body = 100).await;
        let ana = app.world.user("ana").await;
        let first = app.get(MINE).by(&ana).send().await;
        guarded(&first, 200);
        let tag = first.header("etag");
        guarded(&app.get(MINE).by(&ana).header("if-none-match", tag).send().await, 304);
        guarded(&app.get(MINE).send().await, 401);
        guarded(&app.get("/api/v1/nothing").send().await, 404);
        guarded(&app.get("/nothing").send().await, 404);
        guarded(&app.delete(MINE).by(&ana).send().await, 405);
        guarded(&app.put(PROFILE).by(&ana).body("x".repeat(101)).send().await, 413);
        guarded(&app.get(&format!("{GYMS}?q={}", "x".repeat(9000))).send().await, 414);
        guarded(&app.get("/openapi.json").send().await, 200);
        let preflight = app.call("OPTIONS".parse().unwrap(), MINE).header("origin", "https://app.test");
        guarded(&preflight.header("access-control-request-method", "GET").send().await, 200);
    }

    async fn idn_103_so_do_answers_of_a_system_that_is_saturated_or_slow(t: TestDb) {
        let passes = Arc::new(Semaphore::new(0));
        let app = App::with(t, |c| {
            c.ports.verifier = Arc::new(Gate { inner: c.ports.verifier.clone(), passes: passes.clone() });
            (c.http.max_in_flight, c.http.request_timeout) = (1, Duration::from_millis(300));
        })
        .await;
        let ana = app.world.user("ana").await;
        let (slow, shed) = tokio::join!(app.get(MINE).by(&ana).send(), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            app.get(GYMS).send().await
        });
        guarded(&slow, 503);
        guarded(&shed, 503);
        assert_eq!((slow.code(), shed.code()), ("timed_out".to_owned(), "unavailable".to_owned()));
    }

    async fn idn_103_pages_of_the_documentation_go_without(t: TestDb) {
        let app = App::new(t).await;
        let page = app.get("/docs/").send().await;
        assert_eq!((page.status.as_u16(), page.header("content-security-policy")), (200, ""));
        assert!(page.header("content-type").starts_with("text/html"));
        for path in ["/api/v1/docs", "/api/v1/redoc"] {
            let answer = app.get(path).send().await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (308, "/docs/"), "{path}");
            assert_eq!(answer.header("x-frame-options"), "", "{path}");
        }
    }

    async fn idn_103_the_page_at_the_door_may_run_its_own_script_and_nothing_else(t: TestDb) {
        let app = App::new(t).await;
        let (first, second) = (app.get("/kiosk").send().await, app.get("/kiosk").send().await);
        assert_eq!(first.status, 200);
        for (name, value) in HEADERS.iter().filter(|(name, _)| *name != "content-security-policy") {
            assert_eq!(first.header(name), *value);
        }
        assert_eq!((first.header("cache-control"), first.header("permissions-policy")), ("no-store", "camera=(self)"));
        let policy = first.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-") && !policy.contains("unsafe"), "{policy}");
        assert_ne!(policy, second.header("content-security-policy"), "a nonce is used once");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        let page = String::from_utf8(first.body.to_vec()).unwrap();
        assert_eq!((nonce.len(), page.matches(&format!("nonce=\"{nonce}\"")).count()), (32, 2));
        assert!(!page.contains("{{") && !page.contains("http://") && !page.contains("https://"), "all in one");
        assert!(page.contains("data-development=\"true\""), "the test's server is its own issuer");
    }
}

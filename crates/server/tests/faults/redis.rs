//! Redis gone at the start, gone in the middle, and back again.
use crate::harness::{Answer, Installation, Part, Server, all_done, database, outbox, until};
use reqwest::Method;
use testkit::{
    gate::{Door, Gate},
    own::Redis,
};

const PEOPLE: &str = "/api/v1/users/p/gym-participants?limit=5";

/// Whether this person is let in, as a member is. No other answer is right.
async fn is_let_in(server: &Server, token: &str) -> bool {
    let answer = server.get(PEOPLE, token).await.unwrap();
    match answer.status {
        200 => true,
        403 | 404 => false,
        _ => panic!("{answer:?}"),
    }
}

async fn remove(server: &Server, user: &serde_json::Value) -> Answer {
    let owner = server.token("owner@demo.gym").await;
    server.call(Method::DELETE, &format!("/api/v1/gyms/users/{user}"), &owner, None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_right_while_redis_comes_goes_and_comes_back() {
    let Some(mut redis) = Redis::stopped() else { return };
    let Some(db) = database().await else { return };
    let installation = Installation::over(&db.url).with("REDIS_URL", redis.url());
    let server = installation.start(Part::Both).await;
    let token = server.token("member1@demo.gym").await;
    let owner = server.token("owner@demo.gym").await;
    let rename = async |name: &str| {
        let body = serde_json::json!({ "first_name": name });
        let answer = server.call(Method::PUT, "/api/v1/users/profile", &token, Some(body)).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.body["id"].clone();
        let seen = server.get(&format!("/api/v1/users/p/public-profile/{id}"), &owner).await.unwrap();
        assert_eq!((seen.status, &seen.body["first_name"]), (200, &name.into()), "{seen:?}");
    };
    for round in ["Ada", "Berta", "Clara"] {
        // without Redis first, then with it, and without it again
        rename(round).await;
        assert!(is_let_in(&server, &token).await);
        assert_eq!(server.get("/health/ready", "").await.unwrap().status, 200);
        match round {
            "Ada" => {
                redis.start();
                until("the use of Redis", async || is_cached(&server, &token).await).await;
            }
            "Berta" => redis.stop(),
            _ => {}
        }
    }
    redis.start();
    until("the use of Redis", async || is_cached(&server, &token).await).await;
    rename("Dora").await;
    let user = server.profile(&token).await["id"].clone();
    redis.stop();
    assert_eq!(remove(&server, &user).await.status, 200);
    assert!(!is_let_in(&server, &token).await, "removed while Redis was away");
    redis.start();
    until("the use of Redis", async || is_cached(&server, &owner).await).await;
    assert!(!is_let_in(&server, &token).await);
    db.close().await;
}

/// Whether the answer came out of the cache.
async fn is_cached(server: &Server, token: &str) -> Option<()> {
    let request = server.client.get(format!("{}{PEOPLE}", server.base)).header("x-gym-id", "1").bearer_auth(token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let hits = response.headers()["x-cache-hits"].to_str().unwrap().to_owned();
    (hits != "0").then_some(())
}

/// IDN-100: what the other processes hold must not outlive the removal, although Redis could not be told when it was
/// committed, and whoever committed it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_100_a_removal_that_redis_did_not_hear_of_reaches_it_when_it_is_back() {
    let Some(mut redis) = Redis::stopped() else { return };
    let Some(db) = database().await else { return };
    redis.start();
    let gate = Gate::before(&format!("127.0.0.1:{}", redis.port)).await;
    let installation = Installation::over(&db.url).with("REDIS_URL", format!("redis://{}", gate.addr));
    let mut removing = installation.start(Part::Serve).await;
    let asked = installation.start(Part::Serve).await;
    let token = asked.token("member1@demo.gym").await;
    let user = asked.profile(&token).await["id"].clone();
    until("the use of Redis", async || is_cached(&asked, &token).await).await;

    gate.set(Door::Shut);
    assert_eq!(remove(&removing, &user).await.status, 200);
    assert!(!is_let_in(&asked, &token).await, "without Redis the database is asked");
    removing.kill();
    let _worker = installation.start(Part::Work).await;
    let tried = async || outbox(&db, "cache.drop").await.first().is_some_and(|e| e.attempts > 0).then_some(());
    until("an attempt to drop what is stale", tried).await;

    gate.set(Door::Open);
    let owner = asked.token("owner@demo.gym").await;
    until("the use of Redis", async || is_cached(&asked, &owner).await).await;
    until("the delivery", async || all_done(&db, "cache.drop").await).await;
    assert!(!is_let_in(&asked, &token).await);
    db.close().await;
}

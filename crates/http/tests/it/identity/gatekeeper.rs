//! Who gets in: tokens and the header here; the person behind the token in `gatekeeper/person.rs`, roles and the cache
//! in `gatekeeper/standing.rs`, counted accesses in `gatekeeper/app_access.rs`.
mod app_access;
mod person;
mod standing;

use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{GymRole, membership},
};
use ports::{
    CacheFront,
    cache::{Bytes, Cache, CacheError, Lookup, Ns, Version},
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both};

const PROFILE: &str = "/api/v1/users/profile";
const PEOPLE: &str = "/api/v1/users/p/gym-participants";

/// A store that is away.
struct Down;

fn down<T>() -> Result<T, CacheError> {
    Err(CacheError::Unavailable("away".into()))
}

#[async_trait]
impl Cache for Down {
    async fn get_many(&self, _: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        down()
    }
    async fn put(&self, _: &Ns, _: &str, _: Version, _: Bytes, _: Duration) -> Result<(), CacheError> {
        down()
    }
    async fn bump(&self, _: &[&Ns]) -> Result<(), CacheError> {
        down()
    }
    async fn clear_matching(&self, _: &str) -> Result<u64, CacheError> {
        down()
    }
}

fn token(app: &App, sub: &str, claims: serde_json::Value) -> String {
    let now = chrono::Utc::now().timestamp();
    let mut all = json!({"iss": "https://issuer.test/", "aud": "https://gymapi", "exp": now + 60, "sub": sub});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    app.issuer.sign(&all)
}

async fn standing(app: &App, gym: GymId, user: UserId) -> membership::Model {
    let core = &app.services.core;
    core.stores.people.of_user(&core.db, gym, user).await.unwrap().unwrap()
}

/// Waits for a count, which is made beside the request.
async fn counted(app: &App, gym: GymId, user: UserId) -> membership::Model {
    for _ in 0..500 {
        let row = standing(app, gym, user).await;
        if row.total_app_opens > 0 {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the visit was never counted")
}

both! {
    async fn idn_1_only_a_bearer_token_opens(t: TestDb) {
        let app = App::new(t).await;
        let missing = app.get(PROFILE).send().await;
        assert_eq!((missing.status.as_u16(), missing.header("www-authenticate")), (401, "Bearer"));
        let basic = app.get(PROFILE).header("authorization", "Basic YTpi").send().await;
        assert_eq!(basic.status, 401);
        assert!(basic.header("www-authenticate").starts_with("Bearer"));
    }

    async fn idn_7_a_missing_scope_is_named(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let refused = app.get("/api/v1/auth/me").by_with(&ana, &["user:write"]).send().await;
        assert_eq!(refused.outcome(), (403, "missing_scope".into()));
        assert_eq!(refused.header("www-authenticate"), "Bearer scope=\"user:read\"");
        assert!(refused.json()["detail"].as_str().unwrap().contains("user:read"));
    }

    async fn idn_10_idn_13_idn_14_first_calls_in_parallel_make_one_person(t: TestDb) {
        let app = App::new(t).await;
        let new = token(&app, "auth0|new", json!({"name": "Eva María López"}));
        let calls = (0..8).map(|_| app.get(PROFILE).bearer(&new).send());
        let mut ids = Vec::new();
        for answer in futures::future::join_all(calls).await {
            let seen = answer.expect(200);
            assert_eq!((&seen["email"], &seen["role"]), (&json!("temp_auth0_new@example.com"), &json!("MEMBER")));
            assert_eq!((&seen["first_name"], &seen["last_name"]), (&json!("Eva"), &json!("María López")));
            ids.push((seen["id"].clone(), seen["qr_code"].clone()));
        }
        assert!(ids.iter().all(|id| *id == ids[0] && id.1.is_string()));
    }

    async fn idn_12_a_row_is_linked_only_by_a_verified_address_that_nobody_claimed(t: TestDb) {
        let app = App::new(t).await;
        let row = app.world.user_with("eva", |u| u.auth0_id = None).await;
        let claims = |verified| json!({"email": "EVA@example.test", "email_verified": verified});
        let unverified = app.get(PROFILE).bearer(&token(&app, "auth0|eva", claims(false))).send().await;
        assert_eq!(unverified.outcome(), (403, "identity_conflict".into()));
        let linked = app.get(PROFILE).bearer(&token(&app, "auth0|eva", claims(true))).send().await.expect(200);
        assert_eq!(linked["id"], json!(row.id));
        let other = app.get(PROFILE).bearer(&token(&app, "auth0|other", claims(true))).send().await;
        assert_eq!(other.outcome(), (403, "identity_conflict".into()));
    }

    async fn idn_16_whoever_is_deactivated_is_refused_everywhere(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        t.pool().execute_unprepared("UPDATE users SET is_active = FALSE").await.unwrap();
        for path in [PROFILE, PEOPLE] {
            assert_eq!(app.get(path).by(&ana).at(gym.id).send().await.outcome(), (403, "user_inactive".into()));
        }
    }

    async fn idn_23_idn_24_the_header_names_the_gym(t: TestDb) {
        let app = App::new(t).await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let ana = app.world.member(&gym, "ana").await;
        let asked = async |value: &str| app.get(PEOPLE).by(&ana).header("X-GYM-id", value).send().await.outcome();
        for value in ["", "abc", "0", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(asked(value).await, (400, "gym_header_required".into()), "{value}");
        }
        assert_eq!(asked("999999").await, (404, "gym_not_found".into()));
        assert_eq!(asked(&other.id.to_string()).await, (403, "not_a_member".into()));
        assert_eq!(asked(&gym.id.to_string()).await.0, 200);
        let by_query = app.get(&format!("{PEOPLE}?gym_id={}", gym.id)).by(&ana).send().await;
        assert_eq!(by_query.outcome(), (400, "gym_header_required".into()));
    }

    async fn idn_25_an_inactive_gym_is_there_for_the_platform_only(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("shut", |g| g.is_active = false).await;
        let owner = app.world.person(&gym, "owner", GymRole::Owner).await;
        let root = app.world.super_admin("root").await;
        assert_eq!(app.get(PEOPLE).by(&owner).at(gym.id).send().await.outcome(), (404, "gym_not_found".into()));
        app.get(PEOPLE).by(&root).at(gym.id).send().await.expect(200);
    }

    async fn idn_28_without_the_cache_the_guard_is_right(t: TestDb) {
        let app = App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(Arc::new(Down)))).await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        for _ in 0..3 {
            app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
            assert_eq!(app.get(PEOPLE).by(&ana).at(other.id).send().await.outcome(), (403, "not_a_member".into()));
        }
        app.delete(&format!("/api/v1/gyms/users/{}", ana.id)).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(app.get(PEOPLE).by(&ana).at(gym.id).send().await.outcome(), (403, "not_a_member".into()));
    }

    async fn idn_27_idn_100_who_is_added_gets_in_at_once_and_who_is_removed_does_not(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.user("ana").await;
        let path = format!("/api/v1/gyms/users/{}", ana.id);
        for _ in 0..2 {
            assert_eq!(app.get(PEOPLE).by(&ana).at(gym.id).send().await.outcome(), (403, "not_a_member".into()));
            assert!(app.post(&path).by(&boss).at(gym.id).send().await.status.is_success());
            app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
            app.delete(&path).by(&boss).at(gym.id).send().await.expect(200);
        }
    }

    async fn idn_30_only_who_is_let_in_is_counted_and_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let (ana, bob) = (app.world.member(&gym, "ana").await, app.world.member(&gym, "bob").await);
        let full = "/api/v1/users/gym-participants";
        let of_path = format!("/api/v1/gyms/{}", gym.id);
        // too low by header, without a header, and by path
        for call in [app.get(full).at(gym.id), app.get("/api/v1/context/workspace/stats"), app.put(&of_path).json(json!({}))] {
            assert_eq!(call.by(&ana).send().await.outcome(), (403, "role_too_low".into()));
        }
        let few = app.get(PEOPLE).by_with(&ana, &["user:read"]).at(gym.id).send().await;
        assert_eq!(few.outcome(), (403, "missing_scope".into()));
        for _ in 0..2 {
            app.get(PEOPLE).by(&bob).at(gym.id).send().await.expect(200);
        }
        let row = counted(&app, gym.id, bob.id).await;
        assert_eq!((row.total_app_opens, row.monthly_app_opens, row.app_streak_days), (1, 1, 1));
        assert!(row.last_app_access.is_some());
        // whatever the refused calls had begun has ended by now
        let row = standing(&app, gym.id, ana.id).await;
        assert_eq!((row.total_app_opens, row.last_app_access), (0, None));
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(counted(&app, gym.id, ana.id).await.total_app_opens, 1);
    }
}

use chrono::{DateTime, Utc};
use domain::{identity::PlatformRole, kernel::secret::hmac_sha256_hex};
use ports::FixedClock;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use services::Page;
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
};

const SECRET: &str = "the-shared-secret";
const NOW: i64 = 1_900_000_000;
const CREATED: &str = "/api/v1/auth/webhook/user-created";
const UPDATED: &str = "/api/v1/auth/webhook/user-updated";
const SYNC: &str = "/api/v1/users/sync/email-status";

async fn app(t: &TestDb) -> App {
    App::with(t, |change| {
        change.settings.webhook_secret = Some(SECRET.into());
        change.core.clock = Arc::new(FixedClock::new(DateTime::from_timestamp(NOW, 0).unwrap()));
    })
    .await
}

fn signature(at: i64, body: &str) -> String {
    hmac_sha256_hex(SECRET, format!("{at}.{body}").as_bytes())
}

/// A hook as the provider sends it.
async fn hook(app: &App, path: &str, body: Value) -> Answer {
    let body = body.to_string();
    hook_with(app, path, SECRET, &NOW.to_string(), &signature(NOW, &body), body).await
}

async fn hook_with(app: &App, path: &str, secret: &str, at: &str, signature: &str, body: String) -> Answer {
    app.post(path)
        .header("authorization", &format!("Bearer {secret}"))
        .header("x-auth0-hook-timestamp", at)
        .header("x-auth0-signature", signature)
        .body(body)
        .send()
        .await
}

fn event(kind: &str, user: Value) -> Value {
    json!({"event": {"type": kind}, "user": user})
}

fn ana() -> Value {
    event(
        "user_created",
        json!({
            "user_id": "auth0|ana", "email": "ana@example.test", "email_verified": true, "name": "Ana Gil",
            "picture": "https://pictures.test/ana.png", "locale": "es", "permissions": ["tenant:admin"], "scope": ["x"],
        }),
    )
}

async fn people(app: &App) -> usize {
    app.services.core.stores.users.list(&app.services.core.db, Page::default()).await.unwrap().len()
}

async fn role_syncs(app: &App) -> u64 {
    app.services.core.stores.outbox.backlog(&app.services.core.db).await.unwrap().0
}

async fn email_of(app: &App, sub: &str) -> String {
    let core = &app.services.core;
    core.stores.users.by_auth0_id(&core.db, sub).await.unwrap().unwrap().email
}

both! {
    async fn idn_114_a_hook_proves_secret_time_and_body(t: TestDb) {
        let app = app(t).await;
        let body = ana().to_string();
        let (now, good) = (NOW.to_string(), signature(NOW, &body));
        for path in [CREATED, UPDATED] {
            for (secret, at, sign, body, want) in [
                // right at the start, wrong at the end
                ("the-shared-secre", &now, &good, &body, (401, "invalid_webhook_secret")),
                ("the-shared-secret2", &now, &good, &body, (401, "invalid_webhook_secret")),
                ("", &now, &good, &body, (401, "invalid_webhook_secret")),
                (SECRET, &"yesterday".to_owned(), &good, &body, (400, "stale_webhook")),
                (SECRET, &i64::MAX.to_string(), &good, &body, (400, "stale_webhook")),
                (SECRET, &now, &good[..63].to_owned(), &body, (401, "invalid_webhook_signature")),
                (SECRET, &now, &String::new(), &body, (401, "invalid_webhook_signature")),
                (SECRET, &now, &good, &body.replace("ana@", "eva@"), (401, "invalid_webhook_signature")),
                (SECRET, &(NOW + 1).to_string(), &good, &body, (401, "invalid_webhook_signature")),
            ] {
                let answer = hook_with(&app, path, secret, at, sign, body.clone()).await;
                assert_eq!(answer.outcome(), (want.0, want.1.to_owned()), "{path} {secret} {at} {sign}");
            }
            let all = [
                ("authorization", format!("Bearer {SECRET}")),
                ("x-auth0-hook-timestamp", now.clone()),
                ("x-auth0-signature", good.clone()),
            ];
            for missing in 0..3 {
                let sent = all.iter().enumerate().filter(|(i, _)| *i != missing);
                let call = sent.fold(app.post(path), |call, (_, (name, value))| call.header(name, value));
                let answer = call.body(body.clone()).send().await;
                assert_eq!(answer.outcome(), (401, "webhook_proof_missing".into()), "{missing}");
            }
        }
        assert_eq!(people(&app).await, 0);
    }

    async fn idn_114_five_minutes_are_the_limit_both_ways(t: TestDb) {
        let app = app(t).await;
        let body = ana().to_string();
        for (offset, want) in [(-301, 400), (-300, 201), (300, 201), (301, 400)] {
            let at = NOW + offset;
            let answer = hook_with(&app, CREATED, SECRET, &at.to_string(), &signature(at, &body), body.clone()).await;
            assert_eq!(answer.status, want, "{offset}");
        }
    }

    async fn idn_114_without_a_configured_secret_nothing_opens(t: TestDb) {
        for secret in [None, Some(String::new())] {
            let app = App::with(t, |change| change.settings.webhook_secret = secret).await;
            let body = ana().to_string();
            let at = Utc::now().timestamp();
            let signature = hmac_sha256_hex("", format!("{at}.{body}").as_bytes());
            for path in [CREATED, UPDATED] {
                let answer = hook_with(&app, path, "", &at.to_string(), &signature, body.clone()).await;
                assert_eq!(answer.outcome(), (503, "webhooks_not_configured".into()));
            }
            let answer = app.post(SYNC).header("x-auth0-webhook-secret", "").json(json!({})).send().await;
            assert_eq!(answer.outcome(), (503, "webhooks_not_configured".into()));
        }
    }

    async fn idn_114_bodies_that_say_nothing_are_422_or_ignored(t: TestDb) {
        let app = app(t).await;
        for path in [CREATED, UPDATED] {
            let raw = "not json".to_owned();
            let answer = hook_with(&app, path, SECRET, &NOW.to_string(), &signature(NOW, &raw), raw).await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()));
            for ignored in [json!({}), event("client_created", json!({})), event("", json!({"user_id": "x"}))] {
                let body = hook(&app, path, ignored).await.expect(201);
                assert!(body["message"].is_string() && body["user_id"].is_null(), "{body}");
            }
        }
        let nobody = hook(&app, CREATED, event("user_created", json!({"email": "a@b.test"}))).await;
        assert_eq!(nobody.outcome(), (422, "validation_error".into()));
        assert_eq!(people(&app).await, 0);
    }

    async fn idn_114_what_fails_on_our_side_is_503_so_that_the_provider_comes_again(t: TestDb) {
        let app = app(t).await;
        t.pool().execute_unprepared("ALTER TABLE outbox RENAME TO away").await.unwrap();
        assert_eq!(hook(&app, CREATED, ana()).await.outcome(), (503, "unavailable".into()));
        t.pool().execute_unprepared("ALTER TABLE away RENAME TO outbox").await.unwrap();
        // the row that the first try left behind is found by the second, and the role is synchronised after all
        hook(&app, CREATED, ana()).await.expect(201);
        assert_eq!((people(&app).await, role_syncs(&app).await), (1, 1));
    }

    async fn idn_115_a_created_user_gets_a_row_and_a_role_sync_once(t: TestDb) {
        let app = app(t).await;
        let first = hook(&app, CREATED, ana()).await.expect(201);
        assert_eq!(first["email"], "ana@example.test");
        assert!(first["user_id"].as_i64().unwrap() > 0);
        // a replay changes nothing
        assert_eq!(hook(&app, CREATED, ana()).await.expect(201), first);
        assert_eq!((people(&app).await, role_syncs(&app).await), (1, 1));
        let core = &app.services.core;
        let row = core.stores.users.by_auth0_id(&core.db, "auth0|ana").await.unwrap().unwrap();
        assert_eq!((row.first_name.as_deref(), row.last_name.as_deref()), (Some("Ana"), Some("Gil")));
        assert_eq!((row.role, row.qr_code.is_some()), (PlatformRole::Member, true));
        assert_eq!(row.auth0_metadata.unwrap().get("permissions"), None);
    }

    async fn idn_115_sub_and_user_id_both_name_the_user_and_an_email_may_be_missing(t: TestDb) {
        let app = app(t).await;
        let bob = hook(&app, CREATED, event("user.created", json!({"sub": "auth0|bob", "email": "  "}))).await;
        assert_eq!(bob.expect(201)["email"], "temp_auth0_bob@example.com");
        let eva = hook(&app, CREATED, event("user.created", json!({"user_id": "auth0|eva"}))).await.expect(201);
        assert_eq!(eva["email"], "temp_auth0_eva@example.com");
    }

    async fn idn_115_parallel_hooks_make_one_row(t: TestDb) {
        let app = app(t).await;
        let all = futures::future::join_all((0..6).map(|_| hook(&app, CREATED, ana()))).await;
        for answer in all {
            answer.expect(201);
        }
        assert_eq!(people(&app).await, 1);
    }

    async fn idn_115_an_unverified_address_takes_over_no_row(t: TestDb) {
        let app = app(t).await;
        let waiting = app.world.user_with("ana", |u| u.auth0_id = None).await;
        let mut hook_body = ana();
        hook_body["user"]["email_verified"] = json!(false);
        assert_eq!(hook(&app, CREATED, hook_body).await.outcome(), (403, "identity_conflict".into()));
        let linked = hook(&app, CREATED, ana()).await.expect(201);
        assert_eq!(linked["user_id"], json!(waiting.id));
    }

    async fn idn_116_only_a_verified_free_address_is_followed(t: TestDb) {
        let app = app(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        app.world.user("ben").await;
        let boss = app.world.person(&gym, "boss", domain::identity::GymRole::Admin).await;
        let update = |email: &str, verified: bool| event("user_updated", json!({
            "user_id": "test|ana", "email": email, "email_verified": verified, "name": "Other Name",
        }));
        let list = async || {
            let list = app.get("/api/v1/users/gym-participants").by(&boss).at(gym.id).send().await.expect(200);
            list.to_string()
        };
        assert!(list().await.contains("ana@example.test"));
        for (email, verified, success) in
            [("new@example.test", false, false), ("BEN@example.test", true, false), ("ANA@example.test", true, true)]
        {
            let answer = hook(&app, UPDATED, update(email, verified)).await.expect(201);
            assert_eq!(answer["success"], success, "{email}");
            assert_eq!(email_of(&app, "test|ana").await, "ana@example.test");
        }
        let changed = hook(&app, UPDATED, update("new@example.test", true)).await.expect(201);
        assert_eq!((&changed["user_id"], &changed["new_email"]), (&json!(ana.id), &json!("new@example.test")));
        assert_eq!(changed["previous_email"], "ana@example.test");
        let core = &app.services.core;
        let row = core.stores.users.by_id(&core.db, ana.id).await.unwrap().unwrap();
        assert_eq!((row.email.as_str(), row.first_name), ("new@example.test", ana.first_name));
        assert!(list().await.contains("new@example.test"));
        // a replay has nothing left to do, and nobody is made
        assert_eq!(hook(&app, UPDATED, update("new@example.test", true)).await.expect(201)["success"], true);
        let unknown = event("user_updated", json!({"user_id": "test|zoe", "email": "z@z.test", "email_verified": true}));
        assert_eq!(hook(&app, UPDATED, unknown).await.expect(201)["success"], false);
        assert_eq!(people(&app).await, 3);
        // what creates does not update, and the other way round
        let created = event("user_created", json!({"user_id": "test|zoe"}));
        hook(&app, UPDATED, created).await.expect(201);
        hook(&app, CREATED, update("x@example.test", true)).await.expect(201);
        assert_eq!((people(&app).await, email_of(&app, "test|ana").await), (3, "new@example.test".into()));
    }

    async fn idn_63_the_secret_is_asked_for_before_the_body(t: TestDb) {
        let app = app(t).await;
        let body = json!({"auth0_id": "test|ana", "email": "no address"});
        let missing = app.post(SYNC).json(body.clone()).send().await;
        assert_eq!(missing.outcome(), (401, "webhook_secret_missing".into()));
        for wrong in ["the-shared-secre", "the-shared-secret2", ""] {
            let refused = app.post(SYNC).header("x-auth0-webhook-secret", wrong).json(body.clone()).send().await;
            assert_eq!(refused.outcome(), (403, "invalid_webhook_secret".into()), "{wrong}");
        }
        let bad = app.post(SYNC).header("x-auth0-webhook-secret", SECRET).json(body).send().await;
        assert_eq!(bad.outcome(), (422, "validation_error".into()));
    }

    async fn idn_63_an_address_is_taken_over_and_no_cache_shows_the_old_one(t: TestDb) {
        let app = app(t).await;
        let ana = app.world.user("ana").await;
        let ben = app.world.user("ben").await;
        let sync = async |sub: &str, email: &str| {
            let body = json!({"auth0_id": sub, "email": email});
            app.post(SYNC).header("x-auth0-webhook-secret", SECRET).json(body).send().await.outcome()
        };
        // the cached identity still carries the old address; the token names none
        let token = app.issuer.sign(&json!({
            "iss": "https://issuer.test/", "aud": "https://gymapi", "exp": Utc::now().timestamp() + 60, "sub": ana.auth0_id,
        }));
        let claims = app.services.gate.verify(&token).await.unwrap();
        let email = async || app.services.gate.caller(claims.clone()).await.unwrap().identity().email.clone();
        assert_eq!(email().await, "ana@example.test");

        assert_eq!(sync("test|nobody", "new@example.test").await, (204, String::new()));
        assert_eq!(sync("test|ana", "ANA@example.test").await, (204, String::new()));
        assert_eq!(email_of(&app, "test|ana").await, "ana@example.test");
        assert_eq!(sync("test|ana", "Ben@example.test").await, (409, "email_taken".into()));
        assert_eq!(sync("test|ana", "new@example.test").await, (204, String::new()));
        assert_eq!(email().await, "new@example.test");
        // two who want one address: one gets it
        let both = futures::join!(sync("test|ana", "one@example.test"), sync("test|ben", "one@example.test"));
        let mut codes = [both.0.0, both.1.0];
        codes.sort_unstable();
        assert_eq!(codes, [204, 409], "{:?}", ben.id);
    }
}

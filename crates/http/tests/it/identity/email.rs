use async_trait::async_trait;
use domain::{identity::user, kernel::email::DISPOSABLE};
use ports::{CacheError, Counter, MemoryCounter, counter::Hits, identity::IdentityError};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
};

/// A store that is down.
struct Down;

#[async_trait]
impl Counter for Down {
    async fn slide(&self, _: &str, _: Duration) -> Result<Hits, CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
    async fn add(&self, _: &str, _: u64, _: Duration) -> Result<Hits, CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
}

/// Remembers what was counted.
#[derive(Default)]
struct Spy {
    counter: MemoryCounter,
    fixed: Mutex<Vec<(String, u64)>>,
}

#[async_trait]
impl Counter for Spy {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        self.counter.slide(key, window).await
    }
    async fn add(&self, key: &str, hits: u64, window: Duration) -> Result<Hits, CacheError> {
        self.fixed.lock().unwrap().push((key.to_owned(), window.as_secs()));
        self.counter.add(key, hits, window).await
    }
}

async fn open(t: &TestDb) -> App {
    App::with(t, |c| c.settings.public_api_key = Some("the-key".into())).await
}

async fn check(app: &App, email: &str) -> Answer {
    let call = app.post("/api/v1/users/check-email-availability").header("x-api-key", "the-key");
    call.json(json!({ "email": email })).send().await
}

async fn change(app: &App, by: &user::Model, email: &str) -> Answer {
    app.post("/api/v1/users/initiate-email-change").by(by).json(json!({ "new_email": email })).send().await
}

async fn resend(app: &App, by: &user::Model) -> Answer {
    app.post("/api/v1/users/me/resend-verification").by(by).send().await
}

fn unavailable() -> IdentityError {
    IdentityError::Unavailable { reason: "500".into(), retry_after: None }
}

/// Somebody with an account at the provider.
async fn person(app: &App, handle: &str) -> user::Model {
    let user = app.world.user(handle).await;
    app.accounts.add(user.auth0_id.as_deref().unwrap(), &user.email);
    user
}

async fn address_of(app: &App, user: &user::Model) -> String {
    app.services.core.stores.users.by_id(&app.world.db, user.id).await.unwrap().unwrap().email
}

both! {
    async fn idn_64_availability_takes_the_key_of_the_installation(t: TestDb) {
        const PATH: &str = "/api/v1/users/check-email-availability";
        let body = || json!({"email": "ana@example.com"});
        for unset in [None, Some(String::new())] {
            let app = App::with(t, |c| c.settings.public_api_key = unset).await;
            let off = app.post(PATH).header("x-api-key", "").json(body()).send().await;
            assert_eq!(off.outcome(), (503, "api_key_not_configured".into()));
        }
        let app = open(t).await;
        for wrong in ["", "the", "the-keys", "THE-KEY"] {
            let refused = app.post(PATH).header("x-api-key", wrong).json(body()).send().await;
            assert_eq!(refused.outcome(), (401, "invalid_api_key".into()), "{wrong:?}");
        }
        let keyless = app.post(PATH).json(json!({"not": "looked at"})).send().await;
        assert_eq!(keyless.outcome(), (401, "invalid_api_key".into()));
        check(&app, "ana@example.com").await.expect(200);
    }

    async fn idn_64_an_address_is_free_when_nobody_has_it_here_or_at_the_provider(t: TestDb) {
        let app = open(t).await;
        app.world.user("ana").await;
        app.accounts.add("auth0|x", "Zoe@example.test");
        assert_eq!(check(&app, "ANA@Example.test").await.expect(200)["status"], "error");
        assert!(app.accounts.calls().is_empty(), "taken here: the provider is not asked");
        assert_eq!(check(&app, "zoe@example.test").await.expect(200)["status"], "error");
        let free = check(&app, "new@example.test").await.expect(200);
        assert_eq!(free["status"], "success");
        assert!(free["message"].is_string());
    }

    async fn idn_64_disposable_and_malformed_addresses_are_422(t: TestDb) {
        let app = open(t).await;
        for domain in DISPOSABLE {
            let refused = check(&app, &format!("x@{}", domain.to_uppercase())).await.expect(422);
            assert_eq!(refused["detail"][0]["type"], "disposable_email", "{domain}");
            assert_eq!(refused["detail"][0]["loc"], json!(["body", "email"]));
        }
        for bad in ["", "nobody", "a@", "@b.example", "a b@c.example", &format!("{}@b.example", "x".repeat(300))] {
            assert_eq!(check(&app, bad).await.outcome(), (422, "validation_error".into()), "{bad}");
        }
        assert!(app.accounts.calls().is_empty());
    }

    async fn idn_64_without_the_provider_there_is_no_answer(t: TestDb) {
        let app = open(t).await;
        app.accounts.fail_next(unavailable());
        let away = check(&app, "new@example.test").await;
        assert_eq!(away.outcome(), (503, "identity_provider_unavailable".into()));
        // an installation whose accounts are managed elsewhere looks at its own table
        let app = App::with(t, |c| {
            c.settings.public_api_key = Some("the-key".into());
            c.ports.accounts = Arc::new(ports::identity::NoIdentityProvider);
        }).await;
        assert_eq!(check(&app, "new@example.test").await.expect(200)["status"], "success");
    }

    async fn idn_61_a_change_is_asked_of_the_provider_and_the_row_waits(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana").await;
        app.accounts.edit("test|ana", |kept| kept.email_verified = true);
        assert!(change(&app, &ana, "new@example.test").await.expect(200)["message"].is_string());
        let kept = app.accounts.account("test|ana").unwrap();
        assert_eq!((kept.email.as_str(), kept.email_verified, kept.verification_mails), ("new@example.test", false, 1));
        assert_eq!(address_of(&app, &ana).await, ana.email);
        assert_eq!(app.post("/api/v1/users/initiate-email-change").json(json!({})).send().await.status, 401);
        assert_eq!(change(&app, &ana, "nobody").await.status, 422);
    }

    async fn edge_19_own_address_taken_address_and_the_fourth_attempt(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana").await;
        app.world.user("ben").await;
        assert_eq!(change(&app, &ana, "ANA@example.TEST").await.outcome(), (400, "same_email".into()));
        assert_eq!(change(&app, &ana, "BEN@example.test").await.outcome(), (400, "email_taken".into()));
        assert!(app.accounts.calls().is_empty());
        for n in 0..2 {
            change(&app, &ana, &format!("new{n}@example.test")).await.expect(200);
        }
        let fourth = change(&app, &ana, "new3@example.test").await;
        let wait: u64 = fourth.header("retry-after").parse().expect("seconds");
        assert!((3500..=3600).contains(&wait), "{wait}");
        let body = fourth.expect(429);
        assert_eq!((&body["code"], &body["error"]), (&json!("rate_limited"), &json!("Rate limit exceeded")));
        assert_eq!(app.accounts.calls().len(), 2);
        // the budget is one's own
        let ben = person(&app, "zoe").await;
        change(&app, &ben, "zoe.new@example.test").await.expect(200);
    }

    async fn idn_61_attempts_at_once_share_one_budget(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana").await;
        let addresses: Vec<_> = (0..8).map(|n| format!("new{n}@example.test")).collect();
        let answers = futures::future::join_all(addresses.iter().map(|address| change(&app, &ana, address))).await;
        let mut codes: Vec<_> = answers.iter().map(|a| a.status.as_u16()).collect();
        codes.sort_unstable();
        assert_eq!(codes, [200, 200, 200, 429, 429, 429, 429, 429]);
    }

    async fn idn_61_what_the_provider_says_against_a_change(t: TestDb) {
        let app = App::new(t).await;
        for (handle, error, want) in [
            ("ana", IdentityError::Exists, (400, "email_taken")),
            ("ben", IdentityError::Refused("bad domain".into()), (400, "email_refused")),
            ("cas", unavailable(), (503, "identity_provider_unavailable")),
            ("dan", IdentityError::NotConfigured, (503, "identity_provider_unavailable")),
        ] {
            let user = person(&app, handle).await;
            app.accounts.fail_next(error);
            let refused = change(&app, &user, "new@example.test").await;
            assert!(!String::from_utf8_lossy(&refused.body).contains("bad domain"), "vendor texts stay inside");
            assert_eq!(refused.outcome(), (want.0, want.1.into()), "{handle}");
            assert_eq!(address_of(&app, &user).await, user.email);
        }
    }

    async fn idn_62_a_verified_address_gets_no_mail_and_costs_no_attempt(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana").await;
        app.accounts.edit("test|ana", |kept| kept.email_verified = true);
        for _ in 0..7 {
            let answer = resend(&app, &ana).await.expect(200);
            assert_eq!((&answer["success"], &answer["email"]), (&json!(true), &json!(ana.email)));
        }
        assert_eq!(app.accounts.account("test|ana").unwrap().verification_mails, 0);
        app.accounts.edit("test|ana", |kept| kept.email_verified = false);
        for _ in 0..5 {
            assert_eq!(resend(&app, &ana).await.expect(200)["success"], json!(true));
        }
        assert_eq!(resend(&app, &ana).await.outcome(), (429, "rate_limited".into()));
        assert_eq!(app.accounts.account("test|ana").unwrap().verification_mails, 5);
    }

    async fn idn_62_without_the_provider_no_mail_is_claimed(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana").await;
        app.accounts.fail_next(unavailable());
        assert_eq!(resend(&app, &ana).await.status, 503);
        let nobody = app.world.user("nobody").await;
        assert_eq!(resend(&app, &nobody).await.status, 503);
        assert_eq!(app.post("/api/v1/users/me/resend-verification").send().await.status, 401);
    }

    async fn idn_93_operations_are_counted_in_fixed_windows_under_their_names(t: TestDb) {
        let spy = Arc::new(Spy::default());
        let app = App::with(t, |c| {
            c.settings.public_api_key = Some("the-key".into());
            c.ports.counter = spy.clone();
        }).await;
        let ana = person(&app, "ana").await;
        for n in 0..11 {
            let answer = check(&app, if n % 2 == 0 { "New@example.test" } else { "new@example.test" }).await;
            assert_eq!(answer.status, if n < 10 { 200 } else { 429 }, "{n}");
        }
        check(&app, "other@example.test").await.expect(200);
        change(&app, &ana, "new@example.test").await.expect(200);
        resend(&app, &ana).await.expect(200);
        let mut counted = spy.fixed.lock().unwrap().clone();
        counted.dedup();
        assert_eq!(counted, [
            ("rate_limit:check_email:new@example.test".to_owned(), 600),
            ("rate_limit:check_email:other@example.test".to_owned(), 600),
            (format!("rate_limit:change_email:{}", ana.id), 3600),
            (format!("rate_limit:verify_email:{}", ana.id), 3600),
        ]);
    }

    async fn edge_5_idn_93_a_store_that_is_down_refuses(t: TestDb) {
        let app = App::with(t, |c| {
            c.settings.public_api_key = Some("the-key".into());
            c.ports.counter = Arc::new(Down);
        }).await;
        let ana = person(&app, "ana").await;
        for refused in [check(&app, "new@example.test").await, change(&app, &ana, "new@example.test").await, resend(&app, &ana).await] {
            assert_eq!(refused.outcome(), (429, "rate_limited".into()));
            assert_ne!(refused.json()["retry_after"], Value::Null);
        }
        assert_eq!(app.accounts.calls(), ["by_id test|ana"], "nothing was asked for but whether there is anything to do");
    }
}

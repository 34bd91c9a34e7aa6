//! What becomes of a registration when the identity provider, or the database after it, does not do its part (IDN-68).
use super::{GYM_OWNER, TRAINER, break_modules, error_code, gym, owner, register, row, trainer};
use domain::identity::PlatformRole;
use ports::identity::{IdentityError, NoIdentityProvider};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both};

fn unavailable() -> IdentityError {
    IdentityError::Unavailable { reason: "HTTP 500".into(), retry_after: None }
}

both! {
    async fn idn_68_refusals_of_the_provider_have_their_codes(t: TestDb) {
        let app = App::new(t).await;
        for (call, error, status, code) in [
            ("create", IdentityError::WeakPassword, 400, "WEAK_PASSWORD"),
            ("create", IdentityError::Refused("no such connection: secret".into()), 400, "VALIDATION_ERROR"),
        ] {
            app.accounts.fail_when(call, error);
            let refused = register(&app, owner(&json!({}))).await;
            assert!(!String::from_utf8_lossy(&refused.body).contains("connection"));
            assert_eq!(error_code(refused, status), code);
        }
        for call in ["by_email", "create"] {
            app.accounts.fail_when(call, unavailable());
            let refused = register(&app, owner(&json!({}))).await;
            assert!(!refused.header("retry-after").is_empty());
            assert_eq!(refused.outcome(), (503, "identity_provider_unavailable".into()), "{call}");
        }
        assert!(row(&app, "ana@box.example").await.is_none() && app.accounts.ids().is_empty());
        register(&app, owner(&json!({}))).await.expect(201);
    }

    async fn idn_68_a_failure_after_the_account_takes_everything_back(t: TestDb) {
        let app = App::new(t).await;
        break_modules(t, true).await;
        assert_eq!(error_code(register(&app, owner(&json!({}))).await, 500), "INTERNAL_ERROR");
        let body = trainer(&json!({"password": "Secreto123"}));
        assert_eq!(error_code(app.post(TRAINER).json(body).send().await, 500), "INTERNAL_ERROR");
        assert!(app.accounts.ids().is_empty(), "the accounts are deleted at once");
        assert!(row(&app, "ana@box.example").await.is_none() && gym(&app, "la-caja").await.is_none());
        break_modules(t, false).await;
        let core = &app.services.core;
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 0));
        register(&app, owner(&json!({}))).await.expect(201);
    }

    async fn idn_68_an_account_that_cannot_be_deleted_at_once_is_deleted_by_the_outbox(t: TestDb) {
        let app = App::new(t).await;
        break_modules(t, true).await;
        app.accounts.fail_when("delete", unavailable());
        assert_eq!(error_code(register(&app, owner(&json!({}))).await, 500), "INTERNAL_ERROR");
        assert_eq!(app.accounts.ids(), ["auth0|1"]);
        break_modules(t, false).await;
        app.deliver_effects().await;
        assert!(app.accounts.ids().is_empty());
        register(&app, owner(&json!({}))).await.expect(201);
    }

    async fn idn_68_an_account_in_use_is_not_deleted_by_a_late_effect(t: TestDb) {
        let app = App::new(t).await;
        break_modules(t, true).await;
        app.accounts.fail_when("delete", unavailable());
        assert_eq!(error_code(register(&app, owner(&json!({}))).await, 500), "INTERNAL_ERROR");
        break_modules(t, false).await;
        let ana = app.world.user_with("ana", |u| u.auth0_id = Some("auth0|1".into())).await;
        let place = app.world.gym("box").await;
        app.world.join(place.id, ana.id, domain::identity::GymRole::Member).await;
        app.deliver_effects().await;
        assert_eq!(app.accounts.ids(), ["auth0|1"]);
    }

    async fn idn_68_the_row_of_a_faster_webhook_is_reused_and_raised(t: TestDb) {
        let app = App::new(t).await;
        let world = app.world.clone();
        app.accounts.when_created(async move |account| {
            let email = "ana@box.example".into();
            world.user_with("hook", |u| (u.auth0_id, u.email) = (Some(account), email)).await;
        });
        let answer = register(&app, owner(&json!({}))).await.expect(201);
        let ana = row(&app, "ana@box.example").await.unwrap();
        assert_eq!((answer["user"]["id"].as_i64(), ana.role), (Some(ana.id.0), PlatformRole::Admin));
        assert_eq!(answer["user"]["name"], "Ana López");
        assert_eq!(ana.phone_number.as_deref(), Some("+525512345678"));
        let core = &app.services.core;
        assert_eq!(core.stores.users.count(&core.db).await.unwrap(), 1);
        let seen = app.get("/api/v1/users/profile").by(&ana).send().await.expect(200);
        assert_eq!(seen["role"], "ADMIN");
    }

    async fn idn_68_when_the_rest_fails_the_webhooks_row_frees_its_address(t: TestDb) {
        let app = App::new(t).await;
        break_modules(t, true).await;
        let world = app.world.clone();
        app.accounts.when_created(async move |account| {
            let email = "ana@box.example".into();
            world.user_with("hook", |u| (u.auth0_id, u.email) = (Some(account), email)).await;
        });
        assert_eq!(error_code(register(&app, owner(&json!({}))).await, 500), "INTERNAL_ERROR");
        break_modules(t, false).await;
        assert!(app.accounts.ids().is_empty());
        register(&app, owner(&json!({}))).await.expect(201);
    }

    async fn idn_68_a_registration_ends_even_when_the_client_hangs_up(t: TestDb) {
        let app = App::new(t).await;
        app.accounts.when_created(|_| tokio::time::sleep(Duration::from_millis(300)));
        let body = owner(&json!({}));
        let sent = tokio::time::timeout(Duration::from_millis(150), register(&app, body)).await;
        assert!(sent.is_err(), "hung up while the account was made");
        assert_eq!(app.accounts.ids().len(), 1);
        for _ in 0..100 {
            if row(&app, "ana@box.example").await.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("an account was left without a person");
    }

    async fn idn_67_without_account_management_the_row_waits_for_a_verified_login(t: TestDb) {
        let app = App::with(t, |c| c.ports.accounts = Arc::new(NoIdentityProvider)).await;
        let answer = register(&app, owner(&json!({}))).await.expect(201);
        let ana = row(&app, "ana@box.example").await.unwrap();
        assert_eq!(ana.auth0_id, None);
        app.post(TRAINER).json(trainer(&json!({"password": "Secreto123"}))).send().await.expect(201);
        assert_eq!(row(&app, "leo@fit.example").await.unwrap().auth0_id, None);
        assert_eq!(error_code(register(&app, owner(&json!({}))).await, 400), "EMAIL_EXISTS");

        let mut login = ana.clone();
        login.auth0_id = Some("other|ana".into());
        let gym = domain::GymId(answer["gym"]["id"].as_i64().unwrap());
        let seen = app.get("/api/v1/users/profile").by(&login).at(gym).send().await.expect(200);
        assert_eq!((seen["id"].as_i64(), &seen["gym_role"]), (Some(ana.id.0), &json!("OWNER")));
        app.deliver_effects().await;
    }

    async fn idn_9_a_password_is_in_no_answer(t: TestDb) {
        let app = App::new(t).await;
        for body in [json!({}), json!({"first_name": "A"}), json!({"password": "secretosecreto"})] {
            let answer = app.post(GYM_OWNER).json(owner(&body)).send().await;
            let text = String::from_utf8_lossy(&answer.body).to_lowercase();
            assert!(!text.contains("secreto"), "{text}");
        }
    }
}

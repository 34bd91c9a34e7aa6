//! Questions of the registration page.
use super::{TRAINER, trainer};
use ports::identity::IdentityError;
use serde_json::json;
use testkit::{app::App, both};

both! {
    async fn idn_64_an_address_is_looked_for_here_and_at_the_provider(t: TestDb) {
        let app = App::new(t).await;
        app.world.user_with("ana", |u| u.email = "ana@box.example".into()).await;
        app.accounts.add("auth0|bob", "bob@box.example");
        app.post(TRAINER).json(trainer(&json!({}))).send().await.expect(201);
        let ask = async |email: &str| {
            app.get(&format!("/api/v1/auth/trainer/check-email/{email}")).send().await
        };
        for (email, available, workspace) in [
            ("new@box.example", true, None),
            ("ANA@box.example", false, Some(false)),
            ("bob@box.example", false, Some(false)),
            ("leo%40fit.example", false, Some(true)),
        ] {
            let answer = ask(email).await.expect(200);
            assert_eq!((&answer["available"], answer["has_workspace"].as_bool()), (&json!(available), workspace), "{email}");
            let fields: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
            assert!(fields.iter().all(|f| ["available", "message", "has_workspace"].contains(&f.as_str())), "{fields:?}");
        }
        for bad in ["nobody", "x@mailinator.com", "x@GETNADA.com", "%00@box.example", "%ff@box.example"] {
            let refused = ask(bad).await.expect(422);
            assert_eq!(refused["detail"][0]["loc"], json!(["path", "email"]), "{bad}");
        }
        app.accounts.fail_next(IdentityError::Unavailable { reason: "down".into(), retry_after: None });
        assert_eq!(ask("new@box.example").await.outcome(), (503, "identity_provider_unavailable".into()));
    }

    async fn idn_69_a_subdomain_is_well_formed_and_free_or_not(t: TestDb) {
        let app = App::new(t).await;
        app.world.gym("taken").await;
        app.world.gym_with("asleep", |g| g.is_active = false).await;
        for (subdomain, valid, available) in [
            ("free-1", true, true),
            ("taken", true, false),
            ("asleep", true, false),
            ("ab", false, false),
            ("Free", false, false),
            ("a.b.c", false, false),
            ("%C3%A1bc", false, false),
            (&*"x".repeat(50), true, true),
            (&*"x".repeat(51), false, false),
        ] {
            let path = format!("/api/v1/auth/trainer/validate-subdomain/{subdomain}");
            let answer = app.get(&path).send().await.expect(200);
            assert_eq!((&answer["valid"], &answer["available"]), (&json!(valid), &json!(available)), "{subdomain}");
            assert_eq!(answer["subdomain"].as_str(), valid.then_some(subdomain));
            assert!(answer["message"].is_string());
        }
    }
}

use super::{PEOPLE, PROFILE, token};
use domain::identity::{GymRole, user};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::{app::App, both, database::TestDb};

/// A token of this person that names this address.
fn naming(app: &App, user: &user::Model, email: &str, verified: bool) -> String {
    let sub = user.auth0_id.as_deref().unwrap();
    token(app, sub, json!({"email": email, "email_verified": verified, "scope": "user:read resource:read"}))
}

async fn execute(t: &TestDb, sql: &str) {
    t.pool().execute_unprepared(sql).await.unwrap();
}

async fn stored_email(app: &App, user: &user::Model) -> String {
    let core = &app.services.core;
    core.stores.users.by_id(&core.db, user.id).await.unwrap().unwrap().email
}

both! {
    async fn idn_11_a_verified_address_of_the_token_is_taken_over_and_seen_everywhere_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        let listed = async || {
            let path = "/api/v1/users/gym-participants?role=MEMBER";
            app.get(path).by(&boss).at(gym.id).send().await.expect(200)[0]["email"].clone()
        };
        let own = async |bearer: &str| app.get(PROFILE).bearer(bearer).send().await.expect(200)["email"].clone();
        // both the row and the list lie in the cache with the old address
        assert_eq!(own(&app.token(&ana)).await, "ana@example.test");
        assert_eq!(listed().await, "ana@example.test");

        let new = naming(&app, &ana, "ana@new.test", true);
        assert_eq!(own(&new).await, "ana@new.test");
        assert_eq!(stored_email(&app, &ana).await, "ana@new.test");
        assert_eq!(listed().await, "ana@new.test");
    }

    async fn idn_11_an_unverified_address_or_the_same_in_other_letters_changes_nothing(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        for (email, verified) in [("ana@new.test", false), ("ANA@example.test", true)] {
            let seen = app.get(PROFILE).bearer(&naming(&app, &ana, email, verified)).send().await.expect(200);
            assert_eq!(seen["id"], json!(ana.id));
            assert_eq!(stored_email(&app, &ana).await, "ana@example.test", "{email}");
        }
    }

    async fn idn_11_an_address_that_somebody_else_holds_stays_theirs(t: TestDb) {
        let app = App::new(t).await;
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        for _ in 0..2 {
            let seen = app.get(PROFILE).bearer(&naming(&app, &ana, "BEN@example.test", true)).send().await.expect(200);
            assert_eq!((&seen["id"], &seen["email"]), (&json!(ana.id), &json!("ana@example.test")));
        }
        assert_eq!(stored_email(&app, &ben).await, "ben@example.test");
        // of two who claim one free address at once one gets it
        let (one, two) = (naming(&app, &ana, "free@new.test", true), naming(&app, &ben, "free@new.test", true));
        let calls = [&one, &two].map(|bearer| app.get(PROFILE).bearer(bearer).send());
        for answer in futures::future::join_all(calls).await {
            answer.expect(200);
        }
        let emails = [stored_email(&app, &ana).await, stored_email(&app, &ben).await];
        assert!(emails.iter().filter(|email| *email == "free@new.test").count() <= 1, "{emails:?}");
    }

    async fn idn_15_who_has_no_code_gets_one_on_coming_in(t: TestDb) {
        let app = App::new(t).await;
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        execute(t, "UPDATE users SET qr_code = NULL").await;
        let code = async |user: &user::Model| app.get(PROFILE).by(user).send().await.expect(200)["qr_code"].clone();
        let given = code(&ana).await;
        assert!(given.as_str().is_some_and(|c| c.starts_with(&format!("U{}_", ana.id))), "{given}");
        assert_eq!(code(&ana).await, given, "and keeps it");
        assert_ne!(code(&ben).await, given);
    }

    async fn idn_15_first_calls_at_once_agree_on_the_code(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        execute(t, "UPDATE users SET qr_code = NULL").await;
        let calls = (0..8).map(|_| app.get(PROFILE).by(&ana).send());
        let codes: Vec<Value> = futures::future::join_all(calls).await.into_iter().map(|a| a.expect(200)["qr_code"].clone()).collect();
        assert!(codes[0].is_string() && codes.iter().all(|code| *code == codes[0]), "{codes:?}");
    }

    async fn idn_17_when_the_person_cannot_be_looked_up_nobody_gets_in_and_all_are_told_to_try_again(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let new = token(&app, "auth0|new", json!({}));
        execute(t, "ALTER TABLE users RENAME TO users_gone").await;
        for call in [app.get(PROFILE).by(&ana), app.get(PEOPLE).by(&ana).at(gym.id), app.get(PROFILE).bearer(&new)] {
            let away = call.send().await;
            assert_eq!((away.outcome(), away.header("retry-after")), ((503, "unavailable".into()), "1"));
        }
        execute(t, "ALTER TABLE users_gone RENAME TO users").await;
        app.get(PROFILE).by(&ana).send().await.expect(200);
        app.get(PROFILE).bearer(&new).send().await.expect(200);
        t.db.close().await;
        let closed = app.get(PROFILE).bearer(&token(&app, "auth0|late", json!({}))).send().await;
        assert_eq!(closed.status, 503);
    }

    async fn idn_31_operations_without_a_gym_ask_for_none(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        app.world.join(gym.id, root.id, GymRole::Owner).await;
        let mut free = Vec::new();
        for (path, operations) in app.document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let security = operation["security"].as_array().cloned().unwrap_or_default();
                if !security.iter().any(|one| one.get("gym").is_some()) {
                    free.push((method.to_uppercase(), path.clone()));
                }
            }
        }
        let names = |prefix: &str| free.iter().filter(|(_, path)| path.starts_with(prefix)).count();
        for (prefix, at_least) in [
            ("/api/v1/auth/", 15),
            ("/api/v1/users/profile", 5),
            ("/api/v1/gyms/my", 1),
            ("/api/v1/gyms/by-subdomain/", 1),
            ("/api/v1/users/admin/", 1),
            ("/api/v1/users/initiate-email-change", 1),
            ("/metrics", 1),
        ] {
            assert!(names(prefix) >= at_least, "{prefix}: {}", names(prefix));
        }
        let all = app.document["paths"].as_object().unwrap();
        let auth = all.keys().filter(|path| path.starts_with("/api/v1/auth/"));
        assert!(auth.clone().all(|path| free.iter().any(|(_, free)| free == path)), "none of auth needs a gym");
        for (method, path) in free {
            let path = path.split('/').map(|s| if s.starts_with('{') { "1" } else { s }).collect::<Vec<_>>().join("/");
            let call = app.call(method.parse().unwrap(), &path).by(&root).json(json!({}));
            assert_ne!(call.send().await.code(), "gym_header_required", "{method} {path}");
        }
    }
}

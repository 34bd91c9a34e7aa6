use domain::identity::{GymRole, PlatformRole, user};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
};

fn path(user: &user::Model) -> String {
    format!("/api/v1/users/{}", user.id)
}

async fn row(app: &App, user: &user::Model) -> user::Model {
    app.services.core.stores.users.by_id(&app.world.db, user.id).await.unwrap().unwrap()
}

/// Payloads of the effects of one kind that the outbox holds.
async fn effects(t: &TestDb, kind: &str) -> Vec<String> {
    let pool = t.pool();
    let sql = format!("SELECT CAST(payload AS TEXT) AS payload FROM outbox WHERE kind = '{kind}' ORDER BY id");
    let rows = pool.query_all_raw(Statement::from_string(pool.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|r| r.try_get::<String>("", "payload").unwrap()).collect()
}

/// Of two changes at once one was made, and one refused as the last.
fn one_of_two(answers: [Answer; 2]) -> usize {
    let codes = answers.each_ref().map(|a| a.status.as_u16());
    let refused = answers.iter().position(|a| a.code() == "last_super_admin").unwrap_or_else(|| panic!("{codes:?}"));
    assert_eq!((codes[refused], codes[1 - refused]), (409, 200));
    refused
}

both! {
    async fn idn_65_a_role_change_keeps_the_flag_in_step_and_counts_at_once(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        let lists = async || app.get("/api/v1/users/").by(&ana).send().await.outcome().0;
        assert_eq!(lists().await, 403);

        let body = json!({"role": "SUPER_ADMIN", "is_superuser": false, "gym_role": "OWNER", "qr_code": "forged"});
        let changed = app.put(&path(&ana)).by(&root).json(body).send().await.expect(200);
        assert_eq!((&changed["role"], &changed["is_superuser"]), (&json!("SUPER_ADMIN"), &json!(true)));
        assert_eq!((&changed["qr_code"], &changed["gym_role"]), (&json!(ana.qr_code), &json!(null)));
        assert_eq!(lists().await, 200, "the cached row is dropped (IDN-99)");
        assert_eq!(effects(t, "identity.role_sync").await.len(), 1);

        app.put("/api/v1/users/auth0/test%7Cana").by(&root).json(json!({"role": "TRAINER"})).send().await.expect(200);
        let kept = row(&app, &ana).await;
        assert_eq!((kept.role, kept.is_superuser), (PlatformRole::Trainer, false));
        assert_eq!(lists().await, 403);
        assert!(!effects(t, "cache.drop").await.is_empty(), "power that was taken is dropped even after a crash");

        // the flag alone gives nothing
        app.put(&path(&ana)).by(&root).json(json!({"is_superuser": true})).send().await.expect(200);
        assert_eq!(row(&app, &ana).await.role, PlatformRole::Trainer);
    }

    async fn idn_65_only_fields_that_are_present_change(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        let body = json!({"height": 170, "health_conditions": "asthma", "phone_number": "+34", "email": "New@x.example"});
        app.put(&path(&ana)).by(&root).json(body).send().await.expect(200);
        let body = json!({"health_conditions": null, "email": null, "role": null, "is_active": null});
        let read = app.put(&path(&ana)).by(&root).json(body).send().await.expect(200);
        assert_eq!((&read["height"], &read["health_conditions"]), (&json!(170.0), &json!(null)));
        assert_eq!((&read["email"], &read["phone_number"]), (&json!("New@x.example"), &json!("+34")));
        assert_eq!(app.get(&path(&ana)).by(&root).send().await.expect(200), read);
        assert!(effects(t, "identity.role_sync").await.is_empty(), "no role changed");
    }

    async fn idn_65_refusals_change_nothing(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        let put = async |path: &str, body| app.put(path).by(&root).json(body).send().await;

        let taken = put(&path(&ana), json!({"email": "BEN@example.test", "role": "ADMIN"})).await;
        assert_eq!(taken.outcome(), (409, "email_taken".into()));
        let invalid = put(&path(&ana), json!({"email": "nobody", "first_name": "", "role": "ADMIN"})).await.expect(422);
        let fields: Vec<_> = invalid["detail"].as_array().unwrap().iter().map(|e| e["loc"].clone()).collect();
        assert_eq!(fields, [json!(["body", "first_name"]), json!(["body", "email"])]);
        assert_eq!(put(&path(&ana), json!({"role": "BOSS"})).await.status, 422);
        assert_eq!(row(&app, &ana).await, ana);
        let nul = put(&path(&ana), json!({"health_conditions": "a\u{0}b"})).await;
        assert!(nul.status.as_u16() < 500, "{}", nul.status);
        for gone in ["/api/v1/users/999999", "/api/v1/users/auth0/test%7Cnobody"] {
            assert_eq!(put(gone, json!({"is_active": false})).await.outcome(), (404, "user_not_found".into()));
        }
        assert_eq!(row(&app, &ben).await, ben);
    }

    async fn idn_65_nobody_below_the_platform_changes_people(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let chief = app.world.user_with("chief", |u| u.role = PlatformRole::Admin).await;
        for caller in [&boss, &chief] {
            for path in [path(caller), format!("/api/v1/users/auth0/{}", caller.auth0_id.as_deref().unwrap().replace('|', "%7C"))] {
                let call = app.put(&path).by(caller).at(gym.id).json(json!({"role": "SUPER_ADMIN"}));
                assert_eq!(call.send().await.outcome(), (403, "super_admin_only".into()), "{path}");
            }
            let call = app.delete(&format!("/api/v1/users/admin/users/{}", chief.id)).by(caller).at(gym.id);
            assert_eq!(call.send().await.outcome(), (403, "super_admin_only".into()));
            assert_eq!(row(&app, caller).await, *caller);
        }
    }

    async fn idn_65_the_last_active_super_admin_stays_one(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let idle = app.world.super_admin("idle").await;
        app.put(&path(&idle)).by(&root).json(json!({"is_active": false})).send().await.expect(200);
        for body in [json!({"role": "ADMIN"}), json!({"is_active": false}), json!({"role": "MEMBER", "is_active": true})] {
            for path in [path(&root), "/api/v1/users/auth0/test%7Croot".to_owned()] {
                let refused = app.put(&path).by(&root).json(body.clone()).send().await;
                assert_eq!(refused.outcome(), (409, "last_super_admin".into()), "{body}");
            }
        }
        let refused = app.delete(&format!("/api/v1/users/admin/users/{}", root.id)).by(&root).send().await;
        assert_eq!(refused.outcome(), (409, "last_super_admin".into()));
        app.deliver_effects().await;
        let calls = app.accounts.calls();
        assert!(calls.iter().all(|call| call.starts_with("by_id ")), "the account is not touched either: {calls:?}");
        app.put(&path(&root)).by(&root).json(json!({"role": "SUPER_ADMIN", "bio": "x"})).send().await.expect(200);
        // an administrator who is not active may go
        app.put(&path(&idle)).by(&root).json(json!({"role": "MEMBER"})).send().await.expect(200);
    }

    async fn idn_65_two_super_admins_who_end_each_other_at_once_leave_one(t: TestDb) {
        let app = App::new(t).await;
        for round in 0..6 {
            let (a, b) = (app.world.super_admin(&format!("a{round}")).await, app.world.super_admin(&format!("b{round}")).await);
            for user in [&a, &b] {
                app.accounts.add(user.auth0_id.as_deref().unwrap(), &user.email);
            }
            let end = async |by: &user::Model, whom: &user::Model| match round % 3 {
                0 => app.put(&path(whom)).by(by).json(json!({"role": "MEMBER"})).send().await,
                1 => app.put(&path(whom)).by(by).json(json!({"is_active": false})).send().await,
                _ => app.delete(&format!("/api/v1/users/admin/users/{}", whom.id)).by(by).send().await,
            };
            // both are let in before either has ended
            for user in [&a, &b] {
                app.get("/api/v1/users/").by(user).send().await.expect(200);
            }
            let (first, second) = tokio::join!(end(&a, &b), end(&b, &a));
            let mut codes = [first.status.as_u16(), second.status.as_u16()];
            codes.sort_unstable();
            // whoever is refused was the last, or was no administrator any more when their request came in
            assert!(matches!(codes, [200, 409 | 403]), "{codes:?}");
            let active = app.services.core.stores.users.active_super_admins(&app.world.db).await.unwrap();
            let [last] = active[..] else { panic!("{active:?}") };
            let last = if last == a.id { &a } else { &b };
            assert!(app.accounts.account(last.auth0_id.as_deref().unwrap()).is_some(), "who stays kept the account");
            // makes room for the next round
            t.pool().execute_unprepared("UPDATE users SET role = 'MEMBER', is_superuser = FALSE").await.unwrap();
        }
    }

    async fn idn_65_of_two_demotions_by_a_third_hand_one_is_refused(t: TestDb) {
        let app = App::new(t).await;
        let (a, b) = (app.world.super_admin("a").await, app.world.super_admin("b").await);
        // two requests that both got past the guard: each demotes its own row
        let demote = async |who: &user::Model| app.put(&path(who)).by(who).json(json!({"role": "ADMIN"})).send().await;
        let (first, second) = tokio::join!(demote(&a), demote(&b));
        let stayed = [&a, &b][one_of_two([first, second])];
        assert_eq!(row(&app, stayed).await.role, PlatformRole::SuperAdmin);
    }

    async fn idn_65_a_deactivated_person_is_refused_on_the_next_request(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        app.get("/api/v1/users/profile").by(&ana).send().await.expect(200);
        app.put(&path(&ana)).by(&root).json(json!({"is_active": false})).send().await.expect(200);
        let refused = app.get("/api/v1/users/profile").by(&ana).send().await;
        assert_eq!(refused.outcome(), (403, "user_inactive".into()));
        app.put(&path(&ana)).by(&root).json(json!({"is_active": true})).send().await.expect(200);
        app.get("/api/v1/users/profile").by(&ana).send().await.expect(200);
    }

    async fn idn_99_a_platform_change_drops_the_lists_of_every_gym(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let gyms = [app.world.gym("one").await, app.world.gym("two").await];
        let ana = app.world.user("ana").await;
        for gym in &gyms {
            app.world.join(gym.id, ana.id, GymRole::Member).await;
        }
        for (name, warm) in [("ana", true), ("Anabel", false)] {
            for gym in &gyms {
                for list in ["/api/v1/users/gym-participants", "/api/v1/users/p/gym-participants"] {
                    let seen = app.get(list).by(&root).at(gym.id).send().await.expect(200);
                    assert_eq!(seen[0]["first_name"], name, "{list}");
                }
            }
            if warm {
                app.put(&path(&ana)).by(&root).json(json!({"first_name": "Anabel"})).send().await.expect(200);
            }
        }
    }

    async fn idn_117_becoming_an_administrator_takes_the_secret_of_the_installation(t: TestDb) {
        const PATH: &str = "/api/v1/auth/create-platform-admin";
        for (handle, unset) in [("ben", None), ("cas", Some(String::new()))] {
            let app = App::with(t, |c| c.settings.admin_secret_key = unset).await;
            let user = app.world.user(handle).await;
            let off = app.post(PATH).by(&user).json(json!({"secret_key": ""})).send().await;
            assert_eq!(off.outcome(), (404, "not_enabled".into()));
        }
        let app = App::with(t, |c| c.settings.admin_secret_key = Some("open sesame".into())).await;
        let ana = app.world.user("ana").await;
        for wrong in ["", "open", "open sesame ", "OPEN SESAME"] {
            let refused = app.post(PATH).by(&ana).json(json!({"secret_key": wrong})).send().await;
            assert_eq!(refused.outcome(), (403, "invalid_secret_key".into()), "{wrong:?}");
        }
        let right = || json!({ "secret_key": "open sesame" });
        let scoped = app.post(PATH).by_with(&ana, &["user:read"]).json(right()).send().await;
        assert_eq!(scoped.outcome(), (403, "missing_scope".into()));
        assert_eq!(app.post(PATH).json(right()).send().await.status, 401);
        assert_eq!(row(&app, &ana).await.role, PlatformRole::Member);

        for _ in 0..2 {
            let made = app.post(PATH).by(&ana).json(right()).send().await.expect(201);
            assert_eq!((&made["user"]["role"], &made["user"]["is_superuser"]), (&json!("SUPER_ADMIN"), &json!(true)));
            assert_eq!(made["user"]["id"], json!(ana.id));
        }
        app.get("/api/v1/users/").by(&ana).send().await.expect(200);
        assert!(!effects(t, "identity.role_sync").await.is_empty());

        // somebody whom nobody has seen before is made on the way
        let new = user::Model { auth0_id: Some("test|new".into()), email: "new@example.test".into(), ..ana };
        let made = app.post(PATH).by(&new).json(right()).send().await.expect(201);
        assert_eq!((&made["user"]["email"], &made["user"]["role"]), (&json!("new@example.test"), &json!("SUPER_ADMIN")));
    }
}

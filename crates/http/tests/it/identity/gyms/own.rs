//! A gym as its people see it, and to whom it does not exist.
use domain::identity::{GymRole, gym::GymType, membership};
use serde_json::json;
use testkit::{app::App, both};

both! {
    async fn idn_38_people_are_counted_live_by_role(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("pt-box", |g| {
            (g.kind, g.max_clients) = (GymType::PersonalTrainer, Some(7));
            g.trainer_specialties = Some(vec!["Yoga".into()]);
        }).await;
        let other = app.world.gym("other").await;
        app.world.member(&other, "elsewhere").await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        for (handle, role) in [("adm", GymRole::Admin), ("tr", GymRole::Trainer), ("m1", GymRole::Member), ("m2", GymRole::Member)] {
            app.world.person(&gym, handle, role).await;
        }
        app.get(&path).by(&boss).send().await.expect(200);
        let answer = app.get(&path).by(&boss).send().await;
        assert_eq!(answer.header("x-database-statements"), "1", "when the guard is warm");
        let read = answer.expect(200);
        for (field, want) in [
            ("members_count", json!(2)), ("trainers_count", json!(1)), ("admins_count", json!(2)), ("events_count", json!(0)),
            ("classes_count", json!(0)), ("type", json!("personal_trainer")), ("max_clients", json!(7)),
            ("trainer_specialties", json!(["Yoga"])), ("trainer_certifications", json!(null)), ("subdomain", json!("pt-box")),
        ] {
            assert_eq!(read[field], want, "{field}");
        }
        app.world.member(&gym, "m3").await;
        assert_eq!(app.get(&path).by(&boss).send().await.expect(200)["members_count"], 3, "live, not cached");
    }

    async fn idn_33_a_foreign_gym_by_path_does_not_exist(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let boss = app.world.person(&here, "boss", GymRole::Owner).await;
        let root = app.world.super_admin("root").await;
        for id in [there.id.0, 999_999, 0] {
            let path = format!("/api/v1/gyms/{id}");
            let calls = [
                app.get(&path).by(&boss),
                app.get(&path).by(&boss).at(here.id),
                app.put(&path).by(&boss).json(json!({"name": "Mine"})),
                app.patch(&format!("{path}/status")).by(&boss).json(json!({"is_active": false})),
            ];
            for call in calls {
                assert_eq!(call.send().await.outcome(), (404, "gym_not_found".into()), "{id}");
            }
        }
        let seen = app.get(&format!("/api/v1/gyms/{}", there.id)).by(&root).send().await.expect(200);
        assert_eq!((&seen["name"], &seen["is_active"]), (&json!("Gym there"), &json!(true)));
        assert_eq!(app.get("/api/v1/gyms/abc").by(&boss).send().await.status, 422);
        assert_eq!(app.get("/api/v1/gyms/abc").send().await.status, 401);
    }

    async fn idn_21_only_the_owner_of_that_gym_and_the_platform_change_it(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let other = app.world.gym("other").await;
        let root = app.world.super_admin("root").await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        let status = format!("{path}/status");
        for (handle, role) in [("adm", GymRole::Admin), ("tr", GymRole::Trainer), ("mem", GymRole::Member)] {
            let person = app.world.person(&gym, handle, role).await;
            // power elsewhere is none here, and the header does not lend it
            app.world.join(other.id, person.id, if role == GymRole::Admin { GymRole::Owner } else { GymRole::Admin }).await;
            app.get(&path).by(&person).send().await.expect(200);
            let changes = [
                app.put(&path).by(&person).at(other.id).json(json!({"name": "X"})),
                app.patch(&status).by(&person).at(other.id).json(json!({"is_active": false})),
            ];
            for change in changes {
                assert_eq!(change.send().await.outcome(), (403, "role_too_low".into()), "{role:?}");
            }
        }
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        for who in [&boss, &root] {
            let scopes = ["tenant:read", "user:write"];
            let poor = [
                app.put(&path).by_with(who, &scopes).json(json!({"name": "X"})),
                app.patch(&status).by_with(who, &scopes).json(json!({"is_active": false})),
                app.get(&path).by_with(who, &["user:read"]),
            ];
            for call in poor {
                assert_eq!(call.send().await.outcome(), (403, "missing_scope".into()));
            }
            let named = app.put(&path).by(who).json(json!({"name": who.email})).send().await.expect(200);
            assert_eq!(named["name"], json!(who.email));
        }
    }

    async fn idn_44_own_gyms_are_the_active_ones_by_name_with_address_and_role(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        app.world.join(shut.id, ana.id, GymRole::Owner).await;
        app.world.gym("foreign").await;
        for (subdomain, role) in [("zeta", GymRole::Owner), ("alfa", GymRole::Member), ("beta", GymRole::Trainer)] {
            let gym = app.world.gym(subdomain).await;
            app.world.join(gym.id, ana.id, role).await;
        }
        let mine = app.get("/api/v1/gyms/my").by(&ana).send().await.expect(200);
        let seen: Vec<_> = mine.as_array().unwrap().iter()
            .map(|g| (g["subdomain"].as_str().unwrap(), g["user_role_in_gym"].as_str().unwrap(), g["user_email"].as_str().unwrap()))
            .collect();
        let mail = "ana@example.test";
        assert_eq!(seen, [("alfa", "MEMBER", mail), ("beta", "TRAINER", mail), ("zeta", "OWNER", mail)]);
        assert_eq!((&mine[0]["timezone"], &mine[0]["type"]), (&json!("Europe/Madrid"), &json!("gym")));
        let second = app.get("/api/v1/gyms/my?skip=1&limit=1").by(&ana).send().await.expect(200);
        assert_eq!((second.as_array().unwrap().len(), &second[0]["subdomain"]), (1, &json!("beta")));
        assert_eq!(app.get("/api/v1/gyms/my").send().await.status, 401);
        let loner = app.world.user("loner").await;
        assert_eq!(app.get("/api/v1/gyms/my").by(&loner).send().await.expect(200), json!([]));
    }

    async fn idn_25_an_inactive_gym_is_not_there_for_its_people(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("shut", |g| g.is_active = false).await;
        let root = app.world.super_admin("root").await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        for (handle, role) in [("boss", GymRole::Owner), ("adm", GymRole::Admin), ("mem", GymRole::Member)] {
            let person = app.world.person(&gym, handle, role).await;
            assert_eq!(app.get(&path).by(&person).send().await.outcome(), (404, "gym_not_found".into()));
            let change = app.put(&path).by(&person).json(json!({"is_active": true})).send().await;
            assert_eq!(change.outcome(), (404, "gym_not_found".into()));
        }
        assert_eq!(app.get(&path).by(&root).send().await.expect(200)["is_active"], false);
        assert_eq!(app.put(&path).by(&root).json(json!({"is_active": true})).send().await.expect(200)["is_active"], true);
    }

    async fn idn_26_a_suspended_owner_changes_nothing(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.user("boss").await;
        let row = app.world.join(gym.id, boss.id, GymRole::Owner).await;
        let suspended = membership::Update { role: None, is_active: Some(false), membership_type: None };
        app.services.core.stores.memberships.update(&t.db, gym.id, row.id, suspended).await.unwrap();
        let path = format!("/api/v1/gyms/{}", gym.id);
        let put = app.put(&path).by(&boss).json(json!({"name": "X"})).send().await;
        let status = app.patch(&format!("{path}/status")).by(&boss).json(json!({"is_active": false})).send().await;
        assert_eq!(put.outcome(), (403, "membership_inactive".into()));
        assert_eq!(status.outcome(), (403, "membership_inactive".into()));
    }
}

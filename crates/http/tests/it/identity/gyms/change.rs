//! Changes of a gym, and who sees them when.
use chrono::TimeDelta;
use domain::{GymId, UserId, identity::GymRole};
use ports::cache::Bytes;
use serde_json::json;
use services::kernel::{cache_key::CacheKey, effect};
use std::time::Duration;
use testkit::{app::App, both, database::TestDb};

/// Whose roles wait to be told to the identity provider, in order.
async fn role_syncs(t: &TestDb, app: &App) -> Vec<UserId> {
    let outbox = &app.services.core.stores.outbox;
    let rows = outbox.claim(&t.db, &[effect::ROLE_SYNC], 100, "test", TimeDelta::minutes(5)).await.unwrap();
    let mut ids: Vec<_> = rows.iter().map(|row| UserId(row.payload["user_id"].as_i64().unwrap())).collect();
    ids.sort_unstable();
    ids
}

/// What the cache holds of the gym's page; `fresh` when it holds nothing.
async fn cached_page(app: &App, gym: GymId) -> Bytes {
    let load = async || Ok::<_, ()>(Bytes::from_static(b"\"fresh\""));
    app.services
        .core
        .cache
        .bytes_or_load(&CacheKey::GymPage(gym).ns(), "", Duration::from_secs(300), load)
        .await
        .unwrap()
}

both! {
    async fn idn_39_only_present_fields_change_and_subdomain_and_type_never(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("box", |g| (g.phone, g.address) = (Some("1".into()), Some("Calle".into()))).await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        let body = json!({
            "name": "New", "phone": null, "email": "b@x.test", "logo_url": "https://x.test/l.png", "description": "d",
            "subdomain": "taken-over", "type": "personal_trainer", "id": 77, "max_clients": 3,
        });
        let changed = app.put(&path).by(&boss).json(body).send().await.expect(200);
        let read = app.get(&path).by(&boss).send().await.expect(200);
        for answer in [&changed, &read] {
            for (field, want) in [
                ("id", json!(gym.id)), ("name", json!("New")), ("phone", json!(null)), ("address", json!("Calle")),
                ("email", json!("b@x.test")), ("logo_url", json!("https://x.test/l.png")), ("description", json!("d")),
                ("subdomain", json!("box")), ("type", json!("gym")), ("max_clients", json!(null)), ("is_active", json!(true)),
            ] {
                assert_eq!(answer[field], want, "{field}");
            }
        }
        let same = app.put(&path).by(&boss).json(json!({"name": null})).send().await.expect(200);
        assert_eq!((&same["name"], &same["address"]), (&json!("New"), &json!("Calle")));
        for bad in [
            json!({"name": ""}), json!({"timezone": "Mars/X"}), json!({"logo_url": "ftp://x/y"}), json!({"phone": "1".repeat(21)}),
            json!({"description": "d".repeat(501)}), json!({"email": "no"}), json!({"is_active": "perhaps"}),
        ] {
            let refused = app.put(&path).by(&boss).json(bad.clone()).send().await;
            assert_eq!(refused.outcome(), (422, "validation_error".into()), "{bad}");
        }
        assert_eq!(app.get(&path).by(&boss).send().await.expect(200)["name"], "New");
    }

    async fn idn_40_a_change_is_seen_by_the_next_request_of_everybody(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        for zone in ["Europe/Madrid", "Asia/Tokyo", "America/Lima"] {
            app.put(&path).by(&boss).json(json!({"timezone": zone})).send().await.expect(200);
            let list = app.get("/api/v1/gyms/").send().await.expect(200);
            let by_name = app.get("/api/v1/gyms/by-subdomain/box").send().await.expect(200);
            let details = app.get(&format!("{path}/details")).send().await.expect(200);
            let own = app.get(&path).by(&ana).send().await.expect(200);
            let workspace = app.get("/api/v1/context/workspace").by(&ana).at(gym.id).send().await.expect(200);
            for seen in [&list[0]["timezone"], &by_name["timezone"], &details["timezone"], &own["timezone"], &workspace["workspace"]["timezone"]] {
                assert_eq!(seen, zone);
            }
        }
    }

    async fn idn_40_a_new_gym_is_in_the_list_that_was_cached(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        assert_eq!(app.get("/api/v1/gyms/").send().await.expect(200), json!([]));
        app.post("/api/v1/gyms/").by(&root).json(json!({"name": "N", "subdomain": "new"})).send().await.expect(201);
        assert_eq!(app.get("/api/v1/gyms/").send().await.expect(200)[0]["subdomain"], "new");
    }

    async fn idn_43_another_time_zone_moves_no_instant(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        let instants = || async {
            let own = app.get(&path).by(&boss).send().await.expect(200)["created_at"].clone();
            let people = app.get("/api/v1/users/gym-users").by(&boss).at(gym.id).send().await.expect(200);
            (own, people[0]["joined_at"].clone())
        };
        let before = instants().await;
        assert!(before.0.as_str().unwrap().ends_with('Z') && before.1.as_str().unwrap().ends_with('Z'));
        app.put(&path).by(&boss).json(json!({"timezone": "Pacific/Auckland"})).send().await.expect(200);
        assert_eq!(instants().await, before);
    }

    async fn idn_46_the_owner_switches_off_and_on_again_and_all_see_it_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        let (path, status) = (format!("/api/v1/gyms/{}", gym.id), format!("/api/v1/gyms/{}/status", gym.id));
        let public = ["/api/v1/gyms/by-subdomain/box".to_owned(), format!("{path}/details")];
        let switch = |on: bool| app.patch(&status).by(&boss).json(json!({"is_active": on}));
        for round in 0..2 {
            // everything is warm
            for page in &public {
                app.get(page).send().await.expect(200);
            }
            assert_eq!(app.get("/api/v1/gyms/").send().await.expect(200)[0]["subdomain"], "box");
            app.get(&path).by(&ana).send().await.expect(200);
            app.get("/api/v1/users/p/gym-participants").by(&ana).at(gym.id).send().await.expect(200);

            for _ in 0..2 {
                assert_eq!(switch(false).send().await.expect(200)["is_active"], false, "{round}");
            }
            for page in &public {
                assert_eq!(app.get(page).send().await.status, 404);
            }
            assert_eq!(app.get("/api/v1/gyms/").send().await.expect(200), json!([]));
            assert_eq!(app.get(&path).by(&ana).send().await.status, 404);
            assert_eq!(app.get("/api/v1/users/p/gym-participants").by(&ana).at(gym.id).send().await.status, 404);
            assert_eq!(app.get("/api/v1/gyms/my").by(&ana).send().await.expect(200), json!([]));

            for _ in 0..2 {
                assert_eq!(switch(true).send().await.expect(200)["is_active"], true, "{round}");
            }
            app.get(&path).by(&ana).send().await.expect(200);
        }
        assert_eq!(app.patch(&status).by(&boss).json(json!({})).send().await.status, 422);
    }

    async fn idn_46_only_the_owner_and_the_platform_reach_an_inactive_gym(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("shut", |g| g.is_active = false).await;
        let other = app.world.gym("other").await;
        let root = app.world.super_admin("root").await;
        let stranger = app.world.person(&other, "stranger", GymRole::Owner).await;
        let adm = app.world.person(&gym, "adm", GymRole::Admin).await;
        let mem = app.world.member(&gym, "mem").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let status = format!("/api/v1/gyms/{}/status", gym.id);
        let switch = |on: bool| app.patch(&status).json(json!({"is_active": on}));
        for who in [&stranger, &adm, &mem] {
            assert_eq!(switch(true).by(who).send().await.outcome(), (404, "gym_not_found".into()));
        }
        assert_eq!(app.get(&format!("/api/v1/gyms/{}/details", gym.id)).send().await.status, 404);
        assert_eq!(switch(true).by(&boss).send().await.expect(200)["is_active"], true);
        assert_eq!(switch(false).by(&root).send().await.expect(200)["is_active"], false);
        assert_eq!(switch(true).by(&root).send().await.expect(200)["is_active"], true);
        assert_eq!(switch(false).send().await.status, 401);
    }

    async fn idn_46_switching_off_drops_caches_again_should_the_process_have_died(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        // both operations that can switch a gym off
        for off in [app.patch(&format!("{path}/status")), app.put(&path)] {
            off.by(&boss).json(json!({"is_active": false})).send().await.expect(200);
            let ns = CacheKey::GymPage(gym.id).ns();
            let stale = async || Ok::<_, ()>(Bytes::from_static(b"\"stale\""));
            app.services.core.cache.bytes_or_load(&ns, "", Duration::from_secs(300), stale).await.unwrap();
            assert_eq!(&cached_page(&app, gym.id).await[..], b"\"stale\"");
            app.deliver_effects().await;
            assert_eq!(&cached_page(&app, gym.id).await[..], b"\"fresh\"");
            app.patch(&format!("{path}/status")).by(&boss).json(json!({"is_active": true})).send().await.expect(200);
        }
    }

    async fn idn_19_roles_of_the_staff_are_told_anew_when_a_gym_comes_back(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let trainer = app.world.person(&gym, "tr", GymRole::Trainer).await;
        app.world.member(&gym, "ana").await;
        let path = format!("/api/v1/gyms/{}", gym.id);
        let status = format!("{path}/status");
        app.put(&path).by(&boss).json(json!({"name": "N", "is_active": true})).send().await.expect(200);
        app.patch(&status).by(&boss).json(json!({"is_active": false})).send().await.expect(200);
        assert_eq!(role_syncs(t, &app).await, [], "an owner without scopes could not switch on again");
        app.patch(&status).by(&boss).json(json!({"is_active": true})).send().await.expect(200);
        assert_eq!(role_syncs(t, &app).await, [boss.id, trainer.id]);
    }

    async fn idn_46_switches_that_meet_leave_row_and_answers_in_one_state(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let status = format!("/api/v1/gyms/{}/status", gym.id);
        let switch = |n: usize| app.patch(&status).by(&boss).json(json!({"is_active": n.is_multiple_of(2)})).send();
        for answer in futures::future::join_all((0..8).map(switch)).await {
            answer.expect(200);
        }
        let row = app.services.core.stores.gyms.by_id(&t.db, gym.id).await.unwrap().unwrap();
        let shown = app.get(&format!("/api/v1/gyms/{}/details", gym.id)).send().await.status == 200;
        let listed = app.get("/api/v1/gyms/").send().await.expect(200) != json!([]);
        assert_eq!((shown, listed), (row.is_active, row.is_active));
    }
}

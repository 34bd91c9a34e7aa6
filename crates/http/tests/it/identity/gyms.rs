//! Gyms: made and found here; changed in `gyms/change.rs`, seen by their people in `gyms/own.rs`.
mod change;
mod own;

use domain::identity::{GymRole, gym::GymType};
use futures::future::join_all;
use serde_json::{Value, json};
use services::kernel::cache_key::CacheKey;
use testkit::{app::App, both};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|g| g["subdomain"].as_str().unwrap()).collect()
}

async fn find(app: &App, query: &str) -> Value {
    app.get(&format!("/api/v1/gyms/{query}")).send().await.expect(200)
}

both! {
    async fn idn_34_the_platform_creates_a_gym_with_modules_and_without_people(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let body = json!({
            "name": "Box Norte", "subdomain": "box-norte", "timezone": "Europe/Madrid", "phone": "+34 600", "max_clients": 9,
            "logo_url": "https://x.test/l.png", "email": "box@x.test", "address": "Calle 1", "description": "d",
        });
        let made = app.post("/api/v1/gyms/").by(&root).json(body).send().await.expect(201);
        for (field, want) in [
            ("subdomain", json!("box-norte")), ("type", json!("gym")), ("is_active", json!(true)), ("phone", json!("+34 600")),
            ("timezone", json!("Europe/Madrid")), ("logo_url", json!("https://x.test/l.png")), ("email", json!("box@x.test")),
            ("max_clients", json!(null)),
        ] {
            assert_eq!(made[field], want, "{field}");
        }
        assert!(made["created_at"].as_str().unwrap().ends_with('Z'));

        let path = format!("/api/v1/gyms/{}", made["id"]);
        let read = app.get(&path).by(&root).send().await.expect(200);
        assert_eq!((&read["members_count"], &read["admins_count"], &read["name"]), (&json!(0), &json!(0), &json!("Box Norte")));
        let details = app.get(&format!("{path}/details")).send().await.expect(200);
        assert_eq!(details["modules"].as_array().unwrap().len(), 9);
    }

    async fn idn_34_a_trainers_workspace_keeps_what_only_it_has(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let body = json!({
            "name": "Ana", "subdomain": "ana", "type": "personal_trainer", "max_clients": 9, "trainer_specialties": ["Yoga"],
            "trainer_certifications": [{"name": "NSCA", "year": 2020}],
        });
        let made = app.post("/api/v1/gyms/").by(&root).json(body).send().await.expect(201);
        assert_eq!((&made["timezone"], &made["max_clients"], &made["trainer_specialties"]), (&json!("UTC"), &json!(9), &json!(["Yoga"])));
        let read = app.get(&format!("/api/v1/gyms/{}", made["id"])).by(&root).send().await.expect(200);
        assert_eq!((&read["type"], &read["max_clients"]), (&json!("personal_trainer"), &json!(9)));
        assert_eq!((&read["trainer_specialties"], &read["trainer_certifications"][0]["name"]), (&json!(["Yoga"]), &json!("NSCA")));
    }

    async fn idn_34_nobody_else_creates_and_bad_input_is_422(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let root = app.world.super_admin("root").await;
        let body = json!({"name": "New", "subdomain": "new"});
        let create = || app.post("/api/v1/gyms/").json(body.clone());
        assert_eq!(create().send().await.status, 401);
        assert_eq!(create().by(&boss).send().await.outcome(), (403, "super_admin_only".into()));
        assert_eq!(create().by_with(&root, &["tenant:read"]).send().await.outcome(), (403, "missing_scope".into()));
        for bad in [
            json!({"name": "N"}), json!({"name": "N", "subdomain": "No"}), json!({"name": "N", "subdomain": "no"}),
            json!({"name": "N", "subdomain": "nnn", "timezone": "Mars/X"}), json!({"name": "N", "subdomain": "nnn", "type": "spa"}),
        ] {
            let refused = app.post("/api/v1/gyms/").by(&root).json(bad.clone()).send().await;
            assert_eq!(refused.outcome(), (422, "validation_error".into()), "{bad}");
        }
        assert_eq!(names(&find(&app, "").await), ["box"]);
    }

    async fn idn_34_a_subdomain_is_given_once_also_in_a_race(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let one = || async {
            app.post("/api/v1/gyms/").by(&root).json(json!({"name": "Race", "subdomain": "race"})).send().await.outcome()
        };
        let outcomes = join_all((0..8).map(|_| one())).await;
        assert_eq!(outcomes.iter().filter(|o| o.0 == 201).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|o| **o == (400, "subdomain_taken".into())).count(), 7, "{outcomes:?}");
        assert_eq!(names(&find(&app, "?q=race").await), ["race"]);
    }

    async fn idn_35_the_public_list_is_sorted_and_searched(t: TestDb) {
        let app = App::new(t).await;
        for (subdomain, name) in [("zzz", "alpha"), ("mmm", "beta"), ("aaa", "gamma 100%"), ("b-b", "gamma_1")] {
            app.world.gym_with(subdomain, |g| name.clone_into(&mut g.name)).await;
        }
        app.world.gym_with("pt-one", |g| (g.kind, g.name) = (GymType::PersonalTrainer, "Personal".into())).await;
        for (query, want) in [
            ("", &["pt-one", "zzz", "mmm", "aaa", "b-b"] as &[_]),
            ("?q=GAMMA", &["aaa", "b-b"]),
            ("?q=ZZ", &["zzz"]),
            ("?q=%25", &["aaa"]),
            ("?q=_", &["b-b"]),
            ("?q=%20beta%20", &["mmm"]),
            ("?q=nothing", &[]),
            ("?type=personal_trainer", &["pt-one"]),
            ("?type=gym&q=a&limit=2", &["zzz", "mmm"]),
            ("?type=gym&skip=1&limit=2", &["mmm", "aaa"]),
        ] {
            let mut found = find(&app, query).await;
            // databases differ in whether upper case comes first
            let personal = found.as_array().unwrap().iter().position(|g| g["subdomain"] == "pt-one");
            if let (Some(at), list) = (personal, found.as_array_mut().unwrap()) {
                let moved = list.remove(at);
                list.insert(0, moved);
            }
            assert_eq!(names(&found), want, "{query}");
        }
        let gym = &find(&app, "?q=zzz").await[0];
        let mut fields: Vec<_> = gym.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let want = ["address", "description", "email", "id", "is_active", "logo_url", "name", "phone", "subdomain", "timezone"];
        assert_eq!(fields, want);
        assert_eq!(app.get("/api/v1/gyms/?type=spa").send().await.status, 422);
        assert_eq!(app.get("/api/v1/gyms?q=zzz").send().await.expect(200)[0]["subdomain"], "zzz");
    }

    async fn idn_35_inactive_gyms_are_listed_for_the_platform_only(t: TestDb) {
        let app = App::new(t).await;
        let open = app.world.gym("open").await;
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        let boss = app.world.person(&open, "boss", GymRole::Owner).await;
        app.world.join(shut.id, boss.id, GymRole::Owner).await;
        let root = app.world.super_admin("root").await;
        let path = "/api/v1/gyms/?is_active=false";
        for who in [app.get(path), app.get(path).by(&boss), app.get(path).bearer("rubbish")] {
            assert_eq!(who.send().await.expect(200), json!([]));
        }
        assert_eq!(names(&app.get(path).by(&root).send().await.expect(200)), ["shut"]);
        for query in ["", "?q=s", "?q=shut", "?is_active=true", "?type=gym"] {
            assert!(!names(&find(&app, query).await).contains(&"shut"), "{query}");
        }
        // a token that is no good shuts nobody out of what is public
        assert_eq!(names(&app.get("/api/v1/gyms/").bearer("rubbish").send().await.expect(200)), ["open"]);
    }

    async fn idn_36_an_active_gym_is_found_by_its_subdomain(t: TestDb) {
        let app = App::new(t).await;
        let open = app.world.gym("open").await;
        app.world.gym_with("shut", |g| g.is_active = false).await;
        for name in ["open", "OPEN"] {
            let found = app.get(&format!("/api/v1/gyms/by-subdomain/{name}")).send().await.expect(200);
            assert_eq!((&found["id"], found.get("max_clients")), (&json!(open.id), None));
        }
        for name in ["shut", "none", "x", "a%20b", "%00%00%00", "ope_"] {
            let refused = app.get(&format!("/api/v1/gyms/by-subdomain/{name}")).send().await;
            assert_eq!(refused.outcome(), (404, "gym_not_found".into()), "{name}");
        }
    }

    async fn idn_37_details_are_public_for_active_gyms_and_show_active_modules(t: TestDb) {
        let app = App::new(t).await;
        let open = app.world.gym("open").await;
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        let path = format!("/api/v1/gyms/{}/details", open.id);
        let details = app.get(&path).send().await.expect(200);
        assert_eq!((&details["subdomain"], &details["gym_hours"], &details["membership_plans"]), (&json!("open"), &json!([]), &json!([])));
        assert_eq!(details["modules"].as_array().unwrap().len(), 9);
        assert!(details["modules"].as_array().unwrap().iter().all(|m| m["is_enabled"] == true));
        for other in [shut.id.0, 999_999, 0, -1] {
            let refused = app.get(&format!("/api/v1/gyms/{other}/details")).send().await;
            assert_eq!(refused.outcome(), (404, "gym_not_found".into()), "{other}");
        }
        assert_eq!(app.get("/api/v1/gyms/abc/details").send().await.status, 422);

        // a module that is switched goes from the page with the modules' own cache entries
        let modules = &app.services.core.stores.modules;
        let chat = modules.by_code(&t.db, "chat").await.unwrap().unwrap();
        modules.set_active(&t.db, open.id, &chat, false).await.unwrap();
        assert_eq!(app.get(&path).send().await.expect(200)["modules"].as_array().unwrap().len(), 9, "it was cached");
        app.services.core.committed(&[CacheKey::GymModules(open.id)]).await;
        let modules = app.get(&path).send().await.expect(200)["modules"].clone();
        assert_eq!(modules.as_array().unwrap().len(), 8);
        assert!(modules.as_array().unwrap().iter().all(|m| m["module_name"] != json!(chat.name)));
    }

    async fn idn_35_what_everybody_reads_costs_the_database_nothing_once_it_is_known(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        for path in ["", "?type=gym&limit=5", "by-subdomain/box", &format!("{}/details", gym.id)] {
            let path = format!("/api/v1/gyms/{path}");
            let first = app.get(&path).send().await;
            assert_ne!(first.header("x-database-statements"), "0", "{path}");
            let again = app.get(&path).send().await;
            assert_eq!((again.header("x-database-statements"), &again.body), ("0", &first.body), "{path}");
        }
    }

    async fn idn_45_windows_of_lists_are_checked_and_stable(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        for n in 0..5 {
            let gym = app.world.gym_with(&format!("same-{n}"), |g| "Same".clone_into(&mut g.name)).await;
            app.world.join(gym.id, ana.id, GymRole::Member).await;
        }
        for path in ["/api/v1/gyms/", "/api/v1/gyms/my"] {
            for bad in ["limit=0", "limit=1001", "skip=-1", "limit=x", "skip=99999999999999999999"] {
                assert_eq!(app.get(&format!("{path}?{bad}")).by(&ana).send().await.status, 422, "{path} {bad}");
            }
            let page = |query: &str| app.get(&format!("{path}?{query}")).by(&ana).send();
            assert_eq!(page("skip=5").await.expect(200), json!([]));
            assert_eq!(page("skip=9223372036854775807&limit=1000").await.expect(200), json!([]));
            let mut seen = Vec::new();
            for skip in 0..5 {
                let one = page(&format!("skip={skip}&limit=1")).await.expect(200);
                seen.extend(names(&one).into_iter().map(str::to_owned));
            }
            assert_eq!(seen, ["same-0", "same-1", "same-2", "same-3", "same-4"], "{path}");
        }
    }

    async fn idn_35_a_zero_byte_is_no_failure_of_ours(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let found = app.get("/api/v1/gyms/?q=%00").send().await;
        assert!(matches!(found.status.as_u16(), 200 | 422), "{found:?}");
        let made = app.post("/api/v1/gyms/").by(&root).json(json!({"name": "a\u{0}b", "subdomain": "zero"})).send().await;
        assert!(matches!(made.status.as_u16(), 201 | 422), "{made:?}");
    }
}

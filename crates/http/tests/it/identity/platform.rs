use domain::identity::{GymRole, PlatformRole, user};
use serde_json::{Value, json};
use testkit::{app::App, both};

fn handles(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|u| u["first_name"].as_str().unwrap_or("-")).collect()
}

/// Everything about a person that is not for everybody.
async fn fill_in(app: &App, root: &user::Model, person: &user::Model) {
    let body = json!({
        "health_conditions": "asthma", "phone_number": "+34600", "height": 170, "weight": 60,
        "birth_date": "1990-05-01T00:00:00Z", "bio": "hola",
    });
    app.put(&format!("/api/v1/users/{}", person.id)).by(root).json(body).send().await.expect(200);
}

both! {
    async fn idn_59_staff_search_their_gym_and_super_admins_everywhere(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let root = app.world.super_admin("root").await;
        let coach = app.world.person(&here, "coach", GymRole::Trainer).await;
        let ana = app.world.member(&here, "ana").await;
        let zoe = app.world.member(&there, "zoe").await;
        let search = || app.get("/api/v1/users/search");

        assert_eq!(search().by(&ana).at(here.id).send().await.outcome(), (403, "role_too_low".into()));
        assert_eq!(search().by(&coach).at(there.id).send().await.outcome(), (403, "not_a_member".into()));
        assert_eq!(search().by(&coach).send().await.outcome(), (400, "gym_header_required".into()));
        assert_eq!(search().by(&ana).send().await.outcome(), (400, "gym_header_required".into()));
        assert_eq!(search().at(here.id).send().await.status, 401);
        assert_eq!(handles(&search().by(&coach).at(here.id).send().await.expect(200)), ["ana", "coach"]);
        assert_eq!(handles(&search().by(&root).at(there.id).send().await.expect(200)), ["zoe"]);
        assert_eq!(handles(&search().by(&root).send().await.expect(200)), ["ana", "coach", "root", "zoe"]);
        let nowhere = search().by(&root).header("x-gym-id", "999").send().await;
        assert_eq!(nowhere.outcome(), (404, "gym_not_found".into()));
        let foreign = app.get(&format!("/api/v1/users/search?email_contains={}", zoe.email));
        assert_eq!(handles(&foreign.by(&coach).at(here.id).send().await.expect(200)), [] as [&str; 0]);
    }

    async fn idn_59_every_filter_of_the_search_filters(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.person(&gym, "ana", GymRole::Trainer).await;
        let bea = app.world.user_with("bea", |u| {
            u.email = "Bea@Other.example".into();
            u.last_name = Some("Montana".into());
        }).await;
        app.world.join(gym.id, bea.id, GymRole::Member).await;
        let cas = app.world.person(&gym, "cas", GymRole::Owner).await;
        app.put(&format!("/api/v1/users/{}", cas.id)).by(&root).json(json!({"is_active": false})).send().await.expect(200);
        let at = |user: &user::Model| user.created_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);

        for (query, want) in [
            ("name_contains=ANA".to_owned(), vec!["ana", "bea"]),
            ("name_contains=".to_owned(), vec!["ana", "bea", "cas"]),
            ("email_contains=OTHER".to_owned(), vec!["bea"]),
            ("email_domain=other.EXAMPLE".to_owned(), vec!["bea"]),
            ("email_domain=@example.test".to_owned(), vec!["ana", "cas"]),
            ("email_domain=ther.example".to_owned(), vec![]),
            ("role=TRAINER".to_owned(), vec!["ana"]),
            ("role=ADMIN".to_owned(), vec!["cas"]),
            ("role=SUPER_ADMIN".to_owned(), vec![]),
            ("is_active=false".to_owned(), vec!["cas"]),
            ("is_active=true&role=MEMBER".to_owned(), vec!["bea"]),
            (format!("created_after={}", at(&bea)), vec!["bea", "cas"]),
            (format!("created_before={}", at(&bea)), vec!["ana", "bea"]),
        ] {
            let found = app.get(&format!("/api/v1/users/search?{query}")).by(&root).at(gym.id).send().await.expect(200);
            assert_eq!(handles(&found), want, "{query}");
        }
        // over the platform the role is that of the platform
        let found = app.get("/api/v1/users/search?role=MEMBER&name_contains=a").by(&root).send().await.expect(200);
        assert_eq!(handles(&found), ["ana", "bea", "cas"]);
        for bad in ["role=BOSS", "is_active=perhaps", "created_after=yesterday", "limit=0", "limit=1001", "skip=-1"] {
            let refused = app.get(&format!("/api/v1/users/search?{bad}")).by(&root).send().await;
            assert_eq!(refused.outcome(), (422, "validation_error".into()), "{bad}");
        }
        let answer = app.get("/api/v1/users/search?name_contains=a%00b").by(&ana).at(gym.id).send().await;
        assert!(answer.status.as_u16() < 500, "text that the database cannot hold: {}", answer.status);
    }

    async fn edge_22_wildcards_in_a_search_are_literal(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        for (handle, name) in [("a", "100%"), ("b", "snake_case"), ("c", "back\\slash")] {
            app.world.user_with(handle, |u| u.last_name = Some(name.into())).await;
        }
        for (query, want) in [
            ("name_contains=%25", vec!["a"]),
            ("name_contains=_", vec!["b"]),
            ("name_contains=%5C", vec!["c"]),
            ("email_contains=%25", vec![]),
            ("email_domain=%25", vec![]),
            ("email_domain=example_test", vec![]),
        ] {
            let found = app.get(&format!("/api/v1/users/search?{query}")).by(&root).send().await.expect(200);
            assert_eq!(handles(&found), want, "{query}");
        }
    }

    async fn idn_56_a_search_shows_what_the_searcher_may_see(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let coach = app.world.person(&gym, "coach", GymRole::Trainer).await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let ana = app.world.member(&gym, "ana").await;
        fill_in(&app, &root, &ana).await;
        let path = "/api/v1/users/search?name_contains=ana";
        let private = ["health_conditions", "phone_number", "height", "weight", "birth_date", "is_superuser"];

        let seen = app.get(path).by(&coach).at(gym.id).send().await.expect(200);
        for field in private {
            assert_eq!(seen[0][field], Value::Null, "{field}");
        }
        assert_eq!((&seen[0]["bio"], &seen[0]["qr_code"]), (&json!("hola"), &json!(null)));
        for seen in [
            app.get(path).by(&boss).at(gym.id).send().await.expect(200),
            app.get(path).by(&root).send().await.expect(200),
            app.get("/api/v1/users/by-role/MEMBER?skip=2").by(&root).send().await.expect(200),
        ] {
            let one = seen.as_array().unwrap().iter().find(|u| u["id"] == json!(ana.id)).unwrap();
            for field in private {
                assert_ne!(one[field], Value::Null, "{field}");
            }
            assert_eq!(one["qr_code"], Value::Null, "a list shows no QR code");
        }
    }

    async fn idn_57_in_a_gym_the_role_is_the_one_there(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        app.world.join(gym.id, root.id, GymRole::Trainer).await;
        let found = app.get("/api/v1/users/search").by(&boss).at(gym.id).send().await.expect(200);
        let roles: Vec<_> = found.as_array().unwrap().iter().map(|u| (&u["role"], &u["gym_role"])).collect();
        assert_eq!(roles, [(&json!("ADMIN"), &json!("OWNER")), (&json!("TRAINER"), &json!("TRAINER"))]);
        let path = format!("/api/v1/users/{}", boss.id);
        let inside = app.get(&path).by(&root).at(gym.id).send().await.expect(200);
        assert_eq!((&inside["role"], &inside["gym_role"]), (&json!("ADMIN"), &json!("OWNER")));
        let outside = app.get(&path).by(&root).send().await.expect(200);
        assert_eq!((&outside["role"], &outside["gym_role"]), (&json!("MEMBER"), &json!(null)));
    }

    async fn idn_33_a_person_of_another_gym_is_not_found_by_its_administrators(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let root = app.world.super_admin("root").await;
        let boss = app.world.person(&here, "boss", GymRole::Admin).await;
        let coach = app.world.person(&here, "coach", GymRole::Trainer).await;
        let ana = app.world.member(&here, "ana").await;
        let zoe = app.world.member(&there, "zoe").await;
        let path = |user: &user::Model| format!("/api/v1/users/{}", user.id);

        let seen = app.get(&path(&ana)).by(&boss).at(here.id).send().await.expect(200);
        assert_eq!(seen["qr_code"], json!(ana.qr_code), "staff looking at one person see the code (IDN-56)");
        assert_eq!(app.get(&path(&zoe)).by(&boss).at(here.id).send().await.outcome(), (404, "user_not_found".into()));
        assert_eq!(app.get(&path(&zoe)).by(&boss).at(there.id).send().await.outcome(), (403, "not_a_member".into()));
        assert_eq!(app.get(&path(&ana)).by(&boss).send().await.outcome(), (400, "gym_header_required".into()));
        for low in [&coach, &ana] {
            assert_eq!(app.get(&path(&ana)).by(low).at(here.id).send().await.outcome(), (403, "role_too_low".into()));
        }
        for call in [app.get(&path(&zoe)), app.get(&path(&zoe)).at(here.id), app.get(&path(&zoe)).at(there.id)] {
            assert_eq!(call.by(&root).send().await.expect(200)["email"], json!(zoe.email));
        }
        for unknown in ["999999", "0", "-1"] {
            let missing = app.get(&format!("/api/v1/users/{unknown}")).by(&root).send().await;
            assert_eq!(missing.outcome(), (404, "user_not_found".into()), "{unknown}");
        }
        assert_eq!(app.get("/api/v1/users/abc").by(&root).send().await.status, 422);
        assert_eq!(app.get("/api/v1/users/99999999999999999999").by(&root).send().await.status, 422);
    }

    async fn idn_33_a_subject_is_found_by_self_their_administrators_and_the_platform(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym_with("closed", |g| g.is_active = false).await);
        let root = app.world.super_admin("root").await;
        let boss = app.world.person(&here, "boss", GymRole::Owner).await;
        let coach = app.world.person(&here, "coach", GymRole::Trainer).await;
        let former = app.world.person(&there, "former", GymRole::Admin).await;
        let ana = app.world.member(&here, "ana").await;
        app.world.join(there.id, ana.id, GymRole::Member).await;
        let path = "/api/v1/users/auth0/test%7Cana";
        for viewer in [&ana, &boss, &root] {
            assert_eq!(app.get(path).by(viewer).send().await.expect(200)["id"], json!(ana.id));
        }
        for stranger in [&coach, &former] {
            assert_eq!(app.get(path).by(stranger).send().await.outcome(), (404, "user_not_found".into()));
        }
        let unknown = app.get("/api/v1/users/auth0/auth0%7Cnobody%2Fx").by(&root).send().await;
        assert_eq!(unknown.outcome(), (404, "user_not_found".into()));
        let scoped = app.get(path).by_with(&ana, &["resource:read"]).send().await;
        assert_eq!(scoped.outcome(), (403, "missing_scope".into()));
    }

    async fn idn_59_lists_of_the_platform_are_for_super_admins(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let chief = app.world.user_with("chief", |u| u.role = PlatformRole::Admin).await;
        for path in ["/api/v1/users/", "/api/v1/users", "/api/v1/users/by-role/MEMBER"] {
            for caller in [&boss, &chief] {
                let refused = app.get(path).by(caller).at(gym.id).send().await;
                assert_eq!(refused.outcome(), (403, "super_admin_only".into()), "{path}");
            }
            assert_eq!(app.get(path).send().await.status, 401);
            app.get(path).by(&root).send().await.expect(200);
        }
        let scoped = app.get("/api/v1/users/").by_with(&root, &["user:write"]).send().await;
        assert_eq!(scoped.outcome(), (403, "missing_scope".into()));

        let by_role = async |query: &str| app.get(&format!("/api/v1/users/by-role/{query}")).by(&root).send().await;
        assert_eq!(handles(&by_role("ADMIN").await.expect(200)), ["chief"]);
        assert_eq!(handles(&by_role("SUPER_ADMIN").await.expect(200)), ["root"]);
        assert_eq!(handles(&by_role(&format!("ADMIN?gym_id={}", gym.id)).await.expect(200)), ["boss"]);
        assert_eq!(handles(&by_role(&format!("SUPER_ADMIN?gym_id={}", gym.id)).await.expect(200)), [] as [&str; 0]);
        assert_eq!(by_role("ADMIN?gym_id=999").await.outcome(), (404, "gym_not_found".into()));
        assert_eq!(by_role("OWNER").await.status, 422);
    }

    async fn edge_21_platform_lists_page_in_a_stable_order(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        for n in 0..5 {
            app.world.user_with(&format!("u{n}"), |u| u.first_name = Some("Same".into())).await;
        }
        for path in ["/api/v1/users/?", "/api/v1/users/search?name_contains=same&", "/api/v1/users/by-role/MEMBER?"] {
            let whole = app.get(path).by(&root).send().await.expect(200);
            let mut paged = Vec::new();
            for skip in 0..whole.as_array().unwrap().len() {
                let page = app.get(&format!("{path}skip={skip}&limit=1")).by(&root).send().await.expect(200);
                paged.extend(page.as_array().unwrap().clone());
            }
            assert_eq!(json!(paged), whole, "{path}");
            assert_eq!(app.get(&format!("{path}skip=1000")).by(&root).send().await.expect(200), json!([]));
            for bad in ["limit=0", "limit=1001", "skip=-1"] {
                assert_eq!(app.get(&format!("{path}{bad}")).by(&root).send().await.status, 422, "{path}{bad}");
            }
        }
    }

    async fn idn_59_a_page_costs_the_same_statements_whatever_its_size(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        for n in 0..30 {
            app.world.member(&gym, &format!("m{n}")).await;
        }
        let by_role = format!("/api/v1/users/by-role/MEMBER?gym_id={}&", gym.id);
        for path in ["/api/v1/users/?", "/api/v1/users/search?", "/api/v1/users/by-role/MEMBER?", &by_role] {
            let cost = async |limit: u32| {
                let answer = app.get(&format!("{path}limit={limit}")).by(&root).send().await;
                answer.header("x-database-statements").parse::<u32>().expect("a count")
            };
            cost(1).await;
            let (small, large) = (cost(1).await, cost(100).await);
            assert!(small >= 1 && small == large, "{path}: {small} and {large}");
        }
    }
}

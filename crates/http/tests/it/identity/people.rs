use domain::identity::{GymRole, gym, user};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

const FULL: &str = "/api/v1/users/gym-participants";
const PUBLIC: &str = "/api/v1/users/p/gym-participants";
const SUMMARIES: &str = "/api/v1/users/gym-users";
const PRIVATE: [&str; 6] = ["health_conditions", "phone_number", "height", "weight", "birth_date", "is_superuser"];

fn handles(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|u| u["first_name"].as_str().unwrap_or("-")).collect()
}

fn statements(answer: &Answer) -> u32 {
    answer.header("x-database-statements").parse().expect("a count")
}

/// A gym with its owner `boss`, trainer `coach` and member `ana`, of whom everything is known.
async fn staffed(app: &App) -> (gym::Model, [user::Model; 3]) {
    let gym = app.world.gym("box").await;
    let root = app.world.super_admin("root").await;
    let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
    let coach = app.world.person(&gym, "coach", GymRole::Trainer).await;
    let ana = app.world.member(&gym, "ana").await;
    let body = json!({
        "health_conditions": "asthma", "phone_number": "+34600", "height": 170, "weight": 60,
        "birth_date": "1990-05-01T00:00:00Z", "bio": "hola",
    });
    app.put(&format!("/api/v1/users/{}", ana.id)).by(&root).json(body).send().await.expect(200);
    (gym, [boss, coach, ana])
}

both! {
    async fn edge_26_idn_56_what_each_list_shows_of_a_person(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, coach, ana]) = staffed(&app).await;

        let full = app.get(&format!("{FULL}?role=MEMBER")).by(&boss).at(gym.id).send().await.expect(200);
        for field in PRIVATE {
            assert_ne!(full[0][field], Value::Null, "{field}");
        }
        assert_eq!(full[0]["qr_code"], Value::Null, "no list shows a QR code");
        let one = app.get(&format!("{FULL}/{}", ana.id)).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!((&one["qr_code"], &one["health_conditions"]), (&json!(ana.qr_code), &json!("asthma")));

        for viewer in [&boss, &coach, &ana] {
            for path in [format!("{PUBLIC}/{}", ana.id), format!("/api/v1/users/p/public-profile/{}", ana.id)] {
                let one = app.get(&path).by(viewer).at(gym.id).send().await.expect(200);
                let list = app.get(&format!("{PUBLIC}?role=MEMBER")).by(viewer).at(gym.id).send().await.expect(200);
                assert_eq!(list[0], one);
                let fields: Vec<_> = one.as_object().unwrap().keys().collect();
                assert_eq!(fields, ["bio", "color", "first_name", "id", "is_active", "last_name", "picture", "role"]);
            }
        }
        for (path, low) in [(FULL, &coach), (FULL, &ana), (SUMMARIES, &coach), (SUMMARIES, &ana)] {
            assert_eq!(app.get(path).by(low).at(gym.id).send().await.outcome(), (403, "role_too_low".into()), "{path}");
        }
        let single = app.get(&format!("{FULL}/{}", ana.id)).by(&coach).at(gym.id).send().await;
        assert_eq!(single.outcome(), (403, "role_too_low".into()));
    }

    async fn idn_57_members_see_each_other_with_the_role_of_the_gym_and_nobody_else(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, _, ana]) = staffed(&app).await;
        let elsewhere = app.world.gym("elsewhere").await;
        let zoe = app.world.member(&elsewhere, "zoe").await;
        for base in [PUBLIC, "/api/v1/users/p/public-profile"] {
            let owner = app.get(&format!("{base}/{}", boss.id)).by(&ana).at(gym.id).send().await.expect(200);
            assert_eq!(owner["role"], "ADMIN");
            let foreign = app.get(&format!("{base}/{}", zoe.id)).by(&ana).at(gym.id).send().await;
            assert_eq!(foreign.outcome(), (404, "user_not_found".into()));
            let outsider = app.get(&format!("{base}/{}", ana.id)).by(&zoe).at(gym.id).send().await;
            assert_eq!(outsider.outcome(), (403, "not_a_member".into()));
        }
        let full = app.get(&format!("{FULL}/{}", boss.id)).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!((&full["role"], &full["gym_role"]), (&json!("ADMIN"), &json!("OWNER")));
        let foreign = app.get(&format!("{FULL}/{}", zoe.id)).by(&boss).at(gym.id).send().await;
        assert_eq!(foreign.outcome(), (404, "user_not_found".into()));
    }

    async fn idn_58_participants_are_members_and_trainers_in_order_of_their_names(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, ..]) = staffed(&app).await;
        app.world.person(&gym, "admin", GymRole::Admin).await;
        app.world.member(&app.world.gym("other").await, "aaa").await;
        for path in [FULL, PUBLIC] {
            let list = async |query: &str| app.get(&format!("{path}{query}")).by(&boss).at(gym.id).send().await;
            assert_eq!(handles(&list("").await.expect(200)), ["ana", "coach"]);
            assert_eq!(handles(&list("?role=MEMBER").await.expect(200)), ["ana"]);
            assert_eq!(handles(&list("?role=TRAINER").await.expect(200)), ["coach"]);
            for other in ["OWNER", "ADMIN", "SUPER_ADMIN", "member", ""] {
                let refused = list(&format!("?role={other}")).await;
                assert_eq!(refused.outcome(), (400, "invalid_role".into()), "{path} {other}");
            }
        }
    }

    async fn edge_22_idn_58_the_name_filter_is_literal_and_not_cached(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [_, _, ana]) = staffed(&app).await;
        for (handle, last) in [("p", "100%"), ("u", "Snake_Case"), ("b", "back\\slash")] {
            let user = app.world.user_with(handle, |u| u.last_name = Some(last.into())).await;
            app.world.join(gym.id, user.id, GymRole::Member).await;
        }
        for (needle, want) in [("%25", vec!["p"]), ("_", vec!["u"]), ("%5C", vec!["b"]), ("sNAKE", vec!["u"]), ("AN", vec!["ana"])] {
            for _ in 0..2 {
                let answer = app.get(&format!("{PUBLIC}?name_contains={needle}")).by(&ana).at(gym.id).send().await;
                assert!(statements(&answer) > 0, "a name filter reads the database");
                assert_eq!(handles(&answer.expect(200)), want, "{needle}");
            }
        }
        let both = app.get(&format!("{PUBLIC}?name_contains=a&role=TRAINER")).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(handles(&both), ["coach"]);
    }

    async fn idn_58_cached_lists_are_dropped_when_a_member_changes_their_profile(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, _, ana]) = staffed(&app).await;
        let second = app.world.gym("second").await;
        app.world.join(second.id, ana.id, GymRole::Member).await;
        let root = app.world.super_admin("chief").await;
        let lists = || async {
            let mut seen = Vec::new();
            for (path, gym, viewer) in [(FULL, gym.id, &boss), (PUBLIC, gym.id, &boss), (PUBLIC, second.id, &root)] {
                seen.push(app.get(&format!("{path}?role=MEMBER")).by(viewer).at(gym).send().await);
            }
            seen
        };
        lists().await;
        for warm in lists().await {
            assert_eq!(statements(&warm), 0, "the second look is the cache's");
            assert_eq!(handles(&warm.expect(200)), ["ana"]);
        }
        app.put("/api/v1/users/profile").by(&ana).json(json!({"first_name": "Anabel"})).send().await.expect(200);
        for fresh in lists().await {
            assert_eq!(handles(&fresh.expect(200)), ["Anabel"]);
        }
    }

    async fn idn_58_a_cached_list_is_that_of_its_gym_role_and_page(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, ..]) = staffed(&app).await;
        let other = app.world.gym("other").await;
        app.world.join(other.id, boss.id, GymRole::Owner).await;
        app.world.member(&other, "zoe").await;
        for _ in 0..2 {
            for (query, gym, want) in [
                ("", gym.id, vec!["ana", "coach"]),
                ("", other.id, vec!["zoe"]),
                ("?role=TRAINER", gym.id, vec!["coach"]),
                ("?limit=1", gym.id, vec!["ana"]),
                ("?skip=1", gym.id, vec!["coach"]),
            ] {
                for path in [FULL, PUBLIC] {
                    let list = app.get(&format!("{path}{query}")).by(&boss).at(gym).send().await.expect(200);
                    assert_eq!(handles(&list), want, "{path}{query}");
                    assert_eq!(list[0].get("email").is_some(), path == FULL);
                }
            }
        }
    }

    async fn idn_60_an_address_is_looked_for_outside_the_gym(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, coach, ana]) = staffed(&app).await;
        let zoe = app.world.user("zoe").await;
        let find = async |email: &str, by: &user::Model| {
            app.get(&format!("/api/v1/users/search-by-email?email={email}")).by(by).at(gym.id).send().await
        };
        let found = find("ZOE@example.test", &boss).await.expect(200);
        assert_eq!(found, json!({"id": zoe.id, "email": zoe.email, "first_name": "zoe", "last_name": "Tester"}));
        assert_eq!(find("ana@example.test", &boss).await.outcome(), (409, "already_in_gym".into()));
        assert_eq!(find("nobody@example.test", &boss).await.outcome(), (404, "user_not_found".into()));
        for low in [&coach, &ana] {
            assert_eq!(find("zoe@example.test", low).await.outcome(), (403, "role_too_low".into()));
        }
        assert_eq!(app.get("/api/v1/users/search-by-email").by(&boss).at(gym.id).send().await.status, 422);
    }

    async fn idn_58_the_lists_need_their_scopes(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, ..]) = staffed(&app).await;
        for (path, wrong) in [(FULL, "resource:read"), (SUMMARIES, "resource:read"), (PUBLIC, "user:read")] {
            let refused = app.get(path).by_with(&boss, &[wrong]).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (403, "missing_scope".into()), "{path}");
        }
    }

    async fn edge_21_pages_of_equal_names_keep_one_order(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, ..]) = staffed(&app).await;
        for n in 0..6 {
            let same = app.world.user_with(&format!("u{n}"), |u| u.first_name = Some("Same".into())).await;
            app.world.join(gym.id, same.id, GymRole::Member).await;
        }
        for path in [FULL, PUBLIC, SUMMARIES] {
            let get = async |query: &str| app.get(&format!("{path}?{query}")).by(&boss).at(gym.id).send().await;
            let whole = get("").await.expect(200);
            let mut paged = Vec::new();
            for skip in 0..whole.as_array().unwrap().len() {
                paged.extend(get(&format!("skip={skip}&limit=1")).await.expect(200).as_array().unwrap().clone());
            }
            assert_eq!(json!(paged), whole, "{path}");
            assert_eq!(get("skip=1000").await.expect(200), json!([]));
            get("limit=1000").await.expect(200);
            for bad in ["limit=0", "limit=1001", "skip=-1", "limit=ten"] {
                assert_eq!(get(bad).await.outcome(), (422, "validation_error".into()), "{path}?{bad}");
            }
        }
    }

    async fn idn_58_a_page_costs_the_same_statements_whatever_its_size(t: TestDb) {
        let app = App::new(t).await;
        let (gym, [boss, ..]) = staffed(&app).await;
        for n in 0..110 {
            app.world.member(&gym, &format!("m{n}")).await;
        }
        let named = format!("{PUBLIC}?name_contains=m&");
        let paths = [format!("{FULL}?"), format!("{PUBLIC}?"), named, format!("{SUMMARIES}?"), "/api/v1/users/search?".into()];
        for path in paths {
            let page = async |limit: u32| {
                let answer = app.get(&format!("{path}limit={limit}")).by(&boss).at(gym.id).send().await;
                (statements(&answer), answer.expect(200).as_array().unwrap().len())
            };
            page(2).await;
            assert_eq!((page(1).await, page(100).await), ((1, 1), (1, 100)), "{path}");
        }
    }

    async fn idn_58_idn_100_the_list_by_time_of_joining_is_cached_and_each_caller_sees_their_own_part(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let (ana, ben) = (app.world.member(&gym, "ana").await, app.world.member(&gym, "ben").await);
        let path = "/api/v1/gyms/users";
        let list = async |by: &user::Model| {
            let answer = app.get(path).by(by).at(gym.id).send().await;
            let warm = answer.header("x-database-statements") == "0";
            let emails = answer.expect(200).as_array().unwrap().iter().map(|m| m["email"].clone()).collect::<Vec<_>>();
            (warm, emails)
        };
        for by in [&boss, &ana, &ben] {
            app.get("/api/v1/users/p/gym-participants").by(by).at(gym.id).send().await.expect(200);
        }
        let all = [&boss, &ana, &ben].map(|u| json!(u.email));
        assert_eq!(list(&boss).await, (false, all.to_vec()));
        assert_eq!(list(&boss).await, (true, all.to_vec()));
        assert_eq!(list(&ana).await, (true, vec![all[0].clone(), all[1].clone(), Value::Null]));
        assert_eq!(list(&ben).await, (true, vec![all[0].clone(), Value::Null, all[2].clone()]));
        // who goes is gone at once
        app.delete(&format!("/api/v1/gyms/users/{}", ana.id)).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(list(&boss).await.1, [all[0].clone(), all[2].clone()]);
    }
}

mod seats;

use domain::{
    CategoryId,
    identity::{GymRole, gym, user},
    schedule::{class, participation::ParticipationStatus, session},
};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

const ALL: &str = "/api/v1/schedule/classes/classes";
const SHORT: &str = "/api/v1/schedule/classes";

/// A gym with an administrator, a trainer and a member.
struct Cast {
    gym: gym::Model,
    boss: user::Model,
    tom: user::Model,
    ana: user::Model,
}

async fn cast(app: &App) -> Cast {
    let gym = app.world.gym("box").await;
    let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let ana = app.world.member(&gym, "ana").await;
    Cast { gym, boss, tom, ana }
}

impl Cast {
    /// A class with what every class needs, and this.
    async fn create(&self, app: &App, extra: Value) -> Answer {
        let mut body = json!({"name": "Spin", "duration": 45, "max_capacity": 12, "difficulty_level": "advanced"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        app.post(ALL).by(&self.tom).at(self.gym.id).json(body).send().await
    }
    async fn change(&self, app: &App, id: impl std::fmt::Display, body: Value) -> Answer {
        app.put(&format!("{ALL}/{id}")).by(&self.tom).at(self.gym.id).json(body).send().await
    }
    async fn delete(&self, app: &App, id: impl std::fmt::Display) -> Answer {
        app.delete(&format!("{ALL}/{id}")).by(&self.boss).at(self.gym.id).send().await
    }
    async fn get(&self, app: &App, path: &str) -> Answer {
        app.get(path).by(&self.ana).at(self.gym.id).send().await
    }
    /// The names of a list.
    async fn names(&self, app: &App, path: &str) -> Vec<String> {
        let list = self.get(app, path).await.expect(200);
        list.as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
    }
}

both! {
    async fn sch_39_a_class_is_made_read_and_changed(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let made = c.create(&app, json!({"name": " Spin ", "description": "Hills", "category_enum": "cardio"})).await.expect(201);
        assert_eq!((&made["name"], &made["duration"], &made["max_capacity"]), (&json!("Spin"), &json!(45), &json!(12)));
        assert_eq!((&made["gym_id"], &made["created_by"]), (&json!(c.gym.id), &json!(c.tom.id)));
        assert_eq!((&made["is_active"], &made["difficulty_level"]), (&json!(true), &json!("advanced")));
        assert_eq!((&made["category_id"], &made["custom_category"]), (&Value::Null, &Value::Null));
        let one = format!("{ALL}/{}", made["id"]);
        assert_eq!(c.names(&app, ALL).await, ["Spin"]);
        assert_eq!(c.get(&app, &one).await.expect(200)["description"], json!("Hills"));
        let body = json!({"name": "Spin II", "description": null, "duration": 60, "is_active": false});
        let changed = c.change(&app, &made["id"], body).await.expect(200);
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Spin II"), &Value::Null));
        assert_eq!((&changed["duration"], &changed["max_capacity"]), (&json!(60), &json!(12)));
        assert_eq!(c.get(&app, &one).await.expect(200)["name"], json!("Spin II"));
        // what the caches told before is gone
        assert_eq!(c.names(&app, ALL).await, [""; 0]);
        assert_eq!(c.names(&app, &format!("{ALL}?active_only=false")).await, ["Spin II"]);
        for bad in [
            json!({"name": " "}),
            json!({"duration": 0}),
            json!({"duration": 1441}),
            json!({"max_capacity": 0}),
            json!({"max_capacity": 3_000_000_000_i64}),
            json!({"difficulty_level": "lethal"}),
            json!({"category_enum": "boxing"}),
        ] {
            assert_eq!(c.create(&app, bad.clone()).await.outcome(), (422, "validation_error".into()), "{bad}");
            assert_eq!(c.change(&app, &made["id"], bad.clone()).await.status, 422, "{bad}");
        }
        for id in ["999999", "0", "-1"] {
            assert_eq!(c.change(&app, id, json!({"name": "x"})).await.outcome(), (404, "class_not_found".into()));
            assert_eq!(c.delete(&app, id).await.outcome(), (404, "class_not_found".into()));
            assert_eq!(c.get(&app, &format!("{ALL}/{id}")).await.outcome(), (404, "class_not_found".into()));
        }
    }

    /// Edge case 22.
    async fn sch_39_kinds_in_any_case_and_by_their_old_name(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let own = json!(app.world.category(&c.gym, "Aerial").await.id);
        for (body, kind) in [
            (json!({}), json!("other")),
            (json!({"category_enum": "YOGA"}), json!("yoga")),
            (json!({"category": "Pilates"}), json!("pilates")),
            (json!({"category_enum": "hiit", "category": "yoga"}), json!("hiit")),
            (json!({"category_id": own}), Value::Null),
            (json!({"category_id": own, "category": "strength"}), json!("strength")),
        ] {
            let made = c.create(&app, body.clone()).await.expect(201);
            assert_eq!((&made["category_enum"], &made["category"]), (&kind, &kind), "{body}");
        }
        let made = c.create(&app, json!({"category_id": own})).await.expect(201);
        assert_eq!((&made["category_id"], &made["custom_category"]["name"]), (&own, &json!("Aerial")));
        let freed = c.change(&app, &made["id"], json!({"category_id": null})).await.expect(200);
        assert_eq!((&freed["category"], &freed["custom_category"]), (&json!("other"), &Value::Null));
        let back = c.change(&app, &made["id"], json!({"category_id": own, "category_enum": null})).await.expect(200);
        assert_eq!((&back["category_enum"], &back["custom_category"]["id"]), (&Value::Null, &own));
    }

    /// Edge case 22.
    async fn sch_40_a_category_is_one_of_the_gym(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let foreign = app.world.category(&there, "Pole").await.id;
        let made = c.create(&app, json!({})).await.expect(201);
        for id in [foreign, CategoryId(999_999), CategoryId(0)] {
            let invalid = (400, "invalid_category".to_owned());
            assert_eq!(c.create(&app, json!({"category_id": id})).await.outcome(), invalid);
            assert_eq!(c.change(&app, &made["id"], json!({"category_id": id})).await.outcome(), invalid);
        }
        assert_eq!(c.names(&app, &format!("{ALL}?active_only=false")).await, ["Spin"]);
        assert_eq!(c.create(&app, json!({"category_id": "x"})).await.status, 422);
    }

    async fn sch_41_a_class_with_sessions_becomes_inactive_and_another_goes(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let used = app.world.class(&c.gym).await;
        let session = app.world.session_with(&used, &c.tom, in_minutes(-6000), |s| {
            s.status = session::SessionStatus::Cancelled;
        }).await;
        let unused = c.create(&app, json!({"name": "Unused"})).await.expect(201);
        assert_eq!(c.names(&app, ALL).await, ["Spinning", "Unused"]);
        let kept = c.delete(&app, used.id).await.expect(200);
        assert_eq!((&kept["id"], &kept["is_active"]), (&json!(used.id), &json!(false)));
        let gone = c.delete(&app, &unused["id"]).await.expect(200);
        assert_eq!((&gone["id"], &gone["is_active"]), (&unused["id"], &json!(true)));
        assert_eq!(c.names(&app, &format!("{ALL}?active_only=false")).await, ["Spinning"]);
        assert_eq!(c.delete(&app, &unused["id"]).await.outcome(), (404, "class_not_found".into()));
        assert_eq!(app.world.session_now(c.gym.id, session.id).await, session);
    }

    async fn sch_41_a_class_that_goes_while_a_session_comes_is_either_gone_or_has_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let pattern = app.world.session(&app.world.class(&c.gym).await, &c.tom, in_minutes(60)).await;
        for round in 0..12 {
            let class = app.world.class(&c.gym).await;
            let comes = async || {
                let mut row = pattern.clone().into_active_model();
                row.id = sea_orm::NotSet;
                row.class_id = Set(class.id);
                row.start_time = Set(pattern.start_time + chrono::TimeDelta::minutes(round));
                row.end_time = Set(pattern.end_time + chrono::TimeDelta::minutes(round));
                row.insert(t.pool()).await.is_ok()
            };
            let (deleted, came) = match round % 2 {
                0 => futures::join!(c.delete(&app, class.id), comes()),
                _ => { let (b, a) = futures::join!(comes(), c.delete(&app, class.id)); (a, b) }
            };
            deleted.expect(200);
            let left = c.get(&app, &format!("{ALL}/{}", class.id)).await;
            match left.status.as_u16() {
                200 => {
                    assert!(came, "a class without sessions is kept");
                    assert_eq!(left.json()["is_active"], json!(false));
                }
                status => assert_eq!((status, came), (404, false)),
            }
        }
    }

    async fn sch_42_lists_by_kind_and_difficulty_show_active_classes_page_by_page(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let make = async |name: &str, kind, difficulty, is_active| {
            app.world.class_with(&c.gym, |k| {
                k.name = name.to_owned();
                k.category_enum = Some(kind);
                k.difficulty_level = difficulty;
                k.is_active = is_active;
            }).await
        };
        use class::{ClassCategory::{Hiit, Yoga}, Difficulty::{Advanced, Beginner}};
        make("a", Yoga, Beginner, true).await;
        make("b", Yoga, Advanced, true).await;
        make("c", Hiit, Beginner, true).await;
        make("d", Yoga, Beginner, false).await;
        make("e", Yoga, Beginner, true).await;
        let there = app.world.gym("there").await;
        app.world.class_with(&there, |k| k.category_enum = Some(Yoga)).await;
        for base in [ALL, SHORT] {
            for (path, names) in [
                ("", vec!["a", "b", "c", "e"]),
                ("?active_only=false", vec!["a", "b", "c", "d", "e"]),
                ("?skip=1&limit=2", vec!["b", "c"]),
                ("?limit=100000", vec!["a", "b", "c", "e"]),
                ("/category/yoga", vec!["a", "b", "e"]),
                ("/category/YOGA?skip=1&limit=1", vec!["b"]),
                ("/category/cardio", vec![]),
                ("/difficulty/beginner", vec!["a", "c", "e"]),
                ("/difficulty/beginner?skip=2", vec!["e"]),
                ("/difficulty/intermediate", vec![]),
            ] {
                assert_eq!(c.names(&app, &format!("{base}{path}")).await, names, "{base}{path}");
            }
            for path in ["?limit=0", "?skip=-1", "?active_only=maybe", "/category/boxing", "/difficulty/lethal"] {
                let answer = c.get(&app, &format!("{base}{path}")).await;
                assert_eq!(answer.outcome(), (422, "validation_error".into()), "{base}{path}");
            }
        }
    }

    /// Edge case 22.
    async fn sch_42_a_search_finds_text_taken_literally(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let make = async |name: &str, description: Option<&str>| {
            app.world.class_with(&c.gym, |k| {
                k.name = name.to_owned();
                k.description = description.map(str::to_owned);
            }).await
        };
        make("Power 100%", None).await;
        make("Power 1000", Some("A_B")).await;
        make("Stretch", Some("more POWER, less pain; A-B")).await;
        make("Back\\slash", None).await;
        app.world.class_with(&c.gym, |k| { k.name = "Power off".into(); k.is_active = false; }).await;
        app.world.class_with(&app.world.gym("there").await, |k| k.name = "Power there".into()).await;
        for base in [ALL, SHORT] {
            for (query, names) in [
                ("power", vec!["Power 100%", "Power 1000", "Stretch"]),
                ("POWER&skip=1&limit=1", vec!["Power 1000"]),
                ("%25", vec!["Power 100%"]),
                ("100%25", vec!["Power 100%"]),
                ("a_b", vec!["Power 1000"]),
                ("_", vec!["Power 1000"]),
                ("%5C", vec!["Back\\slash"]),
                ("nothing", vec![]),
            ] {
                assert_eq!(c.names(&app, &format!("{base}/search?query={query}")).await, names, "{query}");
            }
            for query in ["", "?query=", &format!("?query={}", "x".repeat(101)), "?query=x&limit=0"] {
                let answer = c.get(&app, &format!("{base}/search{query}")).await;
                assert_eq!(answer.outcome(), (422, "validation_error".into()), "{query}");
            }
            c.get(&app, &format!("{base}/search?query={}", "é".repeat(100))).await.expect(200);
        }
        // a new class is found though the search is kept
        make("Power up", None).await;
        c.create(&app, json!({"name": "Full power"})).await.expect(201);
        let found = c.names(&app, &format!("{ALL}/search?query=power")).await;
        assert_eq!(found, ["Power 100%", "Power 1000", "Stretch", "Power up", "Full power"]);
    }

    async fn sch_58_a_class_shows_its_sessions_of_thirty_days_ago_and_later(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let spin = app.world.class(&c.gym).await;
        let day = 24 * 60;
        app.world.session(&spin, &c.tom, in_minutes(-30 * day - 5)).await;
        let old = app.world.session(&spin, &c.tom, in_minutes(-30 * day + 5)).await;
        let next = app.world.session(&spin, &c.tom, in_minutes(60)).await;
        app.world.session(&app.world.class(&c.gym).await, &c.tom, in_minutes(60)).await;
        let path = format!("{ALL}/{}", spin.id);
        let shown = c.get(&app, &path).await.expect(200);
        assert_eq!((&shown["id"], &shown["name"], &shown["category"]), (&json!(spin.id), &json!("Spinning"), &json!("cardio")));
        let ids = |shown: &Value| {
            shown["sessions"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&shown), [json!(old.id), json!(next.id)]);
        assert_eq!(shown["sessions"][1]["timezone"], json!("Europe/Madrid"));
        assert!(shown["sessions"][1]["start_time"].as_str().unwrap().ends_with('Z'));
        assert_eq!(shown["sessions"][1]["current_participants"], json!(0));
        // a booking is seen at once, though the class is kept
        let book = format!("/api/v1/schedule/participation/register/{}", next.id);
        app.post(&book).by(&c.ana).at(c.gym.id).send().await.expect(200);
        let booked = c.get(&app, &format!("{SHORT}/{}", spin.id)).await.expect(200);
        assert_eq!(booked["sessions"][1]["current_participants"], json!(1));
        for n in 0..100 {
            app.world.session(&spin, &c.tom, in_minutes(120 + n)).await;
        }
        let renamed = c.change(&app, spin.id, json!({"name": "Spin"})).await.expect(200);
        assert!(renamed.get("sessions").is_none());
        let many = c.get(&app, &path).await.expect(200);
        assert_eq!((many["sessions"].as_array().unwrap().len(), ids(&many)[0].clone()), (100, json!(old.id)));
        assert_eq!(many["name"], json!("Spin"));
    }

    /// Edge case 7.
    async fn sch_2_sch_3_classes_are_the_gyms_own_and_their_staffs_to_change(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let own = app.world.class(&c.gym).await;
        let there = app.world.gym("there").await;
        let theirs = app.world.class(&there).await;
        // an administrator there, and a member here
        app.world.join(there.id, c.ana.id, GymRole::Admin).await;
        for base in [ALL, SHORT] {
            let path = format!("{base}/{}", theirs.id);
            for call in [app.get(&path), app.put(&path).json(json!({"name": "Mine"})), app.delete(&path)] {
                let answer = call.by(&c.boss).at(c.gym.id).send().await;
                assert_eq!(answer.outcome(), (404, "class_not_found".into()));
            }
            let path = format!("{base}/{}", own.id);
            let low = (403, "role_too_low".to_owned());
            let body = json!({"name": "Mine", "duration": 60, "max_capacity": 9, "difficulty_level": "beginner"});
            let post = app.post(base).by(&c.ana).at(c.gym.id).json(body.clone()).send().await;
            assert_eq!(post.outcome(), low);
            assert_eq!(app.put(&path).by(&c.ana).at(c.gym.id).json(body).send().await.outcome(), low);
            assert_eq!(app.delete(&path).by(&c.tom).at(c.gym.id).send().await.outcome(), low);
            assert_eq!(app.get(&path).at(c.gym.id).send().await.outcome(), (401, "not_authenticated".into()));
        }
    }
}

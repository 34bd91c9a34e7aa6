use domain::{
    identity::{GymRole, gym, user},
    schedule::category,
};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

const ALL: &str = "/api/v1/schedule/categories/categories";
const CLASSES: &str = "/api/v1/schedule/classes/classes";

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
    async fn create(&self, app: &App, body: Value) -> Answer {
        app.post(ALL).by(&self.tom).at(self.gym.id).json(body).send().await
    }
    async fn change(&self, app: &App, id: &Value, body: Value) -> Answer {
        app.put(&format!("{ALL}/{id}")).by(&self.tom).at(self.gym.id).json(body).send().await
    }
    async fn delete(&self, app: &App, id: &Value) -> Answer {
        app.delete(&format!("{ALL}/{id}")).by(&self.boss).at(self.gym.id).send().await
    }
    async fn get(&self, app: &App, path: &str) -> Answer {
        app.get(path).by(&self.ana).at(self.gym.id).send().await
    }
    /// The names of a list.
    async fn names(&self, app: &App, query: &str) -> Vec<String> {
        let list = self.get(app, &format!("{ALL}{query}")).await.expect(200);
        list.as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn class_of(category: &Value) -> Value {
    json!({"name": "Silks", "duration": 60, "max_capacity": 8, "difficulty_level": "beginner", "category_id": category})
}

both! {
    async fn sch_36_a_category_is_made_read_and_changed(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let made = c.create(&app, json!({"name": "  Aerial ", "color": "#8e44ad", "description": "On silks"})).await.expect(201);
        assert_eq!((&made["name"], &made["color"], &made["icon"]), (&json!("Aerial"), &json!("#8e44ad"), &Value::Null));
        assert_eq!((&made["gym_id"], &made["created_by"]), (&json!(c.gym.id), &json!(c.tom.id)));
        assert_eq!(made["is_active"], json!(true));
        let one = format!("{ALL}/{}", made["id"]);
        assert_eq!(c.get(&app, &one).await.expect(200), made);
        let changed = c.change(&app, &made["id"], json!({"name": " Hoop", "description": null, "icon": "hoop"})).await.expect(200);
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Hoop"), &Value::Null));
        assert_eq!((&changed["icon"], &changed["color"]), (&json!("hoop"), &json!("#8e44ad")));
        // what was read before is not what the cache goes on telling
        assert_eq!(c.get(&app, &one).await.expect(200), changed);
        let same = c.change(&app, &made["id"], json!({"name": null, "is_active": null})).await.expect(200);
        assert_eq!((&same["name"], &same["is_active"]), (&json!("Hoop"), &json!(true)));
        assert_eq!(c.create(&app, json!({"name": "x".repeat(100)})).await.status, 201);
        for bad in [json!({}), json!({"name": " "}), json!({"name": "x".repeat(101)}), json!({"name": null})] {
            assert_eq!(c.create(&app, bad.clone()).await.outcome(), (422, "validation_error".into()), "{bad}");
        }
        assert_eq!(c.change(&app, &made["id"], json!({"name": ""})).await.status, 422);
    }

    /// Edge case 21.
    async fn sch_36_a_name_is_the_gyms_only_one_whatever_its_case_and_state(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let aerial = c.create(&app, json!({"name": "Aerial"})).await.expect(201);
        let pole = c.create(&app, json!({"name": "Pole", "is_active": false})).await.expect(201);
        let taken = (400, "category_exists".to_owned());
        for name in ["Aerial", "AERIAL", " aerial ", "pole"] {
            assert_eq!(c.create(&app, json!({"name": name})).await.outcome(), taken, "{name}");
        }
        assert_eq!(c.change(&app, &pole["id"], json!({"name": "aerial"})).await.outcome(), taken);
        let renamed = c.change(&app, &aerial["id"], json!({"name": "AERIAL"})).await.expect(200);
        assert_eq!(renamed["name"], json!("AERIAL"));
        // another gym's names are its own
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        app.post(ALL).by(&far).at(there.id).json(json!({"name": "Aerial"})).send().await.expect(201);
    }

    /// Edge case 21.
    async fn sch_36_of_many_who_take_a_name_at_once_one_does(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let names = ["Aerial", "aerial", "AERIAL", " Aerial "];
        let made = join_all((0..8).map(|n| c.create(&app, json!({"name": names[n % 4]})))).await;
        let mut outcomes: Vec<_> = made.iter().map(Answer::outcome).collect();
        outcomes.sort();
        assert_eq!(outcomes.remove(0), (201, String::new()));
        assert!(outcomes.iter().all(|o| *o == (400, "category_exists".into())), "{outcomes:?}");

        let (one, two) = (app.world.category(&c.gym, "One").await, app.world.category(&c.gym, "Two").await);
        let rename = |row: &category::Model| {
            let id = json!(row.id);
            let (app, c) = (&app, &c);
            async move { c.change(app, &id, json!({"name": "Both"})).await }
        };
        let (one, two) = futures::join!(rename(&one), rename(&two));
        let mut outcomes = [one.outcome(), two.outcome()];
        outcomes.sort();
        assert_eq!(outcomes, [(200, String::new()), (400, "category_exists".into())]);
    }

    /// Edge case 21.
    async fn sch_37_a_used_category_becomes_inactive_and_an_unused_one_goes(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let used = c.create(&app, json!({"name": "Used"})).await.expect(201);
        let unused = c.create(&app, json!({"name": "Unused"})).await.expect(201);
        let class = app.post(CLASSES).by(&c.tom).at(c.gym.id).json(class_of(&used["id"])).send().await.expect(201);
        assert_eq!(c.names(&app, "").await, ["Unused", "Used"]);
        for category in [&used, &unused] {
            assert!(c.delete(&app, &category["id"]).await.expect(204).is_null());
        }
        assert_eq!(c.names(&app, "?active_only=false").await, ["Used"]);
        assert_eq!(c.names(&app, "").await, [""; 0]);
        let gone = c.get(&app, &format!("{ALL}/{}", unused["id"])).await;
        assert_eq!(gone.outcome(), (404, "category_not_found".into()));
        assert_eq!(c.delete(&app, &unused["id"]).await.outcome(), (404, "category_not_found".into()));
        c.delete(&app, &used["id"]).await.expect(204);
        // its classes go on, and show what it is now
        let class = c.get(&app, &format!("{CLASSES}/{}", class["id"])).await.expect(200);
        assert_eq!((&class["category_id"], &class["custom_category"]["is_active"]), (&used["id"], &json!(false)));
        assert_eq!(class["is_active"], json!(true));
    }

    async fn sch_37_a_category_that_goes_while_a_class_comes_is_either_gone_or_used(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let plain = app.world.class(&c.gym).await;
        for round in 0..12 {
            let category = json!(app.world.category(&c.gym, &format!("kind {round}")).await.id);
            let make = async || app.post(CLASSES).by(&c.tom).at(c.gym.id).json(class_of(&category)).send().await;
            let moved = async || {
                let body = json!({"category_id": category});
                app.put(&format!("{CLASSES}/{}", plain.id)).by(&c.tom).at(c.gym.id).json(body).send().await
            };
            let (deleted, made, moved) = match round % 3 {
                0 => futures::join!(c.delete(&app, &category), make(), moved()),
                1 => { let (b, c, a) = futures::join!(make(), moved(), c.delete(&app, &category)); (a, b, c) }
                _ => { let (c, a, b) = futures::join!(moved(), c.delete(&app, &category), make()); (a, b, c) }
            };
            deleted.expect(204);
            let left = c.get(&app, &format!("{ALL}/{category}")).await;
            let mut users = 0;
            for (answer, success) in [(made, 201), (moved, 200)] {
                match answer.outcome() {
                    (status, _) if status == success => users += 1,
                    refused => assert_eq!(refused, (400, "invalid_category".into())),
                }
            }
            if users == 0 {
                assert_eq!(left.outcome(), (404, "category_not_found".into()));
            } else if left.status == 200 {
                // a class that came first made it inactive, and others may still come
                assert_eq!(left.json()["is_active"], json!(false));
            } else {
                panic!("{users} classes are of a category that is gone: {:?}", left.outcome());
            }
            // the next round moves it again
            let back = json!({"category_id": null});
            app.put(&format!("{CLASSES}/{}", plain.id)).by(&c.tom).at(c.gym.id).json(back).send().await.expect(200);
        }
    }

    async fn sch_38_categories_stand_by_name_and_active_ones_alone_unless_asked(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        assert_eq!(c.names(&app, "").await, [""; 0]);
        for (name, is_active) in [("pole", true), ("Silks", true), ("Aerial", false), ("Hoop", true)] {
            c.create(&app, json!({"name": name, "is_active": is_active})).await.expect(201);
        }
        assert_eq!(c.names(&app, "").await, ["Hoop", "pole", "Silks"]);
        assert_eq!(c.names(&app, "?active_only=true").await, ["Hoop", "pole", "Silks"]);
        assert_eq!(c.names(&app, "?active_only=false").await, ["Aerial", "Hoop", "pole", "Silks"]);
        // the short path is the same operation
        let short = c.get(&app, "/api/v1/schedule/categories?active_only=false").await.expect(200);
        assert_eq!(short, c.get(&app, &format!("{ALL}/?active_only=false")).await.expect(200));
    }

    /// Edge case 7.
    async fn sch_2_sch_3_categories_are_the_gyms_own_and_their_staffs_to_change(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let own = c.create(&app, json!({"name": "Aerial"})).await.expect(201);
        let there = app.world.gym("there").await;
        let theirs = app.world.category(&there, "Pole").await;
        // an administrator there, and a member here
        app.world.join(there.id, c.ana.id, GymRole::Admin).await;
        for short in ["/api/v1/schedule/categories", ALL] {
            let path = format!("{short}/{}", theirs.id);
            for call in [app.get(&path), app.put(&path).json(json!({"name": "Mine"})), app.delete(&path)] {
                let answer = call.by(&c.boss).at(c.gym.id).send().await;
                assert_eq!(answer.outcome(), (404, "category_not_found".into()));
            }
            let path = format!("{short}/{}", own["id"]);
            let low = (403, "role_too_low".to_owned());
            let post = app.post(short).by(&c.ana).at(c.gym.id).json(json!({"name": "Mine"})).send().await;
            assert_eq!(post.outcome(), low);
            let put = app.put(&path).by(&c.ana).at(c.gym.id).json(json!({"name": "Mine"})).send().await;
            assert_eq!(put.outcome(), low);
            assert_eq!(app.delete(&path).by(&c.tom).at(c.gym.id).send().await.outcome(), low);
        }
    }
}

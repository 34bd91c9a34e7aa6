use domain::{
    GymId,
    identity::{GymRole, PlatformRole, gym, gym::GymType, user},
};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

const ALL: &str = "/api/v1/relationships/";

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

fn pair(trainer: &user::Model, member: &user::Model, status: &str) -> Value {
    json!({"trainer_id": trainer.id, "member_id": member.id, "status": status})
}

async fn create(app: &App, gym: GymId, by: &user::Model, body: Value) -> Answer {
    app.post(ALL).by(by).at(gym).json(body).send().await
}

async fn change(app: &App, gym: GymId, by: &user::Model, row: &Value, body: Value) -> Answer {
    app.put(&path(row)).by(by).at(gym).json(body).send().await
}

fn path(row: &Value) -> String {
    format!("{ALL}{}", row["id"])
}

/// The ids of a list's relationships, in its order.
fn related(list: &Value) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|line| line["relationship_id"].clone()).collect()
}

fn is_recent(instant: &Value) -> bool {
    let at: chrono::DateTime<chrono::Utc> = instant.as_str().unwrap_or_default().parse().unwrap();
    (chrono::Utc::now() - at).num_seconds().abs() < 60
}

both! {
    async fn idn_78_a_trainer_and_a_member_of_the_gym(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let body = json!({"trainer_id": tom.id, "member_id": ana.id, "notes": "knee"});
        let made = create(&app, gym.id, &boss, body).await.expect(200);
        assert_eq!((&made["trainer_id"], &made["member_id"]), (&json!(tom.id), &json!(ana.id)));
        assert_eq!((&made["status"], &made["notes"]), (&json!("pending"), &json!("knee")));
        assert_eq!((&made["start_date"], &made["end_date"]), (&json!(null), &json!(null)));
        assert_eq!(app.get(&path(&made)).by(&tom).at(gym.id).send().await.expect(200), made);
    }

    /// Edge case 20.
    async fn idn_78_who_is_neither_is_refused(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        let admin = app.world.user_with("admin", |u| u.role = PlatformRole::Admin).await;
        app.world.join(gym.id, admin.id, GymRole::Admin).await;
        let coach = app.world.user_with("coach", |u| u.role = PlatformRole::Trainer).await;
        app.world.join(gym.id, coach.id, GymRole::Member).await;
        let nobody = user::Model { id: domain::UserId(999_999), ..far.clone() };
        for (trainer, member, outcome) in [
            (&ana, &boss, (400, "not_a_trainer")),
            (&boss, &ana, (400, "not_a_trainer")),
            (&tom, &admin, (400, "not_a_gym_member")),
            (&tom, &tom, (400, "same_person")),
            (&far, &ana, (404, "user_not_in_gym")),
            (&tom, &far, (404, "user_not_in_gym")),
            (&tom, &nobody, (404, "user_not_in_gym")),
            (&coach, &ana, (200, "")), // a trainer by the platform's role
        ] {
            let answer = create(&app, gym.id, &boss, pair(trainer, member, "pending")).await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.into()), "{} and {}", trainer.email, member.email);
        }
        for body in [json!({"trainer_id": tom.id}), json!({"trainer_id": "x", "member_id": 1}),
            json!({"trainer_id": tom.id, "member_id": ana.id, "status": "done"})] {
            create(&app, gym.id, &boss, body).await.expect(422);
        }

        let workspace = app.world.gym_with("studio", |g| g.kind = GymType::PersonalTrainer).await;
        app.world.join(workspace.id, boss.id, GymRole::Owner).await;
        app.world.join(workspace.id, ana.id, GymRole::Member).await;
        create(&app, workspace.id, &boss, pair(&boss, &ana, "active")).await.expect(200);
    }

    /// Edge case 20.
    async fn idn_78_a_pair_is_related_once_in_each_gym(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let answers = join_all((0..6).map(|_| create(&app, gym.id, &boss, pair(&tom, &ana, "active")))).await;
        let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
        outcomes.sort();
        assert_eq!(outcomes.remove(0), (200, String::new()));
        assert!(outcomes.iter().all(|o| *o == (400, "relationship_exists".into())), "{outcomes:?}");

        let there = app.world.gym("there").await;
        for (user, role) in [(&boss, GymRole::Admin), (&tom, GymRole::Trainer), (&ana, GymRole::Member)] {
            app.world.join(there.id, user.id, role).await;
        }
        create(&app, there.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
    }

    async fn idn_79_who_may_relate_whom(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let root = app.world.super_admin("root").await;
        app.world.join(gym.id, root.id, GymRole::Member).await; // which takes nothing from them
        let tim = app.world.person(&gym, "tim", GymRole::Trainer).await;
        let ben = app.world.member(&gym, "ben").await;
        for (caller, trainer, member) in [(&tom, &tim, &ana), (&tom, &tim, &tom), (&ana, &tom, &ben), (&ana, &ana, &ben)] {
            let refused = create(&app, gym.id, caller, pair(trainer, member, "active")).await;
            assert_eq!(refused.outcome(), (403, "relationship_forbidden".into()));
        }
        for (caller, trainer, member, status) in [
            (&tom, &tom, &ana, "active"),
            (&ben, &tom, &ben, "pending"), // a member asks
            (&root, &tim, &ben, "active"),
            (&boss, &tim, &ana, "active"),
        ] {
            let made = create(&app, gym.id, caller, pair(trainer, member, "active")).await.expect(200);
            assert_eq!((&made["status"], &made["created_by"]), (&json!(status), &json!(caller.id)));
            assert_eq!(made["start_date"].is_null(), status == "pending");
        }
        let body = pair(&tom, &ana, "active");
        let refused = app.post(ALL).by_with(&boss, &["resource:read"]).at(gym.id).json(body).send().await;
        assert_eq!(refused.outcome(), (403, "missing_scope".into()));
    }

    /// Edge case 20.
    async fn idn_80_the_start_is_set_once(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let ben = app.world.member(&gym, "ben").await;
        let made = create(&app, gym.id, &boss, pair(&tom, &ben, "active")).await.expect(200);
        assert!(is_recent(&made["start_date"]));

        let asked = create(&app, gym.id, &ana, pair(&tom, &ana, "active")).await.expect(200);
        assert_eq!((&asked["status"], &asked["start_date"]), (&json!("pending"), &json!(null)));
        let active = change(&app, gym.id, &tom, &asked, json!({"status": "active"})).await.expect(200);
        assert!(is_recent(&active["start_date"]));
        assert!(active["updated_at"].is_string());
        for status in ["paused", "active", "terminated", "active"] {
            let now = change(&app, gym.id, &tom, &asked, json!({"status": status})).await.expect(200);
            assert_eq!((&now["status"], &now["start_date"]), (&json!(status), &active["start_date"]));
        }
        let given = json!({"status": "active", "start_date": "2026-02-01T08:00:00Z"});
        let now = change(&app, gym.id, &tom, &asked, given).await.expect(200);
        assert_eq!(now["start_date"], "2026-02-01T08:00:00Z");
    }

    /// Edge case 20.
    async fn idn_81_the_end_is_set_on_termination_and_cleared_on_return(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let row = create(&app, gym.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
        let ended = change(&app, gym.id, &boss, &row, json!({"status": "terminated"})).await.expect(200);
        assert!(is_recent(&ended["end_date"]));
        let noted = change(&app, gym.id, &tom, &row, json!({"notes": "back pain"})).await.expect(200);
        assert_eq!((&noted["end_date"], &noted["notes"]), (&ended["end_date"], &json!("back pain")));
        let back = change(&app, gym.id, &tom, &row, json!({"status": "paused"})).await.expect(200);
        assert_eq!((&back["end_date"], &back["notes"]), (&json!(null), &json!("back pain")));

        let body = json!({"status": "terminated", "start_date": "2026-02-01T08:00:00Z", "end_date": "2026-03-01T08:00:00Z"});
        let dated = change(&app, gym.id, &tom, &row, body).await.expect(200);
        assert_eq!(dated["end_date"], "2026-03-01T08:00:00Z");
        for body in [json!({"end_date": "2026-01-31T08:00:00Z"}), json!({"start_date": "2026-03-02T08:00:00Z"})] {
            let refused = change(&app, gym.id, &tom, &row, body).await.expect(422);
            assert_eq!(refused["detail"][0]["loc"], json!(["body", "end_date"]));
        }
        for body in [json!({"status": "done"}), json!({"end_date": "soon"})] {
            change(&app, gym.id, &tom, &row, body).await.expect(422);
        }
        assert_eq!(app.get(&path(&row)).by(&tom).at(gym.id).send().await.expect(200), dated);
    }

    async fn idn_81_the_member_pauses_and_ends_and_nothing_else(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let row = create(&app, gym.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
        let by_ana = async |body: Value| change(&app, gym.id, &ana, &row, body).await.outcome();
        let forbidden = (403, "change_forbidden".to_owned());
        for body in [
            json!({"status": "pending"}),
            json!({"notes": "mine"}),
            json!({"status": "terminated", "notes": "mine"}),
            json!({"end_date": "2027-01-01T00:00:00Z"}),
            json!({"start_date": null}),
        ] {
            assert_eq!(by_ana(body.clone()).await, forbidden, "{body}");
        }
        assert_eq!(by_ana(json!({"status": "paused"})).await.0, 200);
        assert_eq!(by_ana(json!({"status": "active"})).await, forbidden);
        // as a client that sends every field does
        assert_eq!(by_ana(json!({"status": "terminated", "notes": null, "end_date": null})).await.0, 200);
        for status in ["active", "paused", "pending"] {
            assert_eq!(by_ana(json!({"status": status})).await, forbidden, "{status}");
        }
        let read = app.get(&path(&row)).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(read["status"], "terminated");
        assert!(is_recent(&read["end_date"]));
    }

    async fn idn_82_parties_and_administrators_see_and_change_one(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let root = app.world.super_admin("root").await;
        let tim = app.world.person(&gym, "tim", GymRole::Trainer).await;
        let ben = app.world.member(&gym, "ben").await;
        let there = app.world.gym("there").await;
        for (user, role) in [(&boss, GymRole::Owner), (&tom, GymRole::Trainer)] {
            app.world.join(there.id, user.id, role).await;
        }
        let row = create(&app, gym.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
        for caller in [&boss, &tom, &ana, &root] {
            assert_eq!(app.get(&path(&row)).by(caller).at(gym.id).send().await.expect(200), row);
        }
        for caller in [&tim, &ben] {
            assert_eq!(app.get(&path(&row)).by(caller).at(gym.id).send().await.outcome(), (403, "not_a_party".into()));
            let refused = change(&app, gym.id, caller, &row, json!({"status": "terminated"})).await;
            assert_eq!(refused.outcome(), (403, "not_a_party".into()));
        }
        // another gym has no such relationship, whoever asks there
        let missing = (404, "relationship_not_found".to_owned());
        for caller in [&boss, &tom, &root] {
            assert_eq!(app.get(&path(&row)).by(caller).at(there.id).send().await.outcome(), missing);
            assert_eq!(change(&app, there.id, caller, &row, json!({"status": "paused"})).await.outcome(), missing);
        }
        assert_eq!(app.delete(&path(&row)).by(&boss).at(there.id).send().await.outcome(), missing);

        for caller in [&tom, &ana] {
            let refused = app.delete(&path(&row)).by(caller).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (403, "role_too_low".into()));
        }
        let refused = app.delete(&path(&row)).by_with(&boss, &["resource:write"]).at(gym.id).send().await;
        assert_eq!(refused.outcome(), (403, "missing_scope".into()));
        assert_eq!(app.delete(&path(&row)).by(&boss).at(gym.id).send().await.expect(200), row);
        assert_eq!(app.get(&path(&row)).by(&tom).at(gym.id).send().await.outcome(), missing);
        assert_eq!(app.delete(&path(&row)).by(&boss).at(gym.id).send().await.outcome(), missing);
    }

    async fn idn_83_lists_of_one_person(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let ben = app.world.member(&gym, "ben").await;
        let row = create(&app, gym.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
        let coach = app.world.user_with("coach", |u| u.role = PlatformRole::Admin).await;
        app.world.join(gym.id, coach.id, GymRole::Admin).await;
        let stranger = app.world.user("stranger").await;
        let members = |of: &user::Model| format!("{ALL}trainer/{}/members", of.id);
        let trainers = |of: &user::Model| format!("{ALL}member/{}/trainers", of.id);
        let line = |other: &user::Model| json!([{
            "id": other.id, "full_name": format!("{} Tester", other.first_name.as_deref().unwrap()),
            "email": other.email, "picture": null, "relationship_id": row["id"],
            "relationship_status": "active", "relationship_start_date": row["start_date"],
        }]);
        for (caller, path, list) in [
            (&tom, members(&tom), line(&ana)),
            (&boss, members(&tom), line(&ana)),
            (&tom, format!("{ALL}my-members"), line(&ana)),
            (&ana, trainers(&ana), line(&tom)),
            (&boss, trainers(&ana), line(&tom)),
            (&ana, format!("{ALL}my-trainers"), line(&tom)),
            (&ben, format!("{ALL}my-trainers"), json!([])),
        ] {
            assert_eq!(app.get(&path).by(caller).at(gym.id).send().await.expect(200), list, "{path}");
        }
        for (caller, path, outcome) in [
            (&ana, members(&tom), (403, "role_too_low")),
            (&tom, trainers(&ana), (403, "role_too_low")),
            (&ben, trainers(&ana), (403, "role_too_low")),
            (&ana, members(&ana), (400, "not_a_trainer")),
            (&boss, members(&ana), (400, "not_a_trainer")),
            (&boss, trainers(&coach), (400, "not_a_gym_member")),
            (&boss, members(&stranger), (404, "user_not_found")),
            (&boss, trainers(&stranger), (404, "user_not_found")),
            (&ana, format!("{ALL}my-members"), (400, "not_a_trainer")),
            (&coach, format!("{ALL}my-trainers"), (400, "not_a_gym_member")),
        ] {
            assert_eq!(app.get(&path).by(caller).at(gym.id).send().await.outcome(), (outcome.0, outcome.1.into()), "{path}");
        }
    }

    async fn idn_84_lists_are_newest_first_of_one_gym_at_a_constant_cost(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let there = app.world.gym("there").await;
        for (user, role) in [(&boss, GymRole::Admin), (&tom, GymRole::Trainer), (&ana, GymRole::Member)] {
            app.world.join(there.id, user.id, role).await;
        }
        create(&app, there.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
        let mut newest = Vec::new();
        for n in 0..6 {
            let member = app.world.member(&gym, &format!("m{n}")).await;
            let status = if n % 2 == 0 { "active" } else { "paused" };
            let row = create(&app, gym.id, &boss, pair(&tom, &member, status)).await.expect(200);
            newest.insert(0, row["id"].clone());
        }
        let ids = |list: &Value| -> Vec<Value> { list.as_array().unwrap().iter().map(|r| r["id"].clone()).collect() };
        let my = format!("{ALL}my-members");
        for (caller, path) in [(&boss, ALL), (&tom, my.as_str())] {
            let read = async |query: &str| app.get(&format!("{path}{query}")).by(caller).at(gym.id).send().await;
            read("").await.expect(200); // fills the caches
            let (all, one, beyond) = (read("").await, read("?skip=1&limit=1").await, read("?skip=6").await);
            let cost = one.header("x-database-statements").to_owned();
            assert_eq!((all.header("x-database-statements"), cost.as_str()), ("1", "1"));
            let pick = |answer: Answer| {
                let list = answer.expect(200);
                if path == ALL { ids(&list) } else { related(&list) }
            };
            assert_eq!(pick(all), newest);
            assert_eq!(pick(one), newest[1..2]);
            assert_eq!(pick(beyond), Vec::<Value>::new());
            for bad in ["?limit=0", "?limit=1001", "?skip=-1"] {
                read(bad).await.expect(422);
            }
        }
        let paused = app.get(&format!("{ALL}?status=paused")).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(ids(&paused), [newest[0].clone(), newest[2].clone(), newest[4].clone()]);
        app.get(&format!("{ALL}?status=done")).by(&boss).at(gym.id).send().await.expect(422);
        let refused = app.get(ALL).by(&tom).at(gym.id).send().await;
        assert_eq!(refused.outcome(), (403, "role_too_low".into()));
    }

    /// Clients of the replaced system send no header here.
    async fn without_the_header_the_caller_is_in_their_only_gym(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, boss, tom, ana } = cast(&app).await;
        let row = create(&app, gym.id, &boss, pair(&tom, &ana, "active")).await.expect(200);
        let my = format!("{ALL}my-trainers");
        let theirs = format!("{ALL}member/{}/trainers", ana.id);
        assert_eq!(related(&app.get(&my).by(&ana).send().await.expect(200)), [row["id"].clone()]);
        assert_eq!(related(&app.get(&theirs).by(&ana).send().await.expect(200)), [row["id"].clone()]);
        app.get(&format!("{ALL}my-members")).by(&tom).send().await.expect(200);
        app.get(ALL).by(&boss).send().await.expect(200);
        app.get("/api/v1/relationships").by(&boss).send().await.expect(200);
        app.put(&path(&row)).by(&ana).json(json!({"status": "paused"})).send().await.expect(200);

        let there = app.world.gym("there").await;
        app.world.join(there.id, ana.id, GymRole::Member).await;
        let nobody = app.world.user("nobody").await;
        for caller in [&ana, &nobody] {
            assert_eq!(app.get(&my).by(caller).send().await.outcome(), (400, "gym_header_required".into()));
        }
        assert_eq!(app.get(&my).by(&ana).at(there.id).send().await.expect(200), json!([]));
        app.delete(&path(&row)).by(&boss).send().await.expect(200);

        for (path, method, required) in [
            ("/api/v1/relationships/", "get", false),
            ("/api/v1/relationships/", "post", true),
            ("/api/v1/relationships/my-trainers", "get", false),
            ("/api/v1/relationships/my-members", "get", false),
            ("/api/v1/relationships/member/{member_id}/trainers", "get", false),
            ("/api/v1/relationships/trainer/{trainer_id}/members", "get", true),
            ("/api/v1/relationships/{relationship_id}", "get", true),
            ("/api/v1/relationships/{relationship_id}", "put", false),
            ("/api/v1/relationships/{relationship_id}", "delete", false),
        ] {
            let parameters = app.document["paths"][path][method]["parameters"].as_array().unwrap();
            let header: Vec<_> = parameters.iter().filter(|p| p["name"] == "X-Gym-ID").collect();
            assert_eq!(header.len(), 1, "{method} {path}");
            assert_eq!(header[0]["required"].as_bool().unwrap_or_default(), required, "{method} {path}");
        }
    }
}

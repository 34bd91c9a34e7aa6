use chrono::TimeDelta;
use domain::{
    identity::{GymRole, gym, user},
    kernel::time,
    schedule::{
        class,
        participation::ParticipationStatus as P,
        session::{self, SessionStatus},
    },
};
use futures::future::join_all;
use ports::clock::FixedClock;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

const ALL: &str = "/api/v1/reviews/";

/// A trainer, a member, and a session that is over and that the member attended.
struct Cast {
    gym: gym::Model,
    tom: user::Model,
    ana: user::Model,
    spin: class::Model,
    session: session::Model,
}

async fn cast(app: &App) -> Cast {
    let gym = app.world.gym("box").await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let ana = app.world.member(&gym, "ana").await;
    let spin = app.world.class(&gym).await;
    let session = over(app, &spin, &tom).await;
    app.world.booking(&session, ana.id, P::Attended).await;
    Cast { gym, tom, ana, spin, session }
}

async fn over(app: &App, class: &class::Model, trainer: &user::Model) -> session::Model {
    app.world.session_with(class, trainer, in_minutes(-120), |s| s.status = SessionStatus::Completed).await
}

impl Cast {
    async fn review(&self, app: &App, by: &user::Model, session: &session::Model, rating: i32) -> Answer {
        let body = json!({"session_id": session.id, "rating": rating, "comment": "Sweaty"});
        app.post(ALL).by(by).at(self.gym.id).json(body).send().await
    }
    async fn get(&self, app: &App, by: &user::Model, path: &str) -> Answer {
        app.get(&format!("{ALL}{path}")).by(by).at(self.gym.id).send().await
    }
    async fn change(&self, app: &App, by: &user::Model, id: &Value, body: Value) -> Answer {
        app.put(&format!("{ALL}{id}")).by(by).at(self.gym.id).json(body).send().await
    }
    async fn delete(&self, app: &App, by: &user::Model, id: &Value) -> Answer {
        app.delete(&format!("{ALL}{id}")).by(by).at(self.gym.id).send().await
    }
    /// Somebody who attended a session and says so.
    async fn rated(&self, app: &App, session: &session::Model, handle: &str, rating: i32) -> user::Model {
        let member = app.world.member(&self.gym, handle).await;
        app.world.booking(session, member.id, P::Attended).await;
        self.review(app, &member, session, rating).await.expect(201);
        member
    }
}

both! {
    async fn sch_100_sch_104_who_attended_reviews_what_is_over(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let can = format!("session/{}/can-review", c.session.id);
        assert_eq!(
            c.get(&app, &c.ana, &can).await.expect(200),
            json!({"can_review": true, "reason": null, "code": null})
        );
        let made = c.review(&app, &c.ana, &c.session, 4).await.expect(201);
        assert_eq!((&made["rating"], &made["comment"]), (&json!(4), &json!("Sweaty")));
        assert_eq!((&made["session_id"], &made["member_id"]), (&json!(c.session.id), &json!(c.ana.id)));
        assert_eq!((&made["gym_id"], &made["class_name"]), (&json!(c.gym.id), &json!("Spinning")));
        assert_eq!(made["member_name"], json!("ana Tester"));
        let date: chrono::DateTime<chrono::Utc> = made["session_date"].as_str().unwrap().parse().unwrap();
        assert_eq!(date, c.session.start_time);
        assert_eq!(c.get(&app, &c.ana, &format!("session/{}/my", c.session.id)).await.expect(200), made);
        assert_eq!(c.get(&app, &c.ana, "my").await.expect(200), json!([made]));
        let list = c.get(&app, &c.tom, &format!("session/{}", c.session.id)).await.expect(200);
        assert_eq!((&list["reviews"], &list["total"]), (&json!([made]), &json!(1)));
        let none = c.get(&app, &c.tom, &format!("session/{}/my", c.session.id)).await;
        assert_eq!(none.outcome(), (404, "review_not_found".into()));
    }

    /// Edge case 24.
    async fn sch_100_the_first_thing_that_stands_against_a_review_is_said(t: TestDb) {
        let clock = FixedClock::new(time::now());
        let held = clock.clone();
        let app = App::with(t, move |change| change.core.clock = Arc::new(held)).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let theirs = app.world.class(&there).await;
        let foreign = over(&app, &theirs, &c.tom).await;
        app.world.join(there.id, c.ana.id, GymRole::Member).await;
        app.world.booking(&foreign, c.ana.id, P::Attended).await;
        let with = async |status: SessionStatus, minutes: i64, own: Option<P>| {
            let row = app.world.session_with(&c.spin, &c.tom, in_minutes(minutes), |s| s.status = status).await;
            if let Some(own) = own {
                app.world.booking(&row, c.ana.id, own).await;
            }
            row
        };
        let early = with(SessionStatus::Completed, -30, Some(P::Attended)).await;
        for (session, code, status) in [
            (foreign, "session_not_found", 404),
            (with(SessionStatus::Scheduled, -120, Some(P::Attended)).await, "session_not_completed", 400),
            (with(SessionStatus::InProgress, -30, Some(P::Attended)).await, "session_not_completed", 400),
            (with(SessionStatus::Cancelled, -120, Some(P::Attended)).await, "session_not_completed", 400),
            (early.clone(), "session_not_over", 400),
            (with(SessionStatus::Completed, -120, Some(P::NoShow)).await, "not_attended", 403),
            (with(SessionStatus::Completed, -120, Some(P::Registered)).await, "not_attended", 403),
            (with(SessionStatus::Completed, -120, Some(P::Cancelled)).await, "not_attended", 403),
            (with(SessionStatus::Completed, -120, None).await, "not_attended", 403),
        ] {
            assert_eq!(c.review(&app, &c.ana, &session, 5).await.outcome(), (status, code.into()), "{session:?}");
            let can = c.get(&app, &c.ana, &format!("session/{}/can-review", session.id)).await.expect(200);
            assert_eq!((&can["can_review"], &can["code"]), (&json!(false), &json!(code)));
            assert!(can["reason"].as_str().is_some_and(|text| text.ends_with('.')));
        }
        // its end passes
        clock.advance(TimeDelta::hours(2));
        c.review(&app, &c.ana, &early, 5).await.expect(201);
        assert_eq!(c.review(&app, &c.ana, &early, 5).await.outcome(), (409, "already_reviewed".into()));
        let spanish = app.get(&format!("{ALL}session/{}/can-review", early.id)).by(&c.ana).at(c.gym.id);
        let spanish = spanish.header("accept-language", "es").send().await.expect(200);
        assert_eq!((&spanish["reason"], &spanish["code"]), (&json!("Ya has valorado esta sesión."), &json!("already_reviewed")));
    }

    async fn sch_100_of_many_reviews_by_one_member_at_once_one_stands(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let answers = join_all((0..8).map(|n| c.review(&app, &c.ana, &c.session, 1 + n % 5))).await;
        let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
        outcomes.sort();
        assert_eq!(outcomes.remove(0), (201, String::new()));
        assert!(outcomes.iter().all(|o| *o == (409, "already_reviewed".into())), "{outcomes:?}");
        assert_eq!(c.get(&app, &c.ana, "my").await.expect(200).as_array().unwrap().len(), 1);
    }

    async fn sch_101_ratings_of_one_to_five_and_a_thousand_characters(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        for bad in [
            json!({"rating": 0}),
            json!({"rating": 6}),
            json!({"rating": 4.5}),
            json!({"rating": "5"}),
            json!({"rating": 70_000}),
            json!({"rating": null}),
            json!({"rating": 5, "comment": "x".repeat(1001)}),
        ] {
            let mut body = bad.clone();
            body["session_id"] = json!(c.session.id);
            let answer = app.post(ALL).by(&c.ana).at(c.gym.id).json(body).send().await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()), "{bad}");
        }
        let body = json!({"session_id": c.session.id, "rating": 1, "comment": "é".repeat(1000)});
        let made = app.post("/api/v1/reviews").by(&c.ana).at(c.gym.id).json(body).send().await.expect(201);
        for bad in [json!({"rating": 6}), json!({"comment": "x".repeat(1001)})] {
            assert_eq!(c.change(&app, &c.ana, &made["id"], bad).await.outcome(), (422, "validation_error".into()));
        }
    }

    /// Edge cases 7 and 24.
    async fn sch_102_only_the_author_changes_and_deletes(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let boss = app.world.person(&c.gym, "boss", GymRole::Owner).await;
        let made = c.review(&app, &c.ana, &c.session, 4).await.expect(201);
        let there = app.world.gym("there").await;
        app.world.join(there.id, c.ana.id, GymRole::Owner).await;
        let missing = (404, "review_not_found".to_owned());
        for other in [&boss, &c.tom] {
            assert_eq!(c.change(&app, other, &made["id"], json!({"rating": 1})).await.outcome(), missing);
            assert_eq!(c.delete(&app, other, &made["id"]).await.outcome(), missing);
        }
        let elsewhere = app.delete(&format!("{ALL}{}", made["id"])).by(&c.ana).at(there.id).send().await;
        assert_eq!(elsewhere.outcome(), missing);
        assert_eq!(c.change(&app, &c.ana, &json!(999_999), json!({"rating": 1})).await.outcome(), missing);

        let rated = c.change(&app, &c.ana, &made["id"], json!({"rating": 2})).await.expect(200);
        assert_eq!((&rated["rating"], &rated["comment"]), (&json!(2), &json!("Sweaty")));
        assert_eq!(rated["class_name"], json!("Spinning"));
        let cleared = c.change(&app, &c.ana, &made["id"], json!({"rating": null, "comment": null})).await.expect(200);
        assert_eq!((&cleared["rating"], &cleared["comment"]), (&json!(2), &Value::Null));
        let untouched = c.change(&app, &c.ana, &made["id"], json!({})).await.expect(200);
        assert_eq!(untouched, cleared);

        assert!(c.delete(&app, &c.ana, &made["id"]).await.expect(204).is_null());
        assert_eq!(c.delete(&app, &c.ana, &made["id"]).await.outcome(), missing);
        let again = c.review(&app, &c.ana, &c.session, 5).await.expect(201);
        assert_ne!(again["id"], made["id"]);
    }

    /// Edge case 24.
    async fn sch_103_statistics_count_every_review_and_are_fresh_after_each(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let session = format!("stats/session/{}", c.session.id);
        let none = json!({"1": 0, "2": 0, "3": 0, "4": 0, "5": 0});
        assert_eq!(
            c.get(&app, &c.ana, &session).await.expect(200),
            json!({"average_rating": 0.0, "total_reviews": 0, "rating_distribution": none})
        );
        for (handle, rating) in [("m1", 5), ("m2", 5)] {
            c.rated(&app, &c.session, handle, rating).await;
        }
        let mine = c.review(&app, &c.ana, &c.session, 4).await.expect(201);
        // another session of the class, with another trainer, and one of the trainer with another class
        let tim = app.world.person(&c.gym, "tim", GymRole::Trainer).await;
        c.rated(&app, &over(&app, &c.spin, &tim).await, "m3", 1).await;
        let yoga = app.world.class(&c.gym).await;
        c.rated(&app, &over(&app, &yoga, &c.tom).await, "m4", 3).await;

        let stats = async |path: String| {
            let stats = c.get(&app, &c.ana, &path).await.expect(200);
            (stats["average_rating"].as_f64().unwrap(), stats["total_reviews"].as_i64().unwrap(), stats)
        };
        let (average, total, of_session) = stats(session.clone()).await;
        assert_eq!((average, total), (4.67, 3));
        assert_eq!(of_session["rating_distribution"], json!({"1": 0, "2": 0, "3": 0, "4": 1, "5": 2}));
        let (average, total, of_class) = stats(format!("stats/class/{}", c.spin.id)).await;
        assert_eq!((average, total), (3.75, 4));
        assert_eq!((&of_class["class_id"], &of_class["class_name"]), (&json!(c.spin.id), &json!("Spinning")));
        let (average, total, of_trainer) = stats(format!("stats/trainer/{}", c.tom.id)).await;
        assert_eq!((average, total), (4.25, 4));
        assert_eq!(of_trainer["trainer_id"], json!(c.tom.id));

        c.change(&app, &c.ana, &mine["id"], json!({"rating": 1})).await.expect(200);
        assert_eq!(stats(session.clone()).await.0, 3.67);
        assert_eq!(stats(format!("stats/class/{}", c.spin.id)).await.0, 3.0);
        assert_eq!(stats(format!("stats/trainer/{}", c.tom.id)).await.0, 3.5);
        c.delete(&app, &c.ana, &mine["id"]).await.expect(204);
        let (average, total, of_session) = stats(session.clone()).await;
        assert_eq!((average, total), (5.0, 2));
        let list = c.get(&app, &c.ana, &format!("session/{}", c.session.id)).await.expect(200);
        assert_eq!((&list["stats"], &list["total"]), (&of_session, &json!(2)));
    }

    async fn sch_103_reviews_of_a_session_come_newest_first_page_by_page(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let mut newest = Vec::new();
        for n in 0..5 {
            newest.insert(0, json!(c.rated(&app, &c.session, &format!("m{n}"), n + 1).await.id));
        }
        let page = async |query: &str| {
            let list = c.get(&app, &c.tom, &format!("session/{}{query}", c.session.id)).await.expect(200);
            assert_eq!((&list["total"], &list["stats"]["average_rating"]), (&json!(5), &json!(3.0)));
            list["reviews"].as_array().unwrap().iter().map(|r| r["member_id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(page("").await, newest);
        assert_eq!(page("?limit=2").await, newest[..2]);
        assert_eq!(page("?skip=2&limit=2").await, newest[2..4]);
        assert_eq!(page("?skip=9").await, [Value::Null; 0]);
        for query in ["?limit=0", "?limit=101", "?skip=-1"] {
            for path in [format!("session/{}{query}", c.session.id), format!("my{query}")] {
                assert_eq!(c.get(&app, &c.tom, &path).await.outcome(), (422, "validation_error".into()));
            }
        }
        // one's own, over sessions
        for n in 0..3 {
            let session = over(&app, &c.spin, &c.tom).await;
            app.world.booking(&session, c.ana.id, P::Attended).await;
            c.review(&app, &c.ana, &session, n + 1).await.expect(201);
        }
        let mine = c.get(&app, &c.ana, "my?limit=2").await.expect(200);
        let ratings: Vec<_> = mine.as_array().unwrap().iter().map(|r| r["rating"].clone()).collect();
        assert_eq!(ratings, [json!(3), json!(2)]);
    }

    async fn sch_104_names_are_those_of_people_and_of_trainers_of_the_gym_alone(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let plain = app.world.user_with("plain", |u| { u.first_name = Some("  ".into()); u.last_name = None; }).await;
        app.world.join(c.gym.id, plain.id, GymRole::Member).await;
        app.world.booking(&c.session, plain.id, P::Attended).await;
        let made = c.review(&app, &plain, &c.session, 3).await.expect(201);
        assert_eq!(made["member_name"], Value::Null);
        let trainer = format!("stats/trainer/{}", c.tom.id);
        assert_eq!(c.get(&app, &c.ana, &trainer).await.expect(200)["trainer_name"], json!("tom Tester"));
        // who leaves is named no more, and their ratings stay
        app.delete(&format!("/api/v1/gyms/users/{}", c.tom.id)).by(&c.tom).at(c.gym.id).send().await.expect(200);
        let left = c.get(&app, &c.ana, &trainer).await.expect(200);
        assert_eq!((&left["trainer_name"], &left["total_reviews"]), (&Value::Null, &json!(1)));
    }

    async fn sch_105_what_is_not_known_has_zeros_and_no_name(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        c.review(&app, &c.ana, &c.session, 4).await.expect(201);
        // another gym's rows are not known here, nor are ours there
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        let zeros = json!({"1": 0, "2": 0, "3": 0, "4": 0, "5": 0});
        for path in [
            format!("stats/class/{}", c.spin.id),
            format!("stats/session/{}", c.session.id),
            format!("stats/trainer/{}", c.tom.id),
            "stats/class/999999".into(),
            "stats/session/999999".into(),
            "stats/trainer/999999".into(),
        ] {
            let stats = app.get(&format!("{ALL}{path}")).by(&far).at(there.id).send().await.expect(200);
            assert_eq!((&stats["average_rating"], &stats["total_reviews"]), (&json!(0.0), &json!(0)), "{path}");
            assert_eq!(stats["rating_distribution"], zeros, "{path}");
            for name in ["class_name", "trainer_name"] {
                assert_eq!(stats.get(name).cloned().unwrap_or_default(), Value::Null, "{path}");
            }
        }
        let list = app.get(&format!("{ALL}session/{}", c.session.id)).by(&far).at(there.id).send().await.expect(200);
        assert_eq!((&list["reviews"], &list["total"]), (&json!([]), &json!(0)));
        assert_eq!(c.get(&app, &c.ana, "stats/class/x").await.outcome(), (422, "validation_error".into()));
    }
}

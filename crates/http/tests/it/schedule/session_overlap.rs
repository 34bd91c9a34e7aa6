//! Nobody is in two places at once (SCH-44).
use super::sessions::{BOOK, Cast, SESSIONS, book, cast, members};
use chrono::TimeDelta;
use domain::{
    identity::GymRole,
    kernel::timezone::local_day,
    schedule::{session::SessionStatus, settings::OverlapPolicy},
};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

fn at(c: &Cast, minutes: i64, change: Value) -> Value {
    let mut body = c.body(in_minutes(minutes).to_rfc3339());
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

fn outcomes(answers: &[Answer]) -> Vec<(u16, String)> {
    let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
    outcomes.sort();
    outcomes
}

both! {
    async fn sch_44_trainers_and_rooms_are_taken_half_open(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let start = in_minutes(600);
        let there = app.world.session_with(&c.spin, &c.tom, start, |s| s.room = Some("Sala Ñ".into())).await;
        let try_at = async |minutes: i64, change: Value| {
            let mut body = json!({"class_id": c.spin.id, "trainer_id": c.tom.id, "start_time": (start + TimeDelta::minutes(minutes)).to_rfc3339()});
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            c.create(&app, body).await
        };
        let other = json!(c.admin.id);
        let conflict = try_at(30, json!({})).await;
        assert_eq!(conflict.outcome(), (409, "trainer_conflict".into()));
        let day = local_day(start + TimeDelta::minutes(30), "Europe/Madrid");
        assert_eq!(conflict.json()["dates"], json!([day]));
        assert_eq!(try_at(-59, json!({})).await.outcome(), (409, "trainer_conflict".into()));
        let room = json!({"trainer_id": other, "room": " SALA ñ"});
        assert_eq!(try_at(59, room.clone()).await.outcome(), (409, "room_conflict".into()));
        try_at(30, json!({"trainer_id": other, "room": "Sala N"})).await.expect(201);
        // one ends where the next begins
        try_at(60, json!({})).await.expect(201);
        try_at(-60, json!({})).await.expect(201);
        // what does not take place takes nothing
        c.cancel(&app, &there).await.expect(200);
        try_at(0, json!({})).await.expect(201);
        // nor does it come back where something is by now
        assert_eq!(c.put(&app, &there, json!({"status": "scheduled"})).await.outcome(), (409, "trainer_conflict".into()));
    }

    async fn sch_44_moving_a_session_is_placing_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let first = app.world.session_with(&c.spin, &c.tom, in_minutes(600), |s| s.room = Some("A".into())).await;
        let second = app.world.session_with(&c.spin, &c.admin, in_minutes(630), |s| s.room = Some("B".into())).await;
        for (change, code) in [
            (json!({"trainer_id": c.tom.id}), "trainer_conflict"),
            (json!({"room": "a"}), "room_conflict"),
        ] {
            assert_eq!(c.put(&app, &second, change).await.outcome(), (409, code.into()));
        }
        c.put(&app, &second, json!({"start_time": in_minutes(900).to_rfc3339(), "room": "a"})).await.expect(200);
        let back = json!({"start_time": in_minutes(650).to_rfc3339()});
        assert_eq!(c.put(&app, &second, back).await.outcome(), (409, "room_conflict".into()));
        // it is not in its own way, and what does not move is not asked
        c.put(&app, &first, json!({"start_time": in_minutes(610).to_rfc3339()})).await.expect(200);
        let clash = app.world.session_with(&c.spin, &c.tom, in_minutes(610), |s| s.room = Some("A".into())).await;
        c.put(&app, &clash, json!({"notes": "as it is", "room": "A"})).await.expect(200);
        c.put(&app, &clash, json!({"status": "in_progress"})).await.expect(200);
    }

    async fn sch_44_administrators_insist_and_a_gym_may_allow_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        app.world.session(&c.spin, &c.tom, in_minutes(600)).await;
        let insist = format!("{SESSIONS}?allow_overlap=true");
        let body = at(&c, 630, json!({}));
        let by = async |who: &domain::identity::user::Model| app.post(&insist).by(who).at(c.gym.id).json(body.clone()).send().await;
        assert_eq!(by(&c.tom).await.outcome(), (409, "trainer_conflict".into()));
        by(&c.admin).await.expect(201);
        assert_eq!(c.create(&app, body.clone()).await.outcome(), (409, "trainer_conflict".into()));
        c.decide(&app, |s| s.session_overlap_policy = OverlapPolicy::Allow).await;
        c.create(&app, body).await.expect(201);
        // members do as they like
        let lists = app.get(SESSIONS).by(&c.ana).at(c.gym.id).send().await.expect(200);
        for row in lists.as_array().unwrap() {
            let path = format!("{}/{}", BOOK, row["session"]["id"]);
            app.post(&path).by(&c.ana).at(c.gym.id).send().await.expect(200);
        }
    }

    async fn sch_44_of_many_at_once_one_gets_the_trainer(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        // each of a class of its own, so that no class lets them in one by one
        let mut classes = Vec::new();
        for _ in 0..8 {
            classes.push(app.world.class(&c.gym).await);
        }
        // from the second round on every connection is open, and they really meet
        for round in 0..5 {
            let bodies = classes.iter().map(|class| at(&c, 600 + 500 * round, json!({"class_id": class.id})));
            let answers = join_all(bodies.map(|body| c.create(&app, body))).await;
            let mut outcomes = outcomes(&answers);
            assert_eq!(outcomes.remove(0), (201, String::new()));
            assert!(outcomes.iter().all(|o| *o == (409, "trainer_conflict".into())), "{outcomes:?}");
        }
    }

    async fn sch_44_of_many_at_once_one_gets_the_room(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let mut pairs = Vec::new();
        for n in 0..8 {
            let trainer = app.world.person(&c.gym, &format!("t{n}"), GymRole::Trainer).await;
            pairs.push((app.world.class(&c.gym).await, trainer));
        }
        for round in 0..5 {
            let bodies = pairs.iter().map(|(class, trainer)| {
                at(&c, 600 + 500 * round, json!({"class_id": class.id, "trainer_id": trainer.id, "room": "A"}))
            });
            let answers = join_all(bodies.map(|body| c.create(&app, body))).await;
            let mut outcomes = outcomes(&answers);
            assert_eq!(outcomes.remove(0), (201, String::new()));
            assert!(outcomes.iter().all(|o| *o == (409, "room_conflict".into())), "{outcomes:?}");
        }
    }

    /// Everything that holds memberships, classes and sessions, at once: nothing waits for what waits for it.
    async fn sch_44_placing_booking_and_leaving_at_once_neither_wait_for_ever_nor_lose_anything(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 50).await;
        let who = members(&app, &c.gym, "m", 6).await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(600)).await;
        let other = app.world.session(&c.spin, &c.admin, in_minutes(600)).await;
        for round in 0..3 {
            let places = join_all((0..3).map(|n| c.create(&app, at(&c, 2000 + 10 * n + 500 * round, json!({})))));
            let moves = join_all([0, 5].map(|n| {
                c.put(&app, &session, json!({"start_time": in_minutes(1000 + n + 10 * round).to_rfc3339(), "trainer_id": c.tom.id, "class_id": c.spin.id}))
            }));
            let bookings = join_all(who.iter().flat_map(|m| [book(&app, m, &session), book(&app, m, &other)]));
            let path = format!("/api/v1/gyms/users/{}", who[round as usize].id);
            let leave = app.delete(&path).by(&c.admin).at(c.gym.id).send();
            let (places, moves, bookings, left) = futures::join!(places, moves, bookings, leave);
            assert_eq!(outcomes(&places), [(201, String::new()), (409, "trainer_conflict".into()), (409, "trainer_conflict".into())]);
            assert!(moves.iter().all(|m| m.status == 200), "{:?}", outcomes(&moves));
            assert!(bookings.iter().all(|b| b.status.as_u16() < 500), "{:?}", outcomes(&bookings));
            left.expect(200);
        }
        for session in [&session, &other] {
            let row = app.world.session_now(c.gym.id, session.id).await;
            let core = &app.services.core;
            let booked = core.stores.session_queries.registered(&core.db, c.gym.id, &[session.id]).await.unwrap();
            assert_eq!((row.current_participants as usize, row.status), (booked.len(), SessionStatus::Scheduled));
            assert_eq!(booked.len(), 3, "the others left");
        }
    }
}

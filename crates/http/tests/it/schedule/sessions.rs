//! Sessions: made, changed, cancelled, removed.
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, UserId,
    identity::{GymRole, gym, user},
    schedule::{
        class,
        participation::ParticipationStatus as P,
        session::{self, SessionStatus},
        settings,
    },
};
use ports::FixedClock;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
    schedule::in_minutes,
};

pub const SESSIONS: &str = "/api/v1/schedule/sessions/sessions";
pub const BOOK: &str = "/api/v1/schedule/participation/register";

pub struct Cast {
    pub gym: gym::Model,
    pub tom: user::Model,
    pub admin: user::Model,
    pub ana: user::Model,
    pub spin: class::Model,
}

/// A trainer, an administrator, a member, and a class of an hour with so many seats.
pub async fn cast(app: &App, zone: &str, seats: i32) -> Cast {
    let gym = app.world.gym_with("box", |g| g.timezone = zone.to_owned()).await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let admin = app.world.person(&gym, "adm", GymRole::Admin).await;
    let ana = app.world.member(&gym, "ana").await;
    let spin = app.world.class_with(&gym, |c| c.max_capacity = seats).await;
    Cast { gym, tom, admin, ana, spin }
}

/// The API at this instant.
pub async fn app_at(t: &TestDb, now: &str) -> (App, FixedClock) {
    let clock = FixedClock::new(now.parse().unwrap());
    let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
    (app, clock)
}

impl Cast {
    pub fn body(&self, start: impl ToString) -> Value {
        json!({"class_id": self.spin.id, "trainer_id": self.tom.id, "start_time": start.to_string()})
    }

    pub async fn create(&self, app: &App, body: Value) -> Answer {
        app.post(SESSIONS).by(&self.tom).at(self.gym.id).json(body).send().await
    }

    pub async fn put(&self, app: &App, session: &session::Model, body: Value) -> Answer {
        app.put(&format!("{SESSIONS}/{}", session.id)).by(&self.tom).at(self.gym.id).json(body).send().await
    }

    pub async fn get(&self, app: &App, path: &str) -> Value {
        app.get(path).by(&self.ana).at(self.gym.id).send().await.expect(200)
    }

    pub async fn cancel(&self, app: &App, session: &session::Model) -> Answer {
        app.post(&format!("{SESSIONS}/{}/cancel", session.id)).by(&self.tom).at(self.gym.id).send().await
    }

    pub async fn delete(&self, app: &App, session: &session::Model) -> Answer {
        app.delete(&format!("{SESSIONS}/{}", session.id)).by(&self.admin).at(self.gym.id).send().await
    }

    /// What this gym decides.
    pub async fn decide(&self, app: &App, change: impl FnOnce(&mut settings::Create)) {
        let core = &app.services.core;
        let mut row = settings::Create::default();
        change(&mut row);
        core.stores.schedule_settings.create(&core.db, self.gym.id, row).await.unwrap();
    }
}

pub async fn book(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    app.post(&format!("{BOOK}/{}", session.id)).by(by).at(session.gym_id).send().await
}

pub async fn members(app: &App, gym: &gym::Model, prefix: &str, n: usize) -> Vec<user::Model> {
    let mut members = Vec::new();
    for i in 0..n {
        members.push(app.world.member(gym, &format!("{prefix}{i}")).await);
    }
    members
}

/// What became of a member's booking.
pub async fn booking_of(app: &App, session: &session::Model, member: UserId) -> Option<P> {
    let core = &app.services.core;
    let own = core.stores.session_queries.own(&core.db, session.gym_id, member, &[session.id]).await.unwrap();
    own.first().map(|(_, status)| *status)
}

async fn now_of(app: &App, session: &session::Model) -> session::Model {
    app.world.session_now(session.gym_id, session.id).await
}

pub fn ids(people: &[user::Model]) -> Vec<UserId> {
    people.iter().map(|p| p.id).collect()
}

fn later(minutes: i64) -> String {
    in_minutes(minutes).to_rfc3339()
}

both! {
    /// Edge case 8.
    async fn sch_10_sch_11_sch_12_a_start_is_of_the_gyms_clock_or_the_instant_that_it_says(t: TestDb) {
        let (app, _) = app_at(t, "2026-01-02T12:00:00Z").await;
        let c = cast(&app, "America/New_York", 20).await;
        for (given, utc, local, ends) in [
            ("2026-01-15T09:00:00", "2026-01-15T14:00:00Z", "2026-01-15T09:00:00", "2026-01-15T10:00:00"),
            ("2026-07-15T09:00:00", "2026-07-15T13:00:00Z", "2026-07-15T09:00:00", "2026-07-15T10:00:00"),
            ("2026-07-16T09:00:00Z", "2026-07-16T09:00:00Z", "2026-07-16T05:00:00", "2026-07-16T06:00:00"),
            ("2026-07-17T09:00:00+02:00", "2026-07-17T07:00:00Z", "2026-07-17T03:00:00", "2026-07-17T04:00:00"),
            // there is no half past two on that day, and half past one comes twice on the other
            ("2026-03-08T02:30:00", "2026-03-08T07:30:00Z", "2026-03-08T03:30:00", "2026-03-08T04:30:00"),
            ("2026-11-01T01:30:00", "2026-11-01T06:30:00Z", "2026-11-01T01:30:00", "2026-11-01T02:30:00"),
        ] {
            let made = c.create(&app, c.body(given)).await.expect(201);
            assert_eq!((&made["start_time"], &made["start_time_local"]), (&json!(utc), &json!(local)), "{given}");
            assert_eq!((&made["end_time_local"], &made["timezone"]), (&json!(ends), &json!("America/New_York")), "{given}");
            assert_eq!((&made["status"], &made["current_participants"]), (&json!("scheduled"), &json!(0)));
            assert_eq!((&made["created_by"], &made["is_recurring"]), (&json!(c.tom.id), &json!(false)));
        }
        // filled in wherever a session is shown
        let made = c.create(&app, c.body("2026-02-01T09:00:00")).await.expect(201);
        let path = format!("{SESSIONS}/{}", made["id"]);
        let put = app.put(&path).by(&c.tom).at(c.gym.id).json(json!({"notes": "n"})).send().await.expect(200);
        let cancelled = app.post(&format!("{path}/cancel")).by(&c.tom).at(c.gym.id).send().await.expect(200);
        let gone = app.delete(&path).by(&c.admin).at(c.gym.id).send().await.expect(200);
        for shown in [put, cancelled, gone] {
            assert_eq!((&shown["start_time_local"], &shown["end_time_local"]), (&json!("2026-02-01T09:00:00"), &json!("2026-02-01T10:00:00")));
            assert_eq!(shown["timezone"], "America/New_York");
        }
    }

    async fn sch_10_a_gym_whose_zone_is_none_keeps_utc(t: TestDb) {
        let (app, _) = app_at(t, "2026-01-02T12:00:00Z").await;
        let c = cast(&app, "Mars/Base", 20).await;
        let made = c.create(&app, c.body("2026-07-15T09:00:00")).await.expect(201);
        assert_eq!((&made["start_time"], &made["timezone"]), (&json!("2026-07-15T09:00:00Z"), &json!("UTC")));
    }

    async fn sch_45_classes_and_trainers_are_those_of_the_gym(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        let foreign = app.world.class(&there).await;
        let idle = app.world.class_with(&c.gym, |k| k.is_active = false).await;
        let mine = app.world.session(&c.spin, &c.tom, in_minutes(600)).await;
        for (change, outcome) in [
            (json!({"class_id": foreign.id}), (404, "class_not_found")),
            (json!({"class_id": 999_999}), (404, "class_not_found")),
            (json!({"class_id": idle.id}), (400, "class_inactive")),
            (json!({"trainer_id": far.id}), (404, "trainer_not_found")),
            (json!({"trainer_id": c.ana.id}), (400, "not_a_trainer")),
        ] {
            let mut body = c.body(later(60));
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let series = json!({"base_session_data": body, "start_date": "2099-01-01", "end_date": "2099-01-07", "days_of_week": [0]});
            let outcome = (outcome.0, outcome.1.to_owned());
            assert_eq!(c.create(&app, body).await.outcome(), outcome, "{change}");
            let series = app.post(&format!("{SESSIONS}/recurring")).by(&c.tom).at(c.gym.id).json(series).send().await;
            assert_eq!(series.outcome(), outcome, "{change} of a series");
            assert_eq!(c.put(&app, &mine, change.clone()).await.outcome(), outcome, "{change} of a change");
        }
        for who in [&c.admin, &c.tom] {
            let mut body = c.body(later(60));
            body["trainer_id"] = json!(who.id);
            c.create(&app, body).await.expect(201);
        }
        // a class that was put away since keeps its sessions
        let core = &app.services.core;
        let away = class::Update { is_active: Some(false), ..Default::default() };
        core.stores.classes.update(&core.db, c.gym.id, c.spin.id, away).await.unwrap();
        c.put(&app, &mine, json!({"class_id": c.spin.id, "notes": "still"})).await.expect(200);
    }

    async fn sch_46_a_new_session_lies_ahead_and_is_scheduled(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let with = |field: &str, value: Value| {
            let mut body = c.body(later(60));
            body[field] = value;
            body
        };
        for (body, outcome) in [
            (with("end_time", json!(later(60))), (400, "ends_before_start")),
            (with("end_time", json!(later(30))), (400, "ends_before_start")),
            (with("end_time", json!(later(60 + 24 * 60 + 1))), (400, "session_too_long")),
            (with("start_time", json!(later(-1))), (400, "start_in_past")),
            (with("status", json!("completed")), (400, "status_not_scheduled")),
            (with("status", json!("over")), (422, "validation_error")),
            (with("override_capacity", json!(0)), (422, "validation_error")),
            (with("room", json!("x".repeat(256))), (422, "validation_error")),
            (with("start_time", json!("tomorrow")), (422, "validation_error")),
        ] {
            assert_eq!(c.create(&app, body.clone()).await.outcome(), (outcome.0, outcome.1.to_owned()), "{body}");
        }
        let start = in_minutes(60);
        let mut body = c.body(start.to_rfc3339());
        let ignored = json!({"gym_id": 77, "current_participants": 9, "is_recurring": true, "recurrence_pattern": "X",
            "status": "scheduled", "room": "  Sala 1 ", "override_capacity": 3, "notes": "n", "end_time": start + TimeDelta::minutes(30)});
        body.as_object_mut().unwrap().extend(ignored.as_object().unwrap().clone());
        let made = c.create(&app, body).await.expect(201);
        assert_eq!((&made["gym_id"], &made["current_participants"]), (&json!(c.gym.id), &json!(0)));
        assert_eq!((&made["is_recurring"], &made["recurrence_pattern"]), (&json!(false), &Value::Null));
        assert_eq!((&made["room"], &made["override_capacity"]), (&json!("Sala 1"), &json!(3)));
        let lasts = |s: &Value| s["end_time"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() - s["start_time"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        assert_eq!(lasts(&made), TimeDelta::minutes(30));
        let plain = c.create(&app, c.body(later(600))).await.expect(201);
        assert_eq!(lasts(&plain), TimeDelta::minutes(60));
    }

    async fn sch_50_states_follow_the_life_of_a_session(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let at = async |status: SessionStatus, minutes: i64| {
            app.world.session_with(&c.spin, &c.tom, in_minutes(minutes), |s| s.status = status).await
        };
        for (from, minutes, to, outcome) in [
            (SessionStatus::Scheduled, 60, "scheduled", 200),
            (SessionStatus::Scheduled, 60, "in_progress", 200),
            (SessionStatus::Scheduled, 200, "completed", 400),
            (SessionStatus::Scheduled, -10, "completed", 200),
            (SessionStatus::InProgress, -10, "completed", 200),
            (SessionStatus::InProgress, -80, "scheduled", 400),
            (SessionStatus::Completed, -100, "cancelled", 400),
            (SessionStatus::Completed, -100, "in_progress", 400),
            (SessionStatus::Completed, -100, "completed", 200),
            (SessionStatus::Cancelled, -100, "scheduled", 400),
            (SessionStatus::Cancelled, 300, "completed", 400),
            (SessionStatus::Cancelled, 400, "scheduled", 200),
        ] {
            let session = at(from, minutes).await;
            let answer = c.put(&app, &session, json!({"status": to})).await;
            assert_eq!(answer.status.as_u16(), outcome, "{from:?} {minutes} {to} {:?}", answer.outcome());
            if outcome == 200 {
                assert_eq!(answer.json()["status"], to);
            } else {
                assert_eq!(answer.code(), "status_change_not_allowed");
                assert_eq!(now_of(&app, &session).await.status, from);
            }
        }
    }

    async fn sch_50_a_session_that_takes_place_after_all_has_no_bookings(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        book(&app, &c.ana, &session).await.expect(200);
        c.put(&app, &session, json!({"status": "cancelled"})).await.expect(200);
        assert_eq!(booking_of(&app, &session, c.ana.id).await, Some(P::Cancelled));
        let again = c.put(&app, &session, json!({"status": "scheduled"})).await.expect(200);
        assert_eq!((&again["status"], &again["current_participants"]), (&json!("scheduled"), &json!(0)));
        assert_eq!(booking_of(&app, &session, c.ana.id).await, Some(P::Cancelled));
        book(&app, &c.ana, &session).await.expect(200);
    }

    /// Edge case 13.
    async fn sch_51_what_is_sent_changes_and_nothing_else(t: TestDb) {
        let (app, clock) = app_at(t, "2026-03-01T12:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let start = "2026-03-02T17:00:00Z".parse().unwrap();
        let session = app.world.session_with(&c.spin, &c.tom, start, |s| {
            s.override_capacity = Some(2);
            s.room = Some("A".into());
            s.end_time = start + TimeDelta::minutes(90);
        }).await;
        let moved = c.put(&app, &session, json!({"start_time": "2026-03-03T10:00:00"})).await.expect(200);
        assert_eq!((&moved["start_time"], &moved["end_time"]), (&json!("2026-03-03T09:00:00Z"), &json!("2026-03-03T10:30:00Z")));
        assert_eq!((&moved["room"], &moved["override_capacity"]), (&json!("A"), &json!(2)));
        for (body, code) in [
            (json!({"start_time": "2026-03-01T12:00:00"}), "start_in_past"),
            (json!({"end_time": "2026-03-03T10:00:00"}), "ends_before_start"),
            (json!({"end_time": "2026-03-04T10:00:01"}), "session_too_long"),
            (json!({"start_time": "2026-03-03T12:00:00", "end_time": "2026-03-03T11:00:00"}), "ends_before_start"),
        ] {
            assert_eq!(c.put(&app, &session, body.clone()).await.outcome(), (400, code.into()), "{body}");
        }
        assert_eq!(c.put(&app, &session, json!({"override_capacity": 0})).await.outcome().0, 422);
        let cleared = json!({"override_capacity": null, "room": null, "notes": "n", "current_participants": 7,
            "is_recurring": true, "recurrence_pattern": "WEEKLY:1", "class_id": null, "trainer_id": null, "start_time": null});
        let cleared = c.put(&app, &session, cleared).await.expect(200);
        assert_eq!((&cleared["override_capacity"], &cleared["room"]), (&Value::Null, &Value::Null));
        assert_eq!((&cleared["current_participants"], &cleared["notes"]), (&json!(0), &json!("n")));
        assert_eq!((&cleared["is_recurring"], &cleared["recurrence_pattern"]), (&json!(true), &json!("WEEKLY:1")));
        assert_eq!(cleared["start_time"], "2026-03-03T09:00:00Z");
        // the whole of it is sent back once it is over: what is no change is none
        clock.advance(TimeDelta::days(3));
        let over = c.put(&app, &session, json!({"status": "completed"})).await.expect(200);
        let mut same = over.clone();
        same["notes"] = json!("afterwards");
        assert_eq!(c.put(&app, &session, same).await.expect(200)["notes"], "afterwards");
        for body in [json!({"start_time": "2026-03-09T10:00:00"}), json!({"end_time": "2026-03-09T10:00:00"})] {
            assert_eq!(c.put(&app, &session, body).await.outcome(), (400, "session_times_fixed".into()));
        }
    }

    /// Edge case 5.
    async fn sch_52_a_larger_session_takes_its_queue_in_and_a_smaller_one_puts_nobody_out(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let session = app.world.session_with(&c.spin, &c.tom, in_minutes(60), |s| s.override_capacity = Some(1)).await;
        book(&app, &c.ana, &session).await.expect(200);
        let queue = members(&app, &c.gym, "w", 3).await;
        for waiter in &queue {
            app.world.waiting(&session, waiter.id).await;
        }
        let larger = c.put(&app, &session, json!({"override_capacity": 3})).await.expect(200);
        assert_eq!(larger["current_participants"], 3);
        let mut standing = Vec::new();
        for waiter in &queue {
            standing.push(booking_of(&app, &session, waiter.id).await);
        }
        assert_eq!(standing, [Some(P::Registered), Some(P::Registered), None]);
        let details = c.get(&app, &format!("{SESSIONS}/{}", session.id)).await;
        assert_eq!((&details["available_spots"], &details["waitlist_count"]), (&json!(0), &json!(1)));
        let smaller = c.put(&app, &session, json!({"override_capacity": 2})).await.expect(200);
        assert_eq!(smaller["current_participants"], 3);
        let details = c.get(&app, &format!("{SESSIONS}/{}", session.id)).await;
        assert_eq!((&details["available_spots"], &details["is_full"], &details["capacity"]), (&json!(0), &json!(true), &json!(2)));
        assert_eq!((&details["registered_count"], &details["my_status"]), (&json!(3), &json!("registered")));
        // its class has seats for all of them
        let own = c.put(&app, &session, json!({"override_capacity": null})).await.expect(200);
        assert_eq!(own["current_participants"], 4);
    }

    async fn sch_52_another_class_has_other_seats(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 1).await;
        let hall = app.world.class_with(&c.gym, |k| k.max_capacity = 9).await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        book(&app, &c.ana, &session).await.expect(200);
        let ben = app.world.member(&c.gym, "ben").await;
        app.world.waiting(&session, ben.id).await;
        let moved = c.put(&app, &session, json!({"class_id": hall.id})).await.expect(200);
        assert_eq!((&moved["class_id"], &moved["current_participants"]), (&json!(hall.id), &json!(2)));
        assert_eq!(booking_of(&app, &session, ben.id).await, Some(P::Registered));
    }

    async fn sch_53_members_hear_once_of_another_time_room_or_trainer(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let session = app.world.session_with(&c.spin, &c.tom, in_minutes(600), |s| s.room = Some("Sala 1".into())).await;
        let booked = members(&app, &c.gym, "b", 3).await;
        for member in &booked {
            book(&app, member, &session).await.expect(200);
        }
        app.world.booking(&session, c.ana.id, P::Cancelled).await;
        for quiet in [json!({"notes": "n"}), json!({"override_capacity": 9}), json!({"room": " sala 1 "}), json!({"trainer_id": c.tom.id})] {
            c.put(&app, &session, quiet).await.expect(200);
        }
        app.deliver_effects().await;
        assert!(app.pushes.sent().is_empty());
        let loud = json!({"start_time": later(700), "room": "Sala 2", "trainer_id": c.admin.id});
        c.put(&app, &session, loud).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("session_updated"), ids(&booked));
        assert_eq!(app.pushes.sent().len(), 1);
        for one in [json!({"room": null}), json!({"trainer_id": c.tom.id}), json!({"end_time": later(800)})] {
            c.put(&app, &session, one).await.expect(200);
        }
        app.deliver_effects().await;
        assert_eq!(app.pushes.of_type("session_updated").len(), 4);
    }

    async fn sch_1_sch_2_sch_3_sessions_are_made_by_staff_of_their_gym(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let there = app.world.gym("there").await;
        app.world.join(there.id, c.tom.id, GymRole::Member).await;
        let body = c.body(later(60));
        let by = async |who: &user::Model, gym: GymId| app.post(SESSIONS).by(who).at(gym).json(body.clone()).send().await.outcome();
        assert_eq!(by(&c.ana, c.gym.id).await, (403, "role_too_low".into()));
        assert_eq!(by(&c.tom, there.id).await, (403, "role_too_low".into()));
        let boss = app.world.super_admin("boss").await;
        assert_eq!(by(&boss, there.id).await, (404, "class_not_found".into()));
        let tokens = app.post(SESSIONS).by_with(&c.tom, &["resource:write"]).at(c.gym.id).json(body.clone()).send().await;
        tokens.expect(201);
        let reader = app.post(SESSIONS).by_with(&c.tom, &["resource:read"]).at(c.gym.id).json(body.clone()).send().await;
        assert_eq!(reader.outcome(), (403, "missing_scope".into()));
    }
}

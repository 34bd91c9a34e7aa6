//! The timetable (SCH-12 … SCH-15, SCH-56 … SCH-61).
use super::sessions::{SESSIONS, app_at, book, cast};
use chrono::TimeDelta;
use domain::{
    identity::GymRole,
    schedule::{category, participation::ParticipationStatus as P, session, session::SessionStatus},
};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App, Call},
    both,
    schedule::in_minutes,
};

const RANGE: &str = "/api/v1/schedule/sessions/date-range";

fn ids(list: &Value) -> Vec<i64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|row| row["session"]["id"].as_i64().unwrap_or_else(|| row["id"].as_i64().unwrap()))
        .collect()
}

/// The answer, and how many statements it took.
async fn counted(call: Call<'_>) -> (Answer, u64) {
    let answer = call.send().await;
    let statements = answer.header("x-database-statements").parse().unwrap();
    (answer, statements)
}

both! {
    async fn sch_5_sch_56_what_can_still_be_booked_by_start_and_then_id(t: TestDb) {
        let (app, clock) = app_at(t, "2026-05-04T10:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let at = async |minutes: i64, status: SessionStatus| {
            let start = "2026-05-04T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() + TimeDelta::minutes(minutes);
            app.world.session_with(&c.spin, &c.tom, start, |s| s.status = status).await.id.0
        };
        let late = at(90, SessionStatus::Scheduled).await;
        let twin = (at(30, SessionStatus::Scheduled).await, at(30, SessionStatus::Scheduled).await);
        let now = at(0, SessionStatus::Scheduled).await;
        let past = at(-1, SessionStatus::Scheduled).await;
        let off = at(45, SessionStatus::Cancelled).await;
        assert_eq!(ids(&c.get(&app, SESSIONS).await), [now, twin.0, twin.1, late]);
        let all = format!("{RANGE}?start_date=2026-05-04&end_date=2026-05-04");
        assert_eq!(ids(&c.get(&app, &all).await), [past, now, twin.0, twin.1, off, late]);
        // pages fit together, and limits are SCH-5's
        let page = async |query: &str| ids(&c.get(&app, &format!("{SESSIONS}?{query}")).await);
        assert_eq!([page("limit=2").await, page("skip=2&limit=2").await, page("skip=4").await].concat(), [now, twin.0, twin.1, late]);
        assert_eq!(page("limit=100000").await.len(), 4);
        for bad in ["limit=0", "skip=-1", "limit=x"] {
            let answer = app.get(&format!("{SESSIONS}?{bad}")).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()), "{bad}");
        }
        // what has begun leaves the list with the minute, whatever the cache holds
        clock.advance(TimeDelta::minutes(31));
        assert_eq!(ids(&c.get(&app, SESSIONS).await), [late]);
    }

    /// Edge case 12.
    async fn sch_14_days_are_those_of_the_gyms_calendar(t: TestDb) {
        let (app, _) = app_at(t, "2026-03-01T10:00:00Z").await;
        let c = cast(&app, "America/New_York", 20).await;
        let at = async |start: &str| app.world.session(&c.spin, &c.tom, start.parse().unwrap()).await.id.0;
        let first = at("2026-03-08T05:00:00Z").await; // 00:00
        let late = at("2026-03-09T03:30:00Z").await; // 23:30, by summer time
        let next = at("2026-03-09T04:00:00Z").await; // 00:00
        let before = at("2026-03-08T04:59:59Z").await; // 23:59:59
        let days = async |from: &str, to: &str| ids(&c.get(&app, &format!("{RANGE}?start_date={from}&end_date={to}")).await);
        assert_eq!(days("2026-03-08", "2026-03-08").await, [first, late]);
        assert_eq!(days("2026-03-07", "2026-03-09").await, [before, first, late, next]);
        assert_eq!(days("2026-03-09", "2026-03-09").await, [next]);
        for (query, outcome) in [
            ("start_date=2026-03-09&end_date=2026-03-08", (400, "end_date_before_start_date")),
            ("start_date=2026-03-09", (422, "validation_error")),
            ("start_date=2026-03-09&end_date=today", (422, "validation_error")),
            ("start_date=0001-01-01&end_date=2026-03-08", (422, "validation_error")),
        ] {
            for path in [RANGE, "/api/v1/schedule/sessions/date-range-with-timezone"] {
                let answer = app.get(&format!("{path}?{query}")).by(&c.ana).at(c.gym.id).send().await;
                assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()), "{query}");
            }
        }
    }

    async fn sch_12_sch_14_a_gym_that_changes_its_zone_has_other_days_at_once(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-01T10:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let owner = app.world.person(&c.gym, "own", GymRole::Owner).await;
        let made = c.create(&app, c.body("2026-05-04T23:30:00")).await.expect(201);
        let id = made["id"].as_i64().unwrap();
        let day = async |date: &str| c.get(&app, &format!("{RANGE}?start_date={date}&end_date={date}")).await;
        assert_eq!(ids(&day("2026-05-04").await), [id]);
        let zone = json!({"timezone": "Australia/Lord_Howe"});
        app.put(&format!("/api/v1/gyms/{}", c.gym.id)).by(&owner).at(c.gym.id).json(zone).send().await.expect(200);
        // the instant stays, the wall clock is another
        assert_eq!(ids(&day("2026-05-04").await), [0_i64; 0]);
        let row = &day("2026-05-05").await[0]["session"];
        assert_eq!((&row["start_time"], &row["start_time_local"]), (&made["start_time"], &json!("2026-05-05T08:00:00")));
        let details = c.get(&app, &format!("{SESSIONS}/{id}")).await;
        assert_eq!((&details["session"]["timezone"], &details["session"]["start_time_local"]), (&json!("Australia/Lord_Howe"), &json!("2026-05-05T08:00:00")));
        let next = c.create(&app, c.body("2026-05-06T09:00:00")).await.expect(201);
        assert_eq!(next["start_time"], "2026-05-05T22:30:00Z");
    }

    async fn sch_13_a_start_is_told_in_every_way(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-01T10:00:00Z").await;
        let c = cast(&app, "America/New_York", 20).await;
        c.create(&app, c.body("2026-05-04T18:00:00")).await.expect(201);
        let days = "/api/v1/schedule/sessions/date-range-with-timezone?start_date=2026-05-04&end_date=2026-05-04";
        for path in ["/api/v1/schedule/sessions/sessions-with-timezone", days] {
            let list = c.get(&app, path).await;
            let row = &list[0]["session"];
            assert_eq!(row["gym_timezone"], "America/New_York");
            assert_eq!(row["time_info"], json!({
                "local_time": "2026-05-04T18:00:00", "gym_timezone": "America/New_York",
                "iso_with_timezone": "2026-05-04T18:00:00-04:00", "utc_time": "2026-05-04T22:00:00+00:00",
            }));
            assert_eq!((&row["start_time"], &row["start_time_local"]), (&json!("2026-05-04T22:00:00Z"), &json!("2026-05-04T18:00:00")));
            assert_eq!((&list[0]["class_info"]["name"], &list[0]["my_status"]), (&json!("Spinning"), &Value::Null));
        }
    }

    async fn sch_57_a_trainers_sessions_are_for_the_trainer_and_administrators(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let other = app.world.person(&c.gym, "other", GymRole::Trainer).await;
        let far = app.world.gym("there").await;
        let far = app.world.person(&far, "far", GymRole::Trainer).await;
        let past = app.world.session(&c.spin, &c.tom, in_minutes(-90)).await.id.0;
        let next = app.world.session(&c.spin, &c.tom, in_minutes(90)).await.id.0;
        let off = app.world.session_with(&c.spin, &c.tom, in_minutes(200), |s| s.status = SessionStatus::Cancelled).await.id.0;
        app.world.session(&c.spin, &other, in_minutes(90)).await;
        let path = |id: &domain::UserId| format!("/api/v1/schedule/sessions/trainer/{id}");
        for who in [&c.tom, &c.admin] {
            let list = app.get(&path(&c.tom.id)).by(who).at(c.gym.id).send().await.expect(200);
            assert_eq!(ids(&list), [past, next, off]);
            let upcoming = app.get(&format!("{}?upcoming_only=true", path(&c.tom.id))).by(who).at(c.gym.id).send().await.expect(200);
            assert_eq!(ids(&upcoming), [next]);
        }
        for who in [&c.ana, &other] {
            assert_eq!(app.get(&path(&c.tom.id)).by(who).at(c.gym.id).send().await.outcome(), (403, "role_too_low".into()));
            let token = ["resource:read", "read:trainer_schedules"];
            app.get(&path(&c.tom.id)).by_with(who, &token).at(c.gym.id).send().await.expect(200);
        }
        assert_eq!(app.get(&path(&far.id)).by(&c.admin).at(c.gym.id).send().await.outcome(), (404, "trainer_not_found".into()));
        let mine = "/api/v1/schedule/sessions/my-sessions";
        assert_eq!(ids(&app.get(mine).by(&c.tom).at(c.gym.id).send().await.expect(200)), [next]);
        assert_eq!(ids(&app.get(&format!("{mine}?upcoming_only=false&skip=1")).by(&c.tom).at(c.gym.id).send().await.expect(200)), [next, off]);
        assert_eq!(ids(&app.get(mine).by(&c.ana).at(c.gym.id).send().await.expect(200)), [0_i64; 0]);
    }

    async fn sch_59_sch_94_a_week_of_two_hundred_is_read_by_two_statements_and_then_by_none(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let core = &app.services.core;
        let kind = category::Create { name: "Ruedas".into(), description: None, color: None, icon: None, is_active: true, created_by: None };
        let kind = core.stores.categories.create(&core.db, c.gym.id, kind).await.unwrap();
        let wheels = app.world.class_with(&c.gym, |k| k.category_id = Some(kind.id)).await;
        let rows = (0..200).map(|n| session::Create {
            class_id: if n % 2 == 0 { wheels.id } else { c.spin.id },
            trainer_id: c.tom.id,
            start_time: in_minutes(60 + 10 * n),
            end_time: in_minutes(70 + 10 * n),
            room: None,
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status: SessionStatus::Scheduled,
            current_participants: 0,
            override_capacity: None,
            notes: None,
            created_by: None,
        });
        let made = core.stores.session_queries.insert_all(&core.db, c.gym.id, rows.collect()).await.unwrap();
        app.world.booking(&made[4], c.ana.id, P::Registered).await;
        app.world.waiting(&made[5], c.tom.id).await;
        let path = format!("{SESSIONS}?limit=500");
        // whoever calls is known from here on
        app.get("/api/v1/schedule/sessions/my-sessions").by(&c.ana).at(c.gym.id).send().await.expect(200);
        let (answer, statements) = counted(app.get(&path).by(&c.ana).at(c.gym.id)).await;
        let list = answer.expect(200);
        assert_eq!((list.as_array().unwrap().len(), statements), (200, 2));
        assert_eq!(list[0]["class_info"]["custom_category"]["name"], "Ruedas");
        assert_eq!((&list[1]["class_info"]["custom_category"], &list[1]["class_info"]["id"]), (&Value::Null, &json!(c.spin.id)));
        assert_eq!((&list[4]["my_status"], &list[4]["available_spots"]), (&json!("registered"), &json!(19)));
        assert_eq!((&list[5]["my_status"], &list[5]["waitlist_count"]), (&Value::Null, &json!(1)));
        let (again, statements) = counted(app.get(&path).by(&c.ana).at(c.gym.id)).await;
        assert_eq!((again.expect(200), statements), (list, 0));
        // another caller has the same list and a state of their own
        app.get("/api/v1/schedule/sessions/my-sessions").by(&c.tom).at(c.gym.id).send().await.expect(200);
        let (others, statements) = counted(app.get(&path).by(&c.tom).at(c.gym.id)).await;
        assert_eq!((others.expect(200)[4]["my_status"].clone(), statements), (Value::Null, 1));
    }

    async fn sch_60_sch_61_seats_and_ones_own_booking_are_seen_at_once(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 2).await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        let details = format!("{SESSIONS}/{}", session.id);
        let ben = app.world.member(&c.gym, "ben").await;
        let see = async |taken: i64, free: i64, full: bool, own: Value| {
            let one = c.get(&app, &details).await;
            assert_eq!((&one["registered_count"], &one["session"]["current_participants"]), (&json!(taken), &json!(taken)));
            let list = c.get(&app, SESSIONS).await;
            for shown in [&one, &list[0]] {
                assert_eq!((&shown["available_spots"], &shown["is_full"], &shown["capacity"]), (&json!(free), &json!(full), &json!(2)));
                assert_eq!(shown["my_status"], own);
            }
        };
        see(0, 2, false, Value::Null).await;
        book(&app, &c.ana, &session).await.expect(200);
        see(1, 1, false, json!("registered")).await;
        book(&app, &ben, &session).await.expect(200);
        see(2, 0, true, json!("registered")).await;
        let cancel = format!("/api/v1/schedule/participation/cancel-registration/{}", session.id);
        app.post(&cancel).by(&c.ana).at(c.gym.id).send().await.expect(200);
        see(1, 1, false, json!("cancelled")).await;
        // an early check-in keeps its seat
        app.world.booking(&session, c.tom.id, P::Attended).await;
        let core = &app.services.core;
        core.committed(&[services::kernel::cache_key::CacheKey::Sessions(c.gym.id)]).await;
        see(2, 0, true, json!("cancelled")).await;
        let details = c.get(&app, &details).await;
        assert_eq!(details["class"]["id"], json!(c.spin.id));
        assert_eq!(app.get(&format!("{SESSIONS}/999999")).by(&c.ana).at(c.gym.id).send().await.outcome(), (404, "session_not_found".into()));
    }

    async fn the_short_paths_are_the_same_operations(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let short = "/api/v1/schedule/sessions";
        let start = in_minutes(60).to_rfc3339();
        let made = app.post(short).by(&c.tom).at(c.gym.id).json(c.body(start)).send().await.expect(201);
        let one = format!("{short}/{}", made["id"]);
        assert_eq!(c.get(&app, short).await, c.get(&app, SESSIONS).await);
        assert_eq!(c.get(&app, &format!("{short}/")).await, c.get(&app, SESSIONS).await);
        assert_eq!(c.get(&app, &one).await, c.get(&app, &format!("{SESSIONS}/{}", made["id"])).await);
        app.put(&one).by(&c.tom).at(c.gym.id).json(json!({"notes": "n"})).send().await.expect(200);
        app.get(&format!("{one}/cancellations")).by(&c.tom).at(c.gym.id).send().await.expect(200);
        app.post(&format!("{one}/cancel")).by(&c.tom).at(c.gym.id).send().await.expect(200);
        app.delete(&one).by(&c.admin).at(c.gym.id).send().await.expect(200);
        let series = json!({"base_session": c.body(in_minutes(60).to_rfc3339()), "start_date": "2090-01-01", "end_date": "2090-01-01", "days_of_week": [0]});
        assert_eq!(app.post(&format!("{short}/recurring")).by(&c.tom).at(c.gym.id).json(series).send().await.expect(200), json!([]));
        assert!(app.document["paths"].get(short).is_none());
        for nobody in [app.get(short), app.get(&one)] {
            assert_eq!(nobody.at(c.gym.id).send().await.outcome(), (401, "not_authenticated".into()));
        }
    }
}

//! A class every week (SCH-47 … SCH-49).
use super::sessions::{Cast, SESSIONS, app_at, cast};
use domain::schedule::special_day;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

async fn repeat(app: &App, c: &Cast, query: &str, body: Value) -> Answer {
    app.post(&format!("{SESSIONS}/recurring{query}")).by(&c.tom).at(c.gym.id).json(body).send().await
}

fn series(c: &Cast, start: &str, days: (&str, &str), weekdays: &[i32]) -> Value {
    json!({"base_session_data": c.body(start), "start_date": days.0, "end_date": days.1, "days_of_week": weekdays})
}

/// Local starts of what was made.
fn starts(made: &Value) -> Vec<&str> {
    made.as_array().unwrap().iter().map(|s| s["start_time_local"].as_str().unwrap()).collect()
}

async fn close(app: &App, c: &Cast, date: &str, is_closed: bool) {
    let core = &app.services.core;
    let time = |t: &str| (!is_closed).then(|| t.parse().unwrap());
    let day = special_day::Create {
        date: date.parse().unwrap(),
        open_time: time("10:00:00"),
        close_time: time("14:00:00"),
        is_closed,
        description: None,
        created_by: None,
    };
    core.stores.special_days.create(&core.db, c.gym.id, day).await.unwrap();
}

async fn count(app: &App, c: &Cast) -> usize {
    let core = &app.services.core;
    core.stores.sessions.list(&core.db, c.gym.id, services::Page { skip: 0, limit: 1000 }).await.unwrap().len()
}

both! {
    /// Edge case 9.
    async fn sch_47_the_hour_of_the_gyms_clock_stays_over_every_change(t: TestDb) {
        for (n, (zone, now, base, days, instants)) in [
            ("Europe/Madrid", "2026-03-20T12:00:00Z", "2026-03-22T18:30:00", ("2026-03-22", "2026-04-05"),
                ["2026-03-22T17:30:00Z", "2026-03-29T16:30:00Z", "2026-04-05T16:30:00Z"]),
            ("Europe/Madrid", "2026-10-15T12:00:00Z", "2026-10-18T18:30:00", ("2026-10-18", "2026-11-01"),
                ["2026-10-18T16:30:00Z", "2026-10-25T17:30:00Z", "2026-11-01T17:30:00Z"]),
            ("America/Mexico_City", "2026-03-20T12:00:00Z", "2026-03-29T18:30:00", ("2026-03-29", "2026-04-12"),
                ["2026-03-30T00:30:00Z", "2026-04-06T00:30:00Z", "2026-04-13T00:30:00Z"]),
            ("America/Mexico_City", "2022-03-20T12:00:00Z", "2022-03-27T18:30:00", ("2022-03-27", "2022-04-10"),
                ["2022-03-28T00:30:00Z", "2022-04-03T23:30:00Z", "2022-04-10T23:30:00Z"]),
            ("Australia/Lord_Howe", "2026-03-20T12:00:00Z", "2026-03-29T18:30:00", ("2026-03-29", "2026-04-12"),
                ["2026-03-29T07:30:00Z", "2026-04-05T08:00:00Z", "2026-04-12T08:00:00Z"]),
            ("Australia/Lord_Howe", "2026-09-20T12:00:00Z", "2026-09-27T18:30:00", ("2026-09-27", "2026-10-11"),
                ["2026-09-27T08:00:00Z", "2026-10-04T07:30:00Z", "2026-10-11T07:30:00Z"]),
        ].into_iter().enumerate() {
            let (app, _) = app_at(t, now).await;
            let gym = app.world.gym_with(&format!("box{n}"), |g| g.timezone = zone.to_owned()).await;
            let tom = app.world.person(&gym, &format!("tom{n}"), domain::identity::GymRole::Trainer).await;
            let spin = app.world.class(&gym).await;
            let body = json!({"base_session_data": {"class_id": spin.id, "trainer_id": tom.id, "start_time": base},
                "start_date": days.0, "end_date": days.1, "days_of_week": [6]});
            let made = app.post(&format!("{SESSIONS}/recurring")).by(&tom).at(gym.id).json(body).send().await.expect(200);
            let made = made.as_array().unwrap();
            let utc: Vec<_> = made.iter().map(|s| s["start_time"].as_str().unwrap()).collect();
            assert_eq!(utc, instants, "{zone} {now}");
            assert!(made.iter().all(|s| s["start_time_local"].as_str().unwrap().ends_with("T18:30:00")));
            assert!(made.iter().all(|s| s["end_time_local"].as_str().unwrap().ends_with("T19:30:00")));
        }
    }

    async fn sch_47_what_is_asked_for_must_make_sense(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-04T10:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let good = || series(&c, "2026-05-04T18:00:00", ("2026-05-04", "2026-05-10"), &[0]);
        let with = |field: &str, value: Value| {
            let mut body = good();
            body[field] = value;
            body
        };
        let base = |field: &str, value: Value| {
            let mut body = good();
            body["base_session_data"][field] = value;
            body
        };
        for (body, outcome) in [
            (with("days_of_week", json!([])), (422, "validation_error")),
            (with("days_of_week", json!([1, 1])), (422, "validation_error")),
            (with("days_of_week", json!([7])), (422, "validation_error")),
            (with("days_of_week", json!([-1])), (422, "validation_error")),
            (with("start_date", json!("2026-13-01")), (422, "validation_error")),
            (with("end_date", json!("9999-12-31")), (422, "validation_error")),
            (with("start_date", json!("2026-05-03")), (400, "start_date_in_past")),
            (with("end_date", json!("2026-05-03")), (400, "end_date_before_start_date")),
            (with("end_date", json!("2027-05-05")), (400, "date_range_too_long")),
            (base("end_time", json!("2026-05-04T18:00:00")), (400, "ends_before_start")),
            (base("end_time", json!("2026-05-05T18:00:01")), (400, "session_too_long")),
            (base("status", json!("cancelled")), (400, "status_not_scheduled")),
            (base("override_capacity", json!(0)), (422, "validation_error")),
        ] {
            assert_eq!(repeat(&app, &c, "", body.clone()).await.outcome(), (outcome.0, outcome.1.to_owned()), "{body}");
        }
        assert_eq!(count(&app, &c).await, 0);
        repeat(&app, &c, "", with("end_date", json!("2027-05-04"))).await.expect(200);
        assert_eq!(count(&app, &c).await, 53);
    }

    async fn sch_47_of_the_base_the_local_hour_counts_whatever_its_offset(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-04T10:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let mut body = series(&c, "2026-05-01T21:30:45Z", ("2026-05-04", "2026-05-05"), &[0, 1]);
        // under the name of the specification, too; and over midnight
        let mut base = body.as_object_mut().unwrap().remove("base_session_data").unwrap();
        base["end_time"] = json!("2026-05-01T22:30:45Z");
        body["base_session"] = base;
        let made = repeat(&app, &c, "", body).await.expect(200);
        assert_eq!(starts(&made), ["2026-05-04T23:30:00", "2026-05-05T23:30:00"]);
        assert_eq!(made[0]["end_time_local"], "2026-05-05T00:30:00");
    }

    /// Edge case 10.
    async fn sch_48_what_is_past_or_closed_is_left_out(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-04T16:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        close(&app, &c, "2026-05-06", true).await;
        close(&app, &c, "2026-05-08", false).await;
        close(&app, &c, "2026-06-01", true).await;
        let there = app.world.gym("there").await;
        let core = &app.services.core;
        let elsewhere = special_day::Create {
            date: "2026-05-08".parse().unwrap(), open_time: None, close_time: None, is_closed: true, description: None, created_by: None,
        };
        core.stores.special_days.create(&core.db, there.id, elsewhere).await.unwrap();
        // 18:00 has just come
        let body = series(&c, "2026-05-04T18:00:00", ("2026-05-04", "2026-05-10"), &[4, 0, 2]);
        let made = repeat(&app, &c, "", body.clone()).await.expect(200);
        assert_eq!(starts(&made), ["2026-05-08T18:00:00"]);
        let one = &made[0];
        assert_eq!((&one["is_recurring"], &one["recurrence_pattern"]), (&json!(true), &json!("WEEKLY:0,2,4")));
        assert_eq!((&one["current_participants"], &one["status"]), (&json!(0), &json!("scheduled")));
        let body = series(&c, "2026-05-04T20:00:00", ("2026-05-04", "2026-05-10"), &[4, 0, 2]);
        let made = repeat(&app, &c, "?include_closed_days=true", body).await.expect(200);
        assert_eq!(starts(&made), ["2026-05-04T20:00:00", "2026-05-06T20:00:00", "2026-05-08T20:00:00"]);
        let ids: Vec<_> = made.as_array().unwrap().iter().map(|s| s["series_id"].as_str().unwrap()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]) && one["series_id"] != ids[0] && ids[0].len() == 36);
        // nothing falls on these days, or the one that does is closed
        for body in [
            series(&c, "2026-05-04T12:00:00", ("2026-05-05", "2026-05-05"), &[4]),
            series(&c, "2026-05-04T12:00:00", ("2026-05-06", "2026-05-06"), &[2]),
        ] {
            assert_eq!(repeat(&app, &c, "", body).await.expect(200), json!([]));
        }
    }

    /// Edge case 11.
    async fn sch_49_one_day_that_is_taken_refuses_all_and_is_named(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-04T10:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        for day in ["2026-05-06T18:30:00", "2026-05-13T17:59:00"] {
            c.create(&app, c.body(day)).await.expect(201);
        }
        let body = series(&c, "2026-05-04T18:00:00", ("2026-05-04", "2026-05-17"), &[0, 2]);
        let refused = repeat(&app, &c, "", body.clone()).await;
        assert_eq!(refused.outcome(), (409, "trainer_conflict".into()));
        assert_eq!(refused.json()["dates"], json!(["2026-05-06", "2026-05-13"]));
        assert_eq!(count(&app, &c).await, 2);
        assert_eq!(repeat(&app, &c, "?allow_overlap=true", body.clone()).await.outcome().0, 409);
        let insist = app.post(&format!("{SESSIONS}/recurring?allow_overlap=true")).by(&c.admin).at(c.gym.id).json(body).send().await;
        assert_eq!(insist.expect(200).as_array().unwrap().len(), 4);
    }

    async fn sch_49_two_series_at_once_are_made_whole_or_not_at_all(t: TestDb) {
        let (app, _) = app_at(t, "2026-05-04T10:00:00Z").await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let body = |hour: &str| series(&c, &format!("2026-05-04T{hour}:00"), ("2026-05-05", "2026-06-30"), &[1, 3]);
        let answers = futures::future::join_all(["18:00", "18:30", "17:45"].map(|h| repeat(&app, &c, "", body(h)))).await;
        let mut made: Vec<_> = answers.iter().map(Answer::outcome).collect();
        made.sort();
        assert_eq!((made[0].0, made[1].0), (200, 409), "{made:?}");
        let whole = answers.iter().filter(|a| a.status == 200).map(|a| a.json().as_array().unwrap().len()).sum::<usize>();
        assert_eq!(count(&app, &c).await, whole);
    }

    async fn sch_15_today_ends_at_the_gyms_midnight(t: TestDb) {
        // 21:59:59 and 22:00:00 UTC are the last second of the 4th and the first of the 5th in Madrid
        for (n, now, outcome) in [(0, "2026-05-04T21:59:59Z", 200), (1, "2026-05-04T22:00:00Z", 400)] {
            let (app, _) = app_at(t, now).await;
            let gym = app.world.gym_with(&format!("day{n}"), |g| g.timezone = "Europe/Madrid".into()).await;
            let tom = app.world.person(&gym, &format!("tim{n}"), domain::identity::GymRole::Trainer).await;
            let spin = app.world.class(&gym).await;
            let body = json!({"base_session_data": {"class_id": spin.id, "trainer_id": tom.id, "start_time": "2026-05-04T18:00:00"},
                "start_date": "2026-05-04", "end_date": "2026-05-05", "days_of_week": [0, 1]});
            let answer = app.post(&format!("{SESSIONS}/recurring")).by(&tom).at(gym.id).json(body).send().await;
            assert_eq!(answer.status.as_u16(), outcome, "{now} {:?}", answer.outcome());
        }
    }
}

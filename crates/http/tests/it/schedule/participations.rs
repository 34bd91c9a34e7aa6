//! What members see of their bookings, and staff of their sessions.
use super::cast::*;
use chrono::{Days, NaiveDate};
use domain::{
    identity::gym,
    kernel::timezone,
    schedule::{participation::ParticipationStatus as P, session::SessionStatus},
};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

fn ids(list: &Value, path: &str) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|item| item.pointer(path).unwrap().as_i64().unwrap()).collect()
}

fn today(gym: &gym::Model) -> NaiveDate {
    timezone::local_day(in_minutes(0), &gym.timezone)
}

async fn get(app: &App, c: &Cast, by: &domain::identity::user::Model, list: &str) -> Answer {
    app.get(&format!("{PART}/{list}")).by(by).at(c.gym.id).send().await
}

fn statements(answer: &Answer) -> u32 {
    answer.header("x-database-statements").parse().unwrap()
}

both! {
    async fn sch_90_what_is_booked_and_to_come_the_next_first(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, 120).await;
        let (next, begun, off, missed) = (
            app.world.session_with(&c.spin, &c.tom, in_minutes(60), |s| s.room = Some("Sala 1".into())).await,
            app.world.session(&c.spin, &c.tom, in_minutes(-1)).await,
            app.world.session_with(&c.spin, &c.tom, in_minutes(70), |s| s.status = SessionStatus::Cancelled).await,
            app.world.session(&c.spin, &c.tom, in_minutes(80)).await,
        );
        for session in [&c.session, &next, &begun, &off] {
            app.world.booking(session, c.ana.id, P::Registered).await;
        }
        app.world.booking(&missed, c.ana.id, P::Cancelled).await;
        app.world.booking(&c.session, c.tom.id, P::Registered).await;
        let list = see(&app, &c.ana, c.gym.id, "my-classes").await;
        assert_eq!(ids(&list, "/session/id"), [next.id.0, c.session.id.0]);
        assert_eq!((&list[0]["participation"]["status"], &list[0]["gym_class"]["name"]), (&json!("registered"), &json!("Spinning")));
        assert_eq!((&list[0]["session"]["timezone"], &list[1]["session"]["current_participants"]), (&json!("Europe/Madrid"), &json!(2)));
        let simple = see(&app, &c.ana, c.gym.id, "my-classes-simple").await;
        let local = next.start_time.with_timezone(&timezone::or_utc("Europe/Madrid")).naive_local();
        assert_eq!(
            simple[0],
            json!({"session_id": next.id, "class_name": "Spinning", "start_time": next.start_time, "start_time_local": local,
                   "participation_status": "registered", "room": "Sala 1", "current_participants": 1, "max_capacity": 9})
        );
        assert_eq!(ids(&see(&app, &c.ana, c.gym.id, "my-classes?skip=1&limit=1").await, "/session/id"), [c.session.id.0]);
        assert_eq!(see(&app, &c.tom, c.gym.id, &format!("member-classes/{}", c.ana.id)).await, list);
        assert_eq!(get(&app, &c, &c.ana, &format!("member-classes/{}", c.tom.id)).await.outcome(), (403, "role_too_low".into()));
        let stranger = app.world.user("stranger").await;
        let foreign = get(&app, &c, &c.tom, &format!("member-classes/{}", stranger.id)).await;
        assert_eq!(foreign.outcome(), (404, "member_not_found".into()));
    }

    async fn sch_90_a_change_of_a_booking_is_seen_at_once(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        let ben = app.world.member(&c.gym, "ben").await;
        let status = format!("my-participation-status?start_date={0}&end_date={0}&session_ids={1}", today(&c.gym), c.session.id);
        let seen = async |who| {
            let classes = see(&app, who, c.gym.id, "my-classes").await.as_array().unwrap().len();
            (classes, see(&app, who, c.gym.id, &status).await["participations"][0]["status"].clone())
        };
        assert_eq!((seen(&c.ana).await, seen(&ben).await), ((0, Value::Null), (0, Value::Null)));
        book(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(seen(&c.ana).await, (1, json!("registered")));
        wait(&app, &ben, &c.session).await.expect(201);
        cancel(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!((seen(&c.ana).await, seen(&ben).await), ((0, json!("cancelled")), (1, json!("registered"))));
        app.services.core.stage_cancellation(c.gym.id, c.session.id).await.unwrap();
        assert_eq!(seen(&ben).await, (0, json!("cancelled")));
    }

    async fn sch_91_what_has_begun_the_last_first_by_the_person(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, 120).await;
        // so that no membership has the number of its person
        assert_ne!(app.services.core.stores.people.of_user(&app.services.core.db, c.gym.id, c.tom.id).await.unwrap().unwrap().id.0, c.ana.id.0);
        let mut sessions = Vec::new();
        for (days, status) in [(1, P::Attended), (2, P::NoShow), (3, P::Cancelled), (4, P::Registered)] {
            let session = app.world.session(&c.spin, &c.tom, in_minutes(-1440 * days)).await;
            app.world.booking(&session, c.ana.id, status).await;
            sessions.push(session.id.0);
        }
        book(&app, &c.ana, &c.session).await.expect(200);
        let list = see(&app, &c.ana, c.gym.id, "my-history").await;
        assert_eq!(ids(&list, "/session_info/id"), sessions);
        assert_eq!((&list[0]["status"], &list[0]["class_info"]["name"], &list[0]["member_id"]), (&json!("attended"), &json!("Spinning"), &json!(c.ana.id)));
        assert_eq!(see(&app, &c.tom, c.gym.id, &format!("member/{}/history", c.ana.id)).await, list);
        let day = |back: u64| today(&c.gym) - Days::new(back);
        let bounded = see(&app, &c.ana, c.gym.id, &format!("my-history?start_date={}&end_date={}", day(3), day(2))).await;
        assert_eq!(ids(&bounded, "/session_id"), sessions[1..3]);
        assert_eq!(ids(&see(&app, &c.ana, c.gym.id, "my-history?skip=1&limit=2").await, "/session_id"), sessions[1..3]);
        let up_to = see(&app, &c.ana, c.gym.id, "my-history?end_date=2099-01-01").await;
        assert_eq!(ids(&up_to, "/session_id"), sessions, "what is to come is no history");
        for (query, outcome) in [
            ("limit=0", (422, "validation_error")),
            ("limit=101", (422, "validation_error")),
            ("start_date=2026-03-02&end_date=2026-03-01", (400, "invalid_date_range")),
            ("start_date=yesterday", (422, "validation_error")),
            ("start_date=%2B262142-01-01", (422, "validation_error")),
        ] {
            assert_eq!(get(&app, &c, &c.ana, &format!("my-history?{query}")).await.outcome(), (outcome.0, outcome.1.to_owned()), "{query}");
        }
        assert_eq!(get(&app, &c, &c.ana, &format!("member/{}/history", c.ana.id)).await.outcome(), (403, "role_too_low".into()));
    }

    /// Days are those of the gym: half past eleven in the evening of Madrid is that day, though in UTC it may be another.
    async fn sch_91_sch_92_days_are_those_of_the_gyms_calendar(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, 120).await;
        let day: NaiveDate = "2026-07-01".parse().unwrap();
        let zone = timezone::or_utc("Europe/Madrid");
        let at = |day: NaiveDate, h, m| timezone::resolve(day.and_hms_opt(h, m, 0).unwrap(), zone);
        let mut of_day = Vec::new();
        for (start, inside) in [
            (at(day, 0, 0), true),
            (at(day, 23, 30), true),
            (at(day - Days::new(1), 23, 59), false),
            (at(day + Days::new(1), 0, 0), false),
        ] {
            let session = app.world.session(&c.spin, &c.tom, start).await;
            app.world.booking(&session, c.ana.id, P::Registered).await;
            if inside {
                of_day.push(session.id.0);
            }
        }
        let status = see(&app, &c.ana, c.gym.id, &format!("my-participation-status?start_date={day}&end_date={day}")).await;
        let mut found = ids(&status["participations"], "/session_id");
        found.sort_unstable();
        assert_eq!((found, &status["total_count"]), (of_day.clone(), &json!(2)));
        of_day.reverse();
        let history = see(&app, &c.ana, c.gym.id, &format!("my-history?start_date={day}&end_date={day}")).await;
        assert_eq!(ids(&history, "/session_id"), of_day);
    }

    /// Edge case 23.
    async fn sch_92_at_most_90_days_or_the_sessions_that_are_named(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, 120).await;
        let other = app.world.session(&c.spin, &c.tom, in_minutes(240)).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        book(&app, &c.ana, &other).await.expect(200);
        cancel(&app, &c.ana, &c.session).await.expect(200);
        let status = async |query: &str| get(&app, &c, &c.ana, &format!("my-participation-status?{query}")).await;
        let (day, end) = (today(&c.gym), today(&c.gym) + Days::new(90));
        let list = status(&format!("start_date={day}&end_date={end}")).await.expect(200);
        assert_eq!(ids(&list["participations"], "/session_id"), [other.id.0, c.session.id.0], "the last booked first");
        assert_eq!((&list["participations"][1]["status"], &list["total_count"]), (&json!("cancelled"), &json!(2)));
        assert!(list["participations"][1]["cancellation_time"].is_string());
        let named = status(&format!("start_date=2020-01-01&end_date=2020-01-02&session_ids={},999999", other.id)).await.expect(200);
        assert_eq!(ids(&named["participations"], "/session_id"), [other.id.0], "named sessions are not bounded by days");
        let all = status(&format!("start_date={day}&end_date={end}&session_ids=")).await.expect(200);
        assert_eq!(all, list);
        for (query, outcome) in [
            (format!("start_date={day}&end_date={}", day + Days::new(91)), (422, "validation_error")),
            (format!("start_date={day}&end_date={}", day - Days::new(1)), (400, "invalid_date_range")),
            (format!("start_date={day}&end_date={end}&session_ids=1,x"), (422, "validation_error")),
            (format!("end_date={end}"), (422, "validation_error")),
            (format!("start_date={day}"), (422, "validation_error")),
            ("start_date=%2B262142-12-30&end_date=%2B262142-12-31".to_owned(), (422, "validation_error")),
            ("start_date=-200000-12-30&end_date=-200000-12-31".to_owned(), (422, "validation_error")),
        ] {
            assert_eq!(status(&query).await.outcome(), (outcome.0, outcome.1.to_owned()), "{query}");
        }
    }

    async fn sch_93_the_list_of_a_session_names_the_people(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, 20).await;
        let people = c.members(&app, &["one", "two", "three"]).await;
        for member in &people {
            book(&app, member, &c.session).await.expect(200);
        }
        // the first of the last booking counts
        cancel(&app, &people[0], &c.session).await.expect(200);
        book(&app, &people[0], &c.session).await.expect(200);
        mark(&app, &c.tom, "attendance", &c.session, people[1].id).await.expect(200);
        let list = see(&app, &c.tom, c.gym.id, &format!("participants/{}", c.session.id)).await;
        assert_eq!(ids(&list, "/member_id"), [people[1].id.0, people[2].id.0, people[0].id.0]);
        assert_eq!(list[0]["member"], json!({"id": people[1].id, "first_name": "two", "last_name": "Tester", "picture": null}));
        assert_eq!((&list[0]["status"], &list[0]["session_id"]), (&json!("attended"), &json!(c.session.id)));
        let only = see(&app, &c.tom, c.gym.id, &format!("participants/{}?status=attended", c.session.id)).await;
        assert_eq!(ids(&only, "/member_id"), [people[1].id.0]);
        let page = see(&app, &c.tom, c.gym.id, &format!("participants/{}?skip=1&limit=1", c.session.id)).await;
        assert_eq!(ids(&page, "/member_id"), [people[2].id.0]);
        let bad = get(&app, &c, &c.tom, &format!("participants/{}?status=lost", c.session.id)).await;
        assert_eq!(bad.outcome(), (422, "validation_error".into()));
        let members = get(&app, &c, &people[0], &format!("participants/{}", c.session.id)).await;
        assert_eq!(members.outcome(), (403, "role_too_low".into()));
        let missing = get(&app, &c, &c.tom, "participants/999999").await;
        assert_eq!(missing.outcome(), (404, "session_not_found".into()));
    }

    async fn sch_94_a_list_costs_the_same_however_long_it_is(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 99, 20).await;
        let mut members = Vec::new();
        for n in 0..12 {
            let (soon, over) = (
                app.world.session(&c.spin, &c.tom, in_minutes(30 + n)).await,
                app.world.session(&c.spin, &c.tom, in_minutes(-30 - n)).await,
            );
            let member = app.world.member(&c.gym, &format!("m{n}")).await;
            app.world.booking(&soon, c.ana.id, P::Registered).await;
            app.world.booking(&over, c.ana.id, P::Attended).await;
            book(&app, &member, &c.session).await.expect(200);
            cancel(&app, &member, &c.session).await.expect(200);
            app.world.waiting(&over, c.ana.id).await;
            members.push(member);
        }
        for member in members {
            app.world.waiting(&c.session, member.id).await;
        }
        for warm in [&c.ana, &c.tom] {
            see(&app, warm, c.gym.id, "my-waitlist").await;
        }
        let (session, day, end) = (c.session.id, today(&c.gym) - Days::new(1), today(&c.gym) + Days::new(1));
        for (by, path, most) in [
            (&c.ana, format!("{PART}/my-classes?"), 1),
            (&c.ana, format!("{PART}/my-classes-simple?"), 1),
            (&c.tom, format!("{PART}/member-classes/{}?", c.ana.id), 2),
            (&c.ana, format!("{PART}/my-history?"), 1),
            (&c.tom, format!("{PART}/member/{}/history?", c.ana.id), 2),
            (&c.ana, format!("{PART}/my-participation-status?start_date={day}&end_date={end}&"), 1),
            (&c.ana, format!("{PART}/my-waitlist?"), 1),
            (&c.tom, format!("{PART}/waitlist/{session}?"), 2),
            (&c.tom, format!("{PART}/participants/{session}?"), 2),
            (&c.tom, format!("/api/v1/schedule/sessions/sessions/{session}/cancellations?"), 2),
        ] {
            // the visit itself is counted beside the request, so only what the answer says is looked at
            let mut costs = Vec::new();
            for limit in [11, 1] {
                let answer = app.get(&format!("{path}limit={limit}")).by(by).at(c.gym.id).send().await;
                costs.push(statements(&answer));
                let rows = answer.expect(200);
                let rows = rows.get("participations").unwrap_or(&rows).as_array().unwrap().len();
                assert!(rows == limit || path.contains("status") && rows > 10, "{path}: {rows}");
            }
            assert!(costs.iter().all(|cost| *cost <= most), "{path}: {costs:?}");
        }
    }
}

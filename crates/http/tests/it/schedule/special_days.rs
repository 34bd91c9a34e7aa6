//! Days that are not as the week says.
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    identity::{GymRole, gym, user},
    schedule::{
        participation::ParticipationStatus as P,
        session::{self, SessionStatus},
    },
};
use futures::future::join_all;
use ports::FixedClock;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
};

const DAYS: &str = "/api/v1/schedule/special-days/";
const CANCELLED: &str = "x-cancelled-sessions";

/// A gym with its owner and a member.
async fn cast(app: &App) -> (gym::Model, user::Model, user::Model) {
    let gym = app.world.gym("box").await;
    let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
    let ana = app.world.member(&gym, "ana").await;
    (gym, boss, ana)
}

async fn make(app: &App, query: &str, by: &user::Model, at: &gym::Model, body: Value) -> Answer {
    app.post(&format!("{DAYS}{query}")).by(by).at(at.id).json(body).send().await
}

async fn change(app: &App, which: &str, by: &user::Model, at: &gym::Model, body: Value) -> Answer {
    app.put(&format!("{DAYS}{which}")).by(by).at(at.id).json(body).send().await
}

async fn get(app: &App, rest: &str, by: &user::Model, at: &gym::Model) -> Answer {
    app.get(&format!("{DAYS}{rest}")).by(by).at(at.id).send().await
}

fn closed(date: &str) -> Value {
    json!({"date": date, "is_closed": true})
}

fn dates(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|day| day["date"].as_str().unwrap()).collect()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

both! {
    /// Edge case 20.
    async fn sch_30_sch_31_a_date_is_special_once_unless_it_is_overwritten(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let admin = app.world.person(&gym, "admin", GymRole::Admin).await;
        let day = json!({"date": "2031-12-24", "open_time": "09:00", "close_time": "13:00", "description": "Eve"});
        let made = make(&app, "", &boss, &gym, day).await;
        assert_eq!(made.header(CANCELLED), "", "nothing was asked for");
        let made = made.expect(201);
        let fields: Vec<_> = made.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["close_time", "created_at", "created_by", "date", "description", "gym_id", "id", "is_closed", "open_time", "updated_at"]);
        assert_eq!((&made["open_time"], &made["close_time"], &made["is_closed"]), (&json!("09:00:00"), &json!("13:00:00"), &json!(false)));
        assert_eq!((&made["created_by"], &made["description"]), (&json!(boss.id), &json!("Eve")));
        assert!(made["created_at"].as_str().unwrap().ends_with('Z'));
        for path in [made["id"].to_string(), "date/2031-12-24".into()] {
            assert_eq!(get(&app, &path, &ana, &gym).await.expect(200), made);
        }

        let again = make(&app, "", &admin, &gym, closed("2031-12-24")).await;
        assert_eq!(again.outcome(), (409, "special_day_exists".into()));
        assert_eq!(get(&app, "date/2031-12-24", &ana, &gym).await.expect(200), made, "nothing changed");
        let over = make(&app, "?overwrite=true", &admin, &gym, closed("2031-12-24")).await.expect(201);
        assert_eq!((&over["id"], &over["created_by"], &over["created_at"]), (&made["id"], &json!(boss.id), &made["created_at"]));
        assert_eq!((&over["open_time"], &over["close_time"], &over["is_closed"], &over["description"]), (&Value::Null, &Value::Null, &json!(true), &Value::Null));
        assert_eq!(get(&app, "date/2031-12-24", &ana, &gym).await.expect(200), over);
        make(&app, "?overwrite=true", &admin, &gym, closed("2031-12-25")).await.expect(201);
        // another gym has its own calendar
        let other = app.world.gym("other").await;
        let zoe = app.world.person(&other, "zoe", GymRole::Admin).await;
        make(&app, "", &zoe, &other, closed("2031-12-24")).await.expect(201);
    }

    async fn sch_30_of_two_who_make_the_same_day_at_once_one_does(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, _) = cast(&app).await;
        for date in ["2031-05-01", "2031-05-02", "2031-05-03"] {
            let answers = join_all((0..4).map(|_| make(&app, "", &boss, &gym, closed(date)))).await;
            let mut statuses: Vec<_> = answers.iter().map(|a| a.status.as_u16()).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409], "{date}");
            let answers = join_all((0..4).map(|_| make(&app, "?overwrite=true", &boss, &gym, closed(date)))).await;
            assert!(answers.iter().all(|a| a.status == 201), "{answers:?}");
        }
        assert_eq!(dates(&get(&app, "", &boss, &gym).await.expect(200)).len(), 3);
    }

    async fn sch_21_sch_23_a_special_day_is_closed_or_has_both_times(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, _) = cast(&app).await;
        let with = |extra: Value| {
            let mut day = json!({"date": "2031-12-24"});
            day.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            day
        };
        for (body, field) in [
            (with(json!({})), "open_time"),
            (with(json!({"open_time": "09:00"})), "close_time"),
            (with(json!({"close_time": "09:00", "is_closed": false})), "open_time"),
            (with(json!({"open_time": "09:00", "close_time": "09:00"})), "close_time"),
            (with(json!({"open_time": "09:00", "close_time": "13:00", "is_closed": true})), "open_time"),
            (with(json!({"open_time": "9am", "close_time": "13:00"})), "open_time"),
            (with(json!({"is_closed": true, "description": "x".repeat(256)})), "description"),
            (json!({"is_closed": true, "date": "24.12.2031"}), "date"),
            (json!({"is_closed": true, "date": "99999-12-24"}), "date"),
        ] {
            let answer = make(&app, "", &boss, &gym, body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["detail"][0]["loc"]), (422, &json!(["body", field])), "{body}");
        }
        assert_eq!(make(&app, "", &boss, &gym, json!({"is_closed": true})).await.status, 422);
        assert_eq!(make(&app, "", &boss, &gym, with(json!({"is_closed": true, "description": "a\0b"}))).await.status, if t.is_postgres() { 422 } else { 201 });
        let seconds = with(json!({"open_time": "09:00:30", "close_time": "13:00", "description": "ñ".repeat(255)}));
        let made = make(&app, "?overwrite=true", &boss, &gym, seconds).await.expect(201);
        assert_eq!((&made["open_time"], &made["close_time"]), (&json!("09:00:30"), &json!("13:00:00")));
    }

    async fn sch_32_sch_15_upcoming_begins_with_the_gyms_today_and_all_with_the_latest(t: TestDb) {
        // half an hour before the tenth ends in Auckland
        let clock = FixedClock::new(at("2026-06-10T11:30:00Z"));
        let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
        let gym = app.world.gym_with("kiwi", |g| g.timezone = "Pacific/Auckland".into()).await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        for day in ["2026-06-12", "2026-06-09", "2026-06-11", "2026-06-10"] {
            make(&app, "", &boss, &gym, closed(day)).await.expect(201);
        }
        let list = async |query: &str| get(&app, query, &boss, &gym).await.expect(200);
        for _ in 0..2 {
            assert_eq!(dates(&list("").await), ["2026-06-10", "2026-06-11", "2026-06-12"]);
        }
        assert_eq!(dates(&list("?upcoming_only=true&skip=1&limit=1").await), ["2026-06-11"]);
        assert_eq!(dates(&list("?upcoming_only=false").await), ["2026-06-12", "2026-06-11", "2026-06-10", "2026-06-09"]);
        assert_eq!(dates(&list("?upcoming_only=false&skip=2&limit=1").await), ["2026-06-10"]);
        assert_eq!(list("?skip=9").await, json!([]));
        clock.advance(TimeDelta::minutes(31)); // past midnight there, not in UTC
        assert_eq!(dates(&list("").await), ["2026-06-11", "2026-06-12"], "no list lives past the gym's midnight");
        let warm = get(&app, "", &boss, &gym).await;
        assert_eq!(warm.header("x-database-statements"), "0");
        make(&app, "", &boss, &gym, closed("2026-06-13")).await.expect(201);
        assert_eq!(dates(&list("").await), ["2026-06-11", "2026-06-12", "2026-06-13"]);
        assert_eq!(get(&app, "?upcoming_only=perhaps", &boss, &gym).await.status, 422);
    }

    async fn sch_33_a_day_is_changed_by_id_or_date_and_its_removal_answers_with_it(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let day = json!({"date": "2031-12-24", "open_time": "09:00", "close_time": "13:00", "description": "Eve"});
        let id = make(&app, "", &boss, &gym, day).await.expect(201)["id"].to_string();
        for (which, body, want) in [
            (id.as_str(), json!({"open_time": "10:00"}), json!(["10:00:00", "13:00:00", false, "Eve"])),
            ("date/2031-12-24", json!({"close_time": "14:30:00"}), json!(["10:00:00", "14:30:00", false, "Eve"])),
            (id.as_str(), json!({"description": "Christmas Eve"}), json!(["10:00:00", "14:30:00", false, "Christmas Eve"])),
            ("date/2031-12-24", json!({"is_closed": true}), json!([null, null, true, "Christmas Eve"])),
            (id.as_str(), json!({"description": null}), json!([null, null, true, null])),
            (id.as_str(), json!({}), json!([null, null, true, null])),
            ("date/2031-12-24", json!({"open_time": "11:00", "close_time": "12:00"}), json!(["11:00:00", "12:00:00", false, null])),
        ] {
            get(&app, &id, &ana, &gym).await.expect(200);
            let saved = change(&app, which, &boss, &gym, body.clone()).await.expect(200);
            assert_eq!(json!([saved["open_time"], saved["close_time"], saved["is_closed"], saved["description"]]), want, "{body}");
            for path in [id.as_str(), "date/2031-12-24"] {
                assert_eq!(get(&app, path, &ana, &gym).await.expect(200), saved, "{body}");
            }
        }
        for (body, field) in [
            (json!({"close_time": "11:00"}), "close_time"),
            (json!({"is_closed": true, "close_time": "11:00"}), "close_time"),
            (json!({"description": "x".repeat(256)}), "description"),
        ] {
            let answer = change(&app, &id, &boss, &gym, body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["detail"][0]["loc"]), (422, &json!(["body", field])), "{body}");
        }
        for missing in ["date/2031-12-26", "999999"] {
            assert_eq!(change(&app, missing, &boss, &gym, json!({})).await.outcome(), (404, "special_day_not_found".into()));
            assert_eq!(get(&app, missing, &ana, &gym).await.outcome(), (404, "special_day_not_found".into()));
        }
        let there = get(&app, &id, &ana, &gym).await.expect(200);
        let remove = async || app.delete(&format!("{DAYS}{id}")).by(&boss).at(gym.id).send().await;
        assert_eq!(remove().await.expect(200), there);
        assert_eq!(remove().await.outcome(), (404, "special_day_not_found".into()));
        assert_eq!(get(&app, &id, &ana, &gym).await.outcome(), (404, "special_day_not_found".into()));
        assert_eq!(get(&app, "", &ana, &gym).await.expect(200), json!([]));
    }

    async fn sch_34_closing_a_date_cancels_its_sessions_only_when_that_is_asked_for(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("box", |g| g.timezone = "America/New_York".into()).await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let (ana, ben) = (app.world.member(&gym, "ana").await, app.world.member(&gym, "ben").await);
        let other = app.world.gym("other").await;
        let spin = app.world.class(&gym).await;
        let theirs = app.world.session(&app.world.class(&other).await, &boss, at("2031-07-04T16:00:00Z")).await;
        // the fourth of July there is 04:00 to 04:00 in UTC
        let mut sessions = Vec::new();
        for start in ["04T03:59:59Z", "04T04:00:00Z", "04T20:00:00Z", "05T03:59:59Z", "05T04:00:00Z"] {
            sessions.push(app.world.session(&spin, &boss, at(&format!("2031-07-{start}"))).await);
        }
        let running = app.world.session_with(&spin, &boss, at("2031-07-04T15:00:00Z"), |s| s.status = SessionStatus::InProgress).await;
        for session in &sessions {
            app.world.booking(session, ana.id, P::Registered).await;
            app.world.waiting(session, ben.id).await;
        }
        let statuses = async || {
            let mut all = Vec::new();
            for s in sessions.iter().chain([&running, &theirs]) {
                all.push(app.world.session_now(s.gym_id, s.id).await.status);
            }
            all
        };
        use SessionStatus::{Cancelled as C, InProgress as I, Scheduled as S};
        let untouched = vec![S, S, S, S, S, I, S];
        let made = make(&app, "", &boss, &gym, closed("2031-07-04")).await;
        assert_eq!(made.header(CANCELLED), "");
        made.expect(201);
        assert_eq!(statuses().await, untouched);
        let conflict = make(&app, "?cancel_sessions=true", &boss, &gym, closed("2031-07-04")).await;
        assert_eq!(conflict.outcome(), (409, "special_day_exists".into()));
        let opened = change(&app, "date/2031-07-04?cancel_sessions=true", &boss, &gym, json!({"open_time": "09:00", "close_time": "12:00"})).await;
        assert_eq!(opened.header(CANCELLED), "0");
        let unclear = change(&app, "date/2031-07-04?cancel_sessions=true", &boss, &gym, json!({"is_closed": true, "open_time": "09:00"})).await;
        assert_eq!(unclear.status, 422);
        change(&app, "date/2031-07-04", &boss, &gym, json!({"is_closed": true})).await.expect(200);
        assert_eq!(statuses().await, untouched, "not asked for, refused, or open");

        let cancelled = change(&app, "date/2031-07-04?cancel_sessions=true", &boss, &gym, json!({})).await;
        assert_eq!((cancelled.status.as_u16(), cancelled.header(CANCELLED)), (200, "3"));
        assert_eq!(statuses().await, [S, C, C, C, S, I, S]);
        for (n, seats) in [(0, 1), (1, 0), (2, 0), (3, 0), (4, 1)] {
            let now = app.world.session_now(gym.id, sessions[n].id).await;
            assert_eq!(now.current_participants, seats, "{n}");
        }
        let core = &app.services.core;
        let told = core.stores.outbox.claim(&core.db, &["schedule.notice"], 100, "test", TimeDelta::seconds(60)).await.unwrap();
        let mut told: Vec<_> = told.into_iter().map(|row| row.payload).collect();
        told.sort_by_key(|notice| notice["session_id"].as_i64());
        let notice = |s: &session::Model| json!({"kind": "session_cancelled", "session_id": s.id, "users": [ana.id, ben.id]});
        assert_eq!(told, sessions[1..4].iter().map(notice).collect::<Vec<_>>());
        let kept = core.stores.cancellations.list(&core.db, gym.id, Default::default()).await.unwrap();
        assert_eq!(kept.len(), 3);
        assert!(kept.iter().all(|c| c.member_id == ana.id && !c.is_late && c.reason.as_deref() == Some("session_cancelled")));
        let again = change(&app, "date/2031-07-04?cancel_sessions=true", &boss, &gym, json!({})).await;
        assert_eq!(again.header(CANCELLED), "0");

        // a new date, and one that is overwritten
        let made = make(&app, "?cancel_sessions=true", &boss, &gym, closed("2031-07-05")).await;
        assert_eq!((made.status.as_u16(), made.header(CANCELLED)), (201, "1"));
        make(&app, "", &boss, &gym, closed("2031-07-03")).await.expect(201);
        let over = make(&app, "?overwrite=true&cancel_sessions=true", &boss, &gym, closed("2031-07-03")).await;
        assert_eq!((over.status.as_u16(), over.header(CANCELLED)), (201, "1"));
        assert_eq!(statuses().await, [C, C, C, C, C, I, S]);
    }

    async fn sch_34_who_books_while_the_date_closes_has_no_seat_in_the_end(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, _) = cast(&app).await;
        let spin = app.world.class(&gym).await;
        let session = app.world.session(&spin, &boss, at("2031-07-04T16:00:00Z")).await;
        let mut members = Vec::new();
        for n in 0..6 {
            members.push(app.world.member(&gym, &format!("m{n}")).await);
        }
        let book = |who| app.post(&format!("/api/v1/schedule/participation/register/{}", session.id)).by(who).at(gym.id).send();
        let (booked, made) = futures::join!(
            join_all(members.iter().map(book)),
            make(&app, "?cancel_sessions=true", &boss, &gym, closed("2031-07-04")),
        );
        assert_eq!(made.header(CANCELLED), "1");
        assert!(booked.iter().all(|a| a.status == 200 || a.outcome() == (400, "session_not_open".into())), "{booked:?}");
        let now = app.world.session_now(gym.id, session.id).await;
        assert_eq!((now.status, now.current_participants), (SessionStatus::Cancelled, 0));
        let core = &app.services.core;
        let rows = core.stores.participations.list(&core.db, gym.id, Default::default()).await.unwrap();
        assert!(rows.iter().all(|row| row.status == P::Cancelled), "{rows:?}");
    }

    async fn sch_35_a_closed_day_blocks_no_booking_and_is_told_to_who_plans(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let other = app.world.gym("other").await;
        let zoe = app.world.person(&other, "zoe", GymRole::Admin).await;
        let spin = app.world.class(&gym).await;
        let session = app.world.session(&spin, &boss, at("2031-07-04T16:00:00Z")).await;
        for date in ["2031-07-06", "2031-07-04", "2031-07-01", "2031-07-07"] {
            make(&app, "", &boss, &gym, closed(date)).await.expect(201);
        }
        make(&app, "", &boss, &gym, json!({"date": "2031-07-05", "open_time": "09:00", "close_time": "10:00"})).await.expect(201);
        make(&app, "", &zoe, &other, closed("2031-07-03")).await.expect(201);
        let path = format!("/api/v1/schedule/participation/register/{}", session.id);
        app.post(&path).by(&ana).at(gym.id).send().await.expect(200);
        let core = &app.services.core;
        let day = |d: &str| d.parse().unwrap();
        let found = core.stores.hours.closed_days(&core.db, gym.id, day("2031-07-02"), day("2031-07-06")).await.unwrap();
        assert_eq!(found, [day("2031-07-04"), day("2031-07-06")]);
    }
}

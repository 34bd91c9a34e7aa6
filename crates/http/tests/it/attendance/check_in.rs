//! Who is checked in, and for which session.
use super::{CHECK_IN, Cast, at, cast, cast_in, code, show};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    identity::GymRole,
    kernel::time,
    schedule::{participation::ParticipationStatus as P, session::SessionStatus},
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use testkit::{app::App, both, database::TestDb, schedule::in_minutes};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn sql(t: &TestDb, sql: &str) {
    t.pool().execute_unprepared(sql).await.unwrap();
}

both! {
    /// Edge case 5.
    async fn att_2_att_3_only_a_code_that_is_stored_is_valid(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        app.world.session(&spin, &tom, in_minutes(5)).await;
        let (id, wrong) = (ana.id, format!("U{}_0123456789abcdef", ana.id));
        let long = format!("U{id}_{}", "a".repeat(10_240));
        let upper = code(&ana).to_uppercase();
        let near = [format!("{} ", code(&ana)), format!(" {}", code(&ana)), code(&ana).replacen('U', "UU", 1)];
        let mut rubbish = vec![
            format!("U{id}_x"), format!("U{id}_"), format!("{id}"), "U-1_ab".into(), "UU1_..".into(), String::new(), long,
            upper, "U999999_0123456789abcdef".into(), format!("U{id}_0123abcd"), "U1_\0".into(), wrong,
        ];
        rubbish.extend(near);
        for by in [&tom, &ana] {
            let mut answers = Vec::new();
            for text in &rubbish {
                let answer = show(&app, by, gym.id, text, None).await;
                assert_eq!(answer.outcome(), (400, "invalid_qr".into()), "{text}");
                answers.push(answer.json());
            }
            // nothing tells an id that exists from one that does not
            assert!(answers.iter().all(|a| *a == answers[0]));
        }
        assert_eq!(app.post(CHECK_IN).by(&tom).at(gym.id).json(json!({})).send().await.status, 422);
        show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
    }

    /// Edge case 6.
    async fn att_5_staff_check_in_anybody_and_a_member_themself(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let first = app.world.session(&spin, &tom, in_minutes(5)).await;
        let ben = app.world.member(&gym, "ben").await;
        let friend = show(&app, &ana, gym.id, &code(&ben), None).await;
        assert_eq!(friend.outcome(), (403, "not_allowed".into()));
        assert_eq!(app.world.session_now(gym.id, first.id).await.current_participants, 0);
        show(&app, &ana, gym.id, &code(&ana), None).await.expect(200);
        let shown = show(&app, &tom, gym.id, &code(&ben), None).await.expect(200);
        assert_eq!(shown["member"], json!({"id": ben.id, "first_name": "ben", "last_name": "Tester", "picture": null}));
        assert_eq!((&shown["success"], &shown["class_name"]), (&json!(true), &json!("Spinning")));
        assert_eq!((&shown["session"]["id"], shown["message"].is_string()), (&json!(first.id), true));
        assert_eq!(instant(shown["session"]["start_time"].as_str().unwrap()), first.start_time);
        // the platform's administrators need no membership, and staff are members too
        let root = app.world.super_admin("root").await;
        show(&app, &root, gym.id, &code(&tom), None).await.expect(200);
        // somebody from elsewhere is for staff alone to ask about
        let far = app.world.user("far").await;
        assert_eq!(show(&app, &ana, gym.id, &code(&far), None).await.outcome(), (403, "not_allowed".into()));
    }

    /// Edge case 7.
    async fn att_6_the_member_must_belong_here_and_be_active(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let there = cast_in(&app, "there", "UTC", 5).await;
        app.world.session(&spin, &tom, in_minutes(5)).await;
        let foreign = show(&app, &tom, gym.id, &code(&there.ana), None).await;
        assert_eq!(foreign.outcome(), (400, "not_a_member".into()));
        let lapsed = app.world.member(&gym, "lapsed").await;
        sql(t, &format!("UPDATE user_gyms SET is_active = false WHERE user_id = {}", lapsed.id)).await;
        for by in [&tom, &lapsed] {
            let answer = show(&app, by, gym.id, &code(&lapsed), None).await;
            assert_eq!(answer.outcome(), (400, "membership_inactive".into()));
        }
        let ends = async |at: DateTime<Utc>| {
            let at = at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
            sql(t, &format!("UPDATE user_gyms SET membership_expires_at = '{at}' WHERE user_id = {}", ana.id)).await;
        };
        ends(in_minutes(-1)).await;
        assert_eq!(show(&app, &tom, gym.id, &code(&ana), None).await.outcome(), (400, "membership_inactive".into()));
        ends(in_minutes(5)).await;
        show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
        let off = app.world.member(&gym, "off").await;
        sql(t, &format!("UPDATE users SET is_active = false WHERE id = {}", off.id)).await;
        assert_eq!(show(&app, &tom, gym.id, &code(&off), None).await.outcome(), (400, "membership_inactive".into()));
    }

    /// Edge case 1.
    async fn att_7_the_window_is_half_an_hour_each_way_both_ends_included(t: TestDb) {
        let start = time::now();
        for (seconds, inside) in [(-1801, false), (-1800, true), (1800, true), (1801, false)] {
            let (app, _) = at(t, start + TimeDelta::seconds(seconds)).await;
            let Cast { gym, tom, ana, spin } = cast_in(&app, &format!("gym{}", seconds + 5000), "UTC", 5).await;
            let session = app.world.session(&spin, &tom, start).await;
            let ben = app.world.member(&gym, &format!("ben{}", seconds + 5000)).await;
            let nearest = show(&app, &tom, gym.id, &code(&ana), None).await;
            let named = show(&app, &tom, gym.id, &code(&ben), Some(session.id)).await;
            if inside {
                assert_eq!((nearest.status.as_u16(), named.status.as_u16()), (200, 200), "{seconds}");
            } else {
                assert_eq!(nearest.outcome(), (400, "no_session".into()), "{seconds}");
                assert_eq!(named.outcome(), (400, "out_of_window".into()), "{seconds}");
            }
        }
    }

    /// Edge case 4.
    async fn att_7_midnights_and_changes_of_the_clock_are_nothing_to_it(t: TestDb) {
        for (n, (zone, start, now)) in [
            ("Europe/Madrid", "2026-02-10T22:50:00Z", "2026-02-10T23:10:00Z"), // 23:50, and 00:10 the day after
            ("Europe/Madrid", "2026-03-29T00:50:00Z", "2026-03-29T01:15:00Z"), // 01:50, and 03:15 summer time
            ("Europe/Madrid", "2026-10-25T00:40:00Z", "2026-10-25T01:05:00Z"), // 02:40, and 02:05 winter time
            ("Pacific/Tongatapu", "2026-02-10T10:45:00Z", "2026-02-10T11:05:00Z"), // UTC+13, over midnight
            ("UTC", "2026-12-31T23:45:00Z", "2027-01-01T00:10:00Z"),
        ]
        .into_iter()
        .enumerate()
        {
            let (app, _) = at(t, instant(now)).await;
            let Cast { gym, tom, ana, spin } = cast_in(&app, &format!("zone{n}"), zone, 5).await;
            let session = app.world.session(&spin, &tom, instant(start)).await;
            let answer = show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
            assert_eq!(answer["session"]["id"], json!(session.id), "{zone} {start}");
        }
    }

    /// Edge case 2.
    async fn att_8_the_nearest_is_taken_and_of_two_the_booked_one(t: TestDb) {
        let now = time::now();
        let (app, _) = at(t, now).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let minutes = async |n: i64| app.world.session(&spin, &tom, now + TimeDelta::minutes(n)).await;
        let (earlier, later, also_later) = (minutes(-10).await, minutes(10).await, minutes(10).await);
        minutes(-25).await;
        minutes(20).await;
        let chosen = async |who| show(&app, &tom, gym.id, &code(who), None).await.expect(200)["session"]["id"].clone();
        assert_eq!(chosen(&ana).await, json!(earlier.id));
        let ben = app.world.member(&gym, "ben").await;
        app.world.booking(&also_later, ben.id, P::Registered).await;
        assert_eq!(chosen(&ben).await, json!(also_later.id));
        // a booking that was given up is none
        let cara = app.world.member(&gym, "cara").await;
        app.world.booking(&also_later, cara.id, P::Cancelled).await;
        assert_eq!(chosen(&cara).await, json!(earlier.id));
        let off = async |id| {
            sql(t, &format!("UPDATE class_session SET status = 'cancelled' WHERE id = {id}")).await;
        };
        off(earlier.id).await;
        let dan = app.world.member(&gym, "dan").await;
        assert_eq!(chosen(&dan).await, json!(later.id), "the smaller id of two at one time");
    }

    /// Edge case 3.
    async fn att_8_att_9_sessions_of_other_gyms_and_cancelled_ones_are_none(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let there = cast_in(&app, "there", "UTC", 5).await;
        let foreign = app.world.session(&there.spin, &there.tom, in_minutes(1)).await;
        assert_eq!(show(&app, &tom, gym.id, &code(&ana), None).await.outcome(), (400, "no_session".into()));
        let off = app.world.session_with(&spin, &tom, in_minutes(2), |s| s.status = SessionStatus::Cancelled).await;
        assert_eq!(show(&app, &tom, gym.id, &code(&ana), None).await.outcome(), (400, "no_session".into()));
        for (session, refusal) in [
            (foreign.id, "session_not_found"),
            (domain::SessionId(987_654), "session_not_found"),
            (domain::SessionId(-1), "session_not_found"),
            (off.id, "session_cancelled"),
        ] {
            let answer = show(&app, &tom, gym.id, &code(&ana), Some(session)).await;
            assert_eq!(answer.outcome(), (400, refusal.to_owned()));
        }
        let far = app.world.session(&spin, &tom, in_minutes(25)).await;
        let answer = show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
        assert_eq!(answer["session"]["id"], json!(far.id));
    }

    async fn att_16_sessions_are_looked_for_by_their_instant(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        // more than a hundred others, earlier in the day, and lists of them in the cache or not
        for n in 0..110 {
            app.world.session(&spin, &tom, in_minutes(-31 - n)).await;
        }
        assert_eq!(show(&app, &tom, gym.id, &code(&ana), None).await.outcome(), (400, "no_session".into()));
        let session = app.world.session(&spin, &tom, in_minutes(29)).await;
        let answer = show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
        assert_eq!(answer["session"]["id"], json!(session.id));
    }

    async fn att_5_whoever_is_staff_elsewhere_is_a_member_here(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        app.world.session(&spin, &tom, in_minutes(5)).await;
        let there = cast_in(&app, "there", "UTC", 5).await;
        app.world.join(gym.id, there.tom.id, GymRole::Member).await;
        let answer = show(&app, &there.tom, gym.id, &code(&ana), None).await;
        assert_eq!(answer.outcome(), (403, "not_allowed".into()));
    }
}

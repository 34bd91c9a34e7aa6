//! Who was there, as staff mark it, and who was not, as the clock does.
use super::cast::*;
use chrono::TimeDelta;
use domain::{
    UserId,
    schedule::{participation::ParticipationStatus as P, session::SessionStatus},
};
use futures::future::join_all;
use ports::FixedClock;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

async fn stands(app: &App, c: &Cast, member: UserId) -> P {
    bookings(app, c.gym.id).await.iter().find(|row| row.member_id == member).unwrap().status
}

both! {
    async fn sch_85_attended_is_marked_once_and_keeps_its_time(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 2, 20).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let by_member = mark(&app, &c.ana, "attendance", &c.session, c.ana.id).await;
        assert_eq!(by_member.outcome(), (403, "role_too_low".into()));
        let first = mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        assert_eq!(first["status"], "attended");
        assert!(first["attendance_time"].is_string());
        let again = mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        assert_eq!(again, first);
        assert_eq!(attendance_changes(t).await, [c.ana.id], "only what changed is told");
    }

    async fn sch_85_what_stands_against_attended(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 2, 40).await;
        let ben = app.world.member(&c.gym, "ben").await;
        let attended = async |session: &domain::schedule::session::Model, member| mark(&app, &c.tom, "attendance", session, member).await.outcome();
        assert_eq!(attended(&c.session, ben.id).await, (404, "booking_not_found".into()));
        book(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(attended(&c.session, c.ana.id).await, (400, "too_early".into()));
        cancel(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(attended(&c.session, c.ana.id).await, (400, "booking_cancelled".into()));
        let off = app.world.session_with(&c.spin, &c.tom, in_minutes(0), |s| s.status = SessionStatus::Cancelled).await;
        app.world.booking(&off, c.ana.id, P::NoShow).await;
        assert_eq!(attended(&off, c.ana.id).await, (400, "session_cancelled".into()));
        assert_eq!(attendance_changes(t).await, []);
    }

    /// Half an hour before the start, to the second.
    async fn sch_85_from_half_an_hour_before_the_start(t: TestDb) {
        let clock = FixedClock::new(in_minutes(0));
        let app = App::with(t, |a| a.core.clock = Arc::new(clock.clone())).await;
        let c = cast(&app, 2, 90).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        clock.advance(c.session.start_time - TimeDelta::seconds(1801) - ports::Clock::now(&clock));
        assert_eq!(mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.outcome(), (400, "too_early".into()));
        clock.advance(TimeDelta::seconds(1));
        mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        clock.advance(TimeDelta::minutes(29));
        assert_eq!(mark(&app, &c.tom, "mark-no-show", &c.session, c.ana.id).await.outcome(), (400, "session_not_started".into()));
        clock.advance(TimeDelta::minutes(1));
        mark(&app, &c.tom, "mark-no-show", &c.session, c.ana.id).await.expect(200);
    }

    /// Edge case 17.
    async fn sch_86_absence_corrects_attendance_and_the_other_way_round(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, -5).await;
        app.world.booking(&c.session, c.ana.id, P::Registered).await;
        mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        let missed = mark(&app, &c.tom, "mark-no-show", &c.session, c.ana.id).await.expect(200);
        assert_eq!((&missed["status"], &missed["attendance_time"]), (&json!("no_show"), &Value::Null));
        assert_eq!(mark(&app, &c.tom, "mark-no-show", &c.session, c.ana.id).await.expect(200), missed);
        assert_eq!(seats_taken(&app, &c.session).await, 0);
        mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        assert_eq!(seats_taken(&app, &c.session).await, 1);
        assert_eq!(attendance_changes(t).await, [c.ana.id; 3]);
        let stranger = mark(&app, &c.tom, "mark-no-show", &c.session, c.tom.id).await;
        assert_eq!(stranger.outcome(), (404, "booking_not_found".into()));
        let over = app.world.session(&c.spin, &c.tom, in_minutes(-6)).await;
        app.world.booking(&over, c.ana.id, P::Cancelled).await;
        let cancelled = mark(&app, &c.tom, "mark-no-show", &over, c.ana.id).await;
        assert_eq!(cancelled.outcome(), (400, "booking_cancelled".into()));
    }

    /// A seat that an absence gave up may be somebody else's by now.
    async fn sch_62_sch_85_a_no_show_is_not_seated_beyond_the_seats_there_are(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, -5).await;
        let ben = app.world.member(&c.gym, "ben").await;
        app.world.booking(&c.session, c.ana.id, P::Registered).await;
        mark(&app, &c.tom, "mark-no-show", &c.session, c.ana.id).await.expect(200);
        app.world.booking(&c.session, ben.id, P::Attended).await;
        assert_eq!(mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.outcome(), (400, "session_full".into()));
        assert_eq!((stands(&app, &c, c.ana.id).await, seats_taken(&app, &c.session).await), (P::NoShow, 1));
    }

    /// Edge case 6.
    async fn sch_61_sch_63_who_was_there_early_keeps_the_seat(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 20).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        let ben = app.world.member(&c.gym, "ben").await;
        assert_eq!(seats_taken(&app, &c.session).await, 1);
        assert_eq!(book(&app, &ben, &c.session).await.outcome(), (400, "session_full".into()));
        assert_eq!(cancel(&app, &c.ana, &c.session).await.outcome(), (400, "attendance_recorded".into()));
        wait(&app, &ben, &c.session).await.expect(201);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    /// Edge case 17: marks and a cancellation meet, and one after the other counts.
    async fn sch_88_a_mark_goes_from_the_state_it_saw(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, 10).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let marks = join_all((0..6).map(|_| mark(&app, &c.tom, "attendance", &c.session, c.ana.id)));
        let (marks, gone) = futures::join!(marks, cancel(&app, &c.ana, &c.session));
        let times: Vec<_> = marks.iter().filter(|m| m.status == 200).map(|m| m.json()["attendance_time"].clone()).collect();
        assert!(times.windows(2).all(|pair| pair[0] == pair[1]), "{times:?}");
        if gone.status == 200 {
            assert!(times.is_empty());
            assert!(marks.iter().all(|m| m.outcome() == (400, "booking_cancelled".into())));
            assert_eq!((stands(&app, &c, c.ana.id).await, attendance_changes(t).await), (P::Cancelled, vec![]));
        } else {
            assert_eq!((gone.outcome(), times.len()), ((400, "attendance_recorded".into()), 6));
            assert_eq!((stands(&app, &c, c.ana.id).await, attendance_changes(t).await), (P::Attended, vec![c.ana.id]));
        }
        let missed = join_all((0..4).map(|n| mark(&app, &c.tom, if n % 2 == 0 { "attendance" } else { "mark-no-show" }, &c.session, c.ana.id))).await;
        assert!(missed.iter().map(Answer::outcome).all(|(status, _)| matches!(status, 200 | 400)));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn sch_87_a_mark_is_seen_at_once(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 2, 10).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let status = format!("my-participation-status?start_date=2020-01-01&end_date=2020-01-02&session_ids={}", c.session.id);
        let seen = async || see(&app, &c.ana, c.gym.id, &status).await["participations"][0]["status"].clone();
        assert_eq!(seen().await, "registered");
        mark(&app, &c.tom, "attendance", &c.session, c.ana.id).await.expect(200);
        assert_eq!(seen().await, "attended");
        let classes = see(&app, &c.ana, c.gym.id, "my-classes").await;
        assert_eq!(classes, json!([]), "what is attended is not to come");
    }

    async fn sch_89_an_hour_after_the_end_who_was_not_seen_was_not_there(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9, -121).await;
        let other = app.world.gym("other").await;
        let far = app.world.member(&other, "far").await;
        let quiet = app.world.session_with(&app.world.class(&other).await, &far, in_minutes(-300), |s| s.status = SessionStatus::Completed).await;
        app.world.booking(&quiet, far.id, P::Registered).await;
        c.decide(&app, |s| s.auto_no_show = true).await;
        let people = c.members(&app, &["seen", "off", "late"]).await;
        let soon = app.world.session_with(&c.spin, &c.tom, in_minutes(-119), |s| s.status = SessionStatus::Completed).await;
        let old = app.world.session_with(&c.spin, &c.tom, in_minutes(-32 * 24 * 60), |s| s.status = SessionStatus::Completed).await;
        let running = app.world.session_with(&c.spin, &c.tom, in_minutes(-300), |s| s.status = SessionStatus::InProgress).await;
        set_status(&app, &c.session, SessionStatus::Completed).await;
        for session in [&c.session, &soon, &old, &running] {
            app.world.booking(session, c.ana.id, P::Registered).await;
        }
        app.world.booking(&c.session, people[0].id, P::Attended).await;
        app.world.booking(&c.session, people[1].id, P::Cancelled).await;
        // more sessions than are looked at together
        for n in 0..25 {
            let more = app.world.session_with(&c.spin, &c.tom, in_minutes(-200 - n), |s| s.status = SessionStatus::Completed).await;
            app.world.booking(&more, people[2].id, P::Registered).await;
        }
        let core = &app.services.core;
        app.services.scheduler().register().await.unwrap();
        for _ in 0..2 {
            assert!(core.stores.jobs.trigger(&core.db, "auto_no_show").await.unwrap());
            app.services.scheduler().run_due().await.unwrap();
        }
        let rows = bookings(&app, c.gym.id).await;
        let of = |session: &domain::schedule::session::Model, member| {
            rows.iter().find(|r| (r.session_id, r.member_id) == (session.id, member)).unwrap().status
        };
        assert_eq!(
            [of(&c.session, c.ana.id), of(&soon, c.ana.id), of(&old, c.ana.id), of(&running, c.ana.id)],
            [P::NoShow, P::Registered, P::Registered, P::Registered]
        );
        assert_eq!((of(&c.session, people[0].id), of(&c.session, people[1].id)), (P::Attended, P::Cancelled));
        assert!(rows.iter().filter(|r| r.member_id == people[2].id).all(|r| r.status == P::NoShow));
        assert_eq!(bookings(&app, other.id).await[0].status, P::Registered);
        assert_eq!(seats_taken(&app, &c.session).await, 1);
        let told = attendance_changes(t).await;
        assert_eq!(told.iter().filter(|user| **user == c.ana.id).count(), 1);
        assert!((1..=25).contains(&told.iter().filter(|user| **user == people[2].id).count()));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }
}

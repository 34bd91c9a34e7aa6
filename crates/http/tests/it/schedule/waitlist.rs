//! Who waits, in which order, and who gets the seat.
use super::cast::*;
use chrono::TimeDelta;
use domain::{
    identity::GymRole,
    schedule::{
        participation::ParticipationStatus as P,
        session::SessionStatus,
        waitlist::WaitlistStatus::{Cancelled, Expired, Promoted, Waiting},
    },
};
use futures::future::join_all;
use ports::{Clock, FixedClock};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

fn outcomes(answers: &[Answer]) -> Vec<(u16, String)> {
    let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
    outcomes.sort();
    outcomes
}

both! {
    async fn sch_80_sch_82_a_full_session_is_waited_for_by_a_call_of_its_own(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        assert_eq!(wait(&app, &c.ana, &c.session).await.outcome(), (400, "seats_available".into()));
        let ben = app.world.member(&c.gym, "ben").await;
        book(&app, &ben, &c.session).await.expect(200);
        assert_eq!(book(&app, &c.ana, &c.session).await.outcome(), (400, "session_full".into()));
        assert_eq!(queue(&app, &c.session).await, [], "a refused booking waits for nothing");
        let entry = wait(&app, &c.ana, &c.session).await.expect(201);
        assert_eq!(
            (&entry["session_id"], &entry["member_id"], &entry["status"], &entry["position"], &entry["resolved_at"]),
            (&json!(c.session.id), &json!(c.ana.id), &json!("waiting"), &json!(1), &Value::Null)
        );
        let again = wait(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(again, entry);
        assert_eq!(wait(&app, &ben, &c.session).await.outcome(), (400, "already_registered".into()));
    }

    async fn sch_80_what_stands_against_waiting(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        c.decide(&app, |s| { s.waitlist_cutoff_minutes = 60; s.waitlist_max_size = 1 }).await;
        let ben = app.world.member(&c.gym, "ben").await;
        let full = async |minutes| {
            let session = app.world.session(&c.spin, &c.tom, in_minutes(minutes)).await;
            app.world.booking(&session, c.tom.id, P::Registered).await;
            session
        };
        let (near, begun, off, missed, queued) = (full(59).await, full(-5).await, full(200).await, full(201).await, full(202).await);
        set_status(&app, &off, SessionStatus::Cancelled).await;
        app.world.booking(&missed, c.ana.id, P::NoShow).await;
        wait(&app, &ben, &queued).await.expect(201);
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        let foreign = app.world.session(&app.world.class(&there).await, &far, in_minutes(60)).await;
        for (session, outcome) in [
            (foreign.id, (404, "session_not_found")),
            (off.id, (400, "session_not_open")),
            (near.id, (400, "waitlist_closed")),
            (begun.id, (400, "waitlist_closed")),
            (missed.id, (400, "already_registered")),
            (queued.id, (400, "waitlist_full")),
        ] {
            let answer = act(&app, &c.ana, c.gym.id, &format!("waitlist/{session}")).await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()));
        }
        sql(t, "UPDATE gym_schedule_settings SET waitlist_enabled = FALSE".into()).await;
        assert_eq!(wait(&app, &c.ana, &queued).await.outcome(), (400, "waitlist_disabled".into()));
        let root = app.world.super_admin("root").await;
        assert_eq!(wait(&app, &root, &queued).await.outcome(), (404, "member_not_found".into()));
    }

    async fn sch_80_one_place_however_often_one_clicks_and_no_more_places_than_there_are(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        c.decide(&app, |s| s.waitlist_max_size = 3).await;
        book(&app, &c.tom, &c.session).await.expect(200);
        let clicks = join_all((0..8).map(|_| wait(&app, &c.ana, &c.session))).await;
        let clicks = outcomes(&clicks);
        assert_eq!(clicks.iter().filter(|o| o.0 == 201).count(), 1, "{clicks:?}");
        assert_eq!(clicks.iter().filter(|o| o.0 == 200).count(), 7, "{clicks:?}");
        let more = c.members(&app, &["a", "b", "c", "d", "e", "f"]).await;
        let answers = join_all(more.iter().map(|m| wait(&app, m, &c.session))).await;
        let answers = outcomes(&answers);
        assert_eq!(answers.iter().filter(|o| o.0 == 201).count(), 2, "{answers:?}");
        assert!(answers[2..].iter().all(|o| *o == (400, "waitlist_full".into())), "{answers:?}");
    }

    async fn sch_81_places_are_counted_from_the_front_and_who_comes_back_stands_at_the_end(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        let other = app.world.session(&c.spin, &c.tom, in_minutes(130)).await;
        for session in [&c.session, &other] {
            book(&app, &c.tom, session).await.expect(200);
        }
        let people = c.members(&app, &["one", "two", "three"]).await;
        wait(&app, &people[2], &other).await.expect(201);
        for (n, member) in people.iter().enumerate() {
            assert_eq!(wait(&app, member, &c.session).await.expect(201)["position"], json!(n + 1));
        }
        wait_no_more(&app, &people[0], &c.session).await.expect(204);
        assert_eq!(wait(&app, &people[0], &c.session).await.expect(201)["position"], 3);
        assert_eq!(wait(&app, &people[1], &c.session).await.expect(200)["position"], 1);
        let list = see(&app, &c.tom, c.gym.id, &format!("waitlist/{}", c.session.id)).await;
        let line = |e: &Value| (e["member_id"].as_i64().unwrap(), e["position"].as_i64().unwrap());
        let lines: Vec<_> = list.as_array().unwrap().iter().map(line).collect();
        assert_eq!(lines, [(people[1].id.0, 1), (people[2].id.0, 2), (people[0].id.0, 3)]);
        let second = see(&app, &c.tom, c.gym.id, &format!("waitlist/{}?skip=1&limit=1", c.session.id)).await;
        assert_eq!((second.as_array().unwrap().len(), line(&second[0])), (1, (people[2].id.0, 2)));
        let own = see(&app, &people[2], c.gym.id, "my-waitlist").await;
        let own: Vec<_> = own.as_array().unwrap().iter().map(|e| (e["session_id"].clone(), e["position"].clone())).collect();
        assert_eq!(own, [(json!(other.id), json!(1)), (json!(c.session.id), json!(2))]);
        let mine = see(&app, &c.tom, c.gym.id, "my-waitlist").await;
        assert_eq!(mine, json!([]));
        let members = app.get(&format!("{PART}/waitlist/{}", c.session.id)).by(&people[0]).at(c.gym.id).send().await;
        assert_eq!(members.outcome(), (403, "role_too_low".into()));
    }

    async fn sch_81_who_does_not_wait_cannot_leave_the_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        assert_eq!(wait_no_more(&app, &c.ana, &c.session).await.outcome(), (404, "not_waiting".into()));
        book(&app, &c.tom, &c.session).await.expect(200);
        wait(&app, &c.ana, &c.session).await.expect(201);
        let twice = outcomes(&join_all((0..4).map(|_| wait_no_more(&app, &c.ana, &c.session))).await);
        assert_eq!(twice[0].0, 204, "{twice:?}");
        assert!(twice[1..].iter().all(|o| *o == (404, "not_waiting".into())), "{twice:?}");
        cancel(&app, &c.tom, &c.session).await.expect(200);
        assert_eq!((queue(&app, &c.session).await, seats_taken(&app, &c.session).await), (vec![(c.ana.id, Cancelled)], 0));
    }

    /// Edge case 3.
    async fn sch_83_the_first_in_the_queue_gets_the_seat_and_hears_of_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let people = c.members(&app, &["one", "two", "three"]).await;
        for member in &people {
            wait(&app, member, &c.session).await.expect(201);
        }
        // the second and the third asked at the same moment: the smaller id goes first
        sql(t, "UPDATE class_waitlist_entry SET joined_at = '2026-01-01 00:00:00+00:00'".into()).await;
        cancel(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(
            queue(&app, &c.session).await,
            [(people[0].id, Promoted), (people[1].id, Waiting), (people[2].id, Waiting)]
        );
        assert_eq!(told(t, "waitlist_promoted").await, [(c.session.id.0, people[0].id.0)]);
        let classes = see(&app, &people[0], c.gym.id, "my-classes").await;
        assert_eq!(classes[0]["participation"]["status"], "registered");
        // from here on it is a booking like any other
        cancel(&app, &people[0], &c.session).await.expect(200);
        assert_eq!(told(t, "waitlist_promoted").await.len(), 2);
        assert_eq!(wait(&app, &people[0], &c.session).await.expect(201)["position"], 2);
        cancel(&app, &people[1], &c.session).await.expect(200);
        cancel(&app, &people[2], &c.session).await.expect(200);
        let rows = bookings(&app, c.gym.id).await;
        let back: Vec<_> = rows.iter().filter(|row| row.member_id == people[0].id).collect();
        assert_eq!((back.len(), back[0].status, back[0].cancellation_time), (1, P::Registered, None), "the row is taken up again");
        assert_eq!(seats_taken(&app, &c.session).await, 1);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    /// Edge case 4.
    async fn sch_83_who_left_the_gym_is_passed_over(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let people = c.members(&app, &["one", "two"]).await;
        for member in &people {
            wait(&app, member, &c.session).await.expect(201);
        }
        // as an import would: without what follows from leaving
        sql(t, format!("DELETE FROM user_gyms WHERE user_id = {}", people[0].id)).await;
        cancel(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await, [(people[0].id, Expired), (people[1].id, Promoted)]);
    }

    /// Edge case 4.
    async fn sch_83_nobody_is_promoted_within_the_cut_off_or_after_the_start(t: TestDb) {
        let clock = FixedClock::new(in_minutes(0));
        let app = App::with(t, |a| a.core.clock = Arc::new(clock.clone())).await;
        let c = cast(&app, 2, 120).await;
        c.decide(&app, |s| s.waitlist_cutoff_minutes = 60).await;
        let people = c.members(&app, &["one", "two"]).await;
        for member in [&c.tom, &c.ana] {
            book(&app, member, &c.session).await.expect(200);
        }
        for member in &people {
            wait(&app, member, &c.session).await.expect(201);
        }
        let closes = c.session.start_time - TimeDelta::minutes(60);
        clock.advance(closes - TimeDelta::seconds(1) - clock.now());
        cancel(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await, [(people[0].id, Promoted), (people[1].id, Waiting)]);
        clock.advance(TimeDelta::seconds(1));
        cancel(&app, &c.tom, &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await[1], (people[1].id, Waiting));
        // the seat is there for whoever books it
        book(&app, &people[1], &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await[1], (people[1].id, Promoted));
        clock.advance(TimeDelta::minutes(61));
        app.world.waiting(&c.session, c.ana.id).await;
        let by_staff = act(&app, &c.tom, c.gym.id, &format!("cancel-registration/{}/{}", c.session.id, people[1].id)).await;
        by_staff.expect(200);
        assert_eq!((queue(&app, &c.session).await[2], seats_taken(&app, &c.session).await), ((c.ana.id, Waiting), 1));
    }

    /// Edge case 5.
    async fn sch_52_sch_83_more_seats_promote_as_many_and_fewer_evict_nobody(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        let core = &app.services.core;
        book(&app, &c.ana, &c.session).await.expect(200);
        let people = c.members(&app, &["one", "two", "three"]).await;
        for member in &people {
            wait(&app, member, &c.session).await.expect(201);
        }
        core.stage_seats(c.gym.id, c.session.id, Some(3)).await.unwrap();
        assert_eq!(
            queue(&app, &c.session).await,
            [(people[0].id, Promoted), (people[1].id, Promoted), (people[2].id, Waiting)]
        );
        assert_eq!(seats_taken(&app, &c.session).await, 3);
        core.stage_seats(c.gym.id, c.session.id, Some(1)).await.unwrap();
        assert_eq!(seats_taken(&app, &c.session).await, 3);
        let simple = see(&app, &c.ana, c.gym.id, "my-classes-simple").await;
        assert_eq!((&simple[0]["current_participants"], &simple[0]["max_capacity"]), (&json!(3), &json!(1)));
        // two give their seats back, and there is none free yet
        cancel(&app, &c.ana, &c.session).await.expect(200);
        cancel(&app, &people[0], &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await[2], (people[2].id, Waiting));
        assert_eq!(book(&app, &c.ana, &c.session).await.outcome(), (400, "session_full".into()));
        cancel(&app, &people[1], &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await[2], (people[2].id, Promoted));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn sch_43_more_seats_of_a_class_promote_in_its_sessions(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        let own = app.world.session_with(&c.spin, &c.tom, in_minutes(130), |s| s.override_capacity = Some(1)).await;
        let later = app.world.session(&c.spin, &c.tom, in_minutes(140)).await;
        for session in [&c.session, &own, &later] {
            book(&app, &c.tom, session).await.expect(200);
            wait(&app, &c.ana, session).await.expect(201);
        }
        app.services.core.stage_class_seats(c.gym.id, c.spin.id, 2).await.unwrap();
        let mut stands = Vec::new();
        for session in [&c.session, &own, &later] {
            stands.push(queue(&app, session).await[0].1);
        }
        assert_eq!(stands, [Promoted, Waiting, Promoted]);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn sch_84_the_queue_ends_with_the_session(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let ben = app.world.member(&c.gym, "ben").await;
        wait(&app, &ben, &c.session).await.expect(201);
        app.services.core.stage_cancellation(c.gym.id, c.session.id).await.unwrap();
        assert_eq!(queue(&app, &c.session).await, [(ben.id, Cancelled)]);
        let mut heard = told(t, "session_cancelled").await;
        heard.sort();
        assert_eq!(heard, [(c.session.id.0, c.ana.id.0), (c.session.id.0, ben.id.0)]);
        assert_eq!(see(&app, &ben, c.gym.id, "my-waitlist").await, json!([]));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    /// What promotes when nothing else does: the clock.
    async fn sch_74_sch_83_who_may_book_again_is_promoted_by_the_clock(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        c.decide(&app, |s| s.require_active_membership = true).await;
        book(&app, &c.tom, &c.session).await.expect(200);
        wait(&app, &c.ana, &c.session).await.expect(201);
        let access = async |end: &str| sql(t, format!("UPDATE user_gyms SET membership_expires_at = '{end} 00:00:00+00:00' WHERE user_id = {}", c.ana.id)).await;
        let sweep = async || {
            let core = &app.services.core;
            app.services.scheduler().register().await.unwrap();
            assert!(core.stores.jobs.trigger(&core.db, "waitlist_sweep").await.unwrap());
            app.services.scheduler().run_due().await.unwrap();
        };
        access("2020-01-01").await;
        cancel(&app, &c.tom, &c.session).await.expect(200);
        sweep().await;
        assert_eq!((queue(&app, &c.session).await, broken(t).await), (vec![(c.ana.id, Waiting)], vec![]));
        access("2099-01-01").await;
        assert_eq!(broken(t).await.len(), 1);
        sweep().await;
        assert_eq!(queue(&app, &c.session).await, [(c.ana.id, Promoted)]);
        assert_eq!(told(t, "waitlist_promoted").await, [(c.session.id.0, c.ana.id.0)]);
        assert_eq!((seats_taken(&app, &c.session).await, broken(t).await), (1, vec![]));
    }
}

//! Sessions that end before their time: cancelled, removed, begun by staff.
use super::sessions::{SESSIONS, book, booking_of, cast, ids, members};
use domain::schedule::{participation::ParticipationStatus as P, session::SessionStatus};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{app::App, both, schedule::in_minutes};

both! {
    /// Edge case 14.
    async fn sch_54_sch_84_a_cancelled_session_ends_with_its_bookings_and_its_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 2).await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        let booked = members(&app, &c.gym, "b", 2).await;
        for member in &booked {
            book(&app, member, &session).await.expect(200);
        }
        app.world.waiting(&session, c.ana.id).await;
        let answer = c.cancel(&app, &session).await.expect(200);
        assert_eq!((&answer["status"], &answer["current_participants"]), (&json!("cancelled"), &json!(0)));
        let record = app.get(&format!("{SESSIONS}/{}/cancellations", session.id)).by(&c.tom).at(c.gym.id).send().await.expect(200);
        let record = record.as_array().unwrap();
        assert_eq!(record.len(), 2);
        for line in record {
            assert_eq!((&line["actor"], &line["is_late"], &line["cancelled_by"]), (&json!("system"), &json!(false), &Value::Null));
            assert_eq!(line["reason"], "session_cancelled");
        }
        for member in &booked {
            assert_eq!(booking_of(&app, &session, member.id).await, Some(P::Cancelled));
        }
        // twice is as once
        assert_eq!(c.cancel(&app, &session).await.expect(200)["status"], "cancelled");
        assert_eq!(c.put(&app, &session, json!({"status": "cancelled"})).await.expect(200)["status"], "cancelled");
        app.deliver_effects().await;
        let mut everybody = ids(&booked);
        everybody.push(c.ana.id);
        everybody.sort();
        assert_eq!(app.pushes.told("session_cancelled"), everybody);
        assert_eq!(app.pushes.sent().len(), 1);
        let over = app.world.session_with(&c.spin, &c.tom, in_minutes(-120), |s| s.status = SessionStatus::Completed).await;
        assert_eq!(c.cancel(&app, &over).await.outcome(), (400, "session_completed".into()));
        assert_eq!(c.put(&app, &over, json!({"status": "cancelled"})).await.outcome(), (400, "status_change_not_allowed".into()));
        // nobody waits for it any more, and nobody books it
        let details = c.get(&app, &format!("{SESSIONS}/{}", session.id)).await;
        assert_eq!((&details["waitlist_count"], &details["registered_count"]), (&json!(0), &json!(0)));
        assert_eq!(book(&app, &c.ana, &session).await.outcome(), (400, "session_not_open".into()));
    }

    async fn sch_84_who_waits_for_what_staff_begin_waits_no_longer(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 1).await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(1)).await;
        app.world.booking(&session, c.tom.id, P::Attended).await;
        app.world.waiting(&session, c.ana.id).await;
        c.put(&app, &session, json!({"status": "in_progress"})).await.expect(200);
        let details = c.get(&app, &format!("{SESSIONS}/{}", session.id)).await;
        assert_eq!((&details["session"]["status"], &details["waitlist_count"]), (&json!("in_progress"), &json!(0)));
        assert_eq!(booking_of(&app, &session, c.ana.id).await, None);
    }

    /// Edge case 15.
    async fn sch_55_what_nobody_ever_booked_is_removed_and_the_rest_cancelled(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 2).await;
        let core = &app.services.core;
        let unused = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        assert_eq!(app.delete(&format!("{SESSIONS}/{}", unused.id)).by(&c.tom).at(c.gym.id).send().await.outcome(), (403, "role_too_low".into()));
        assert_eq!(c.delete(&app, &unused).await.expect(200)["id"], json!(unused.id));
        assert!(core.stores.sessions.get(&core.db, c.gym.id, unused.id).await.unwrap().is_none());
        assert_eq!(c.delete(&app, &unused).await.outcome(), (404, "session_not_found".into()));
        let used = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        book(&app, &c.ana, &used).await.expect(200);
        assert_eq!(c.delete(&app, &used).await.expect(200)["status"], "cancelled");
        assert_eq!(booking_of(&app, &used, c.ana.id).await, Some(P::Cancelled));
        // it stays, as the record of its bookings does
        assert_eq!(c.delete(&app, &used).await.expect(200)["status"], "cancelled");
        let queued = app.world.session(&c.spin, &c.tom, in_minutes(200)).await;
        app.world.waiting(&queued, c.ana.id).await;
        assert_eq!(c.delete(&app, &queued).await.expect(200)["status"], "cancelled");
        let over = app.world.session_with(&c.spin, &c.tom, in_minutes(-120), |s| s.status = SessionStatus::Completed).await;
        app.world.booking(&over, c.ana.id, P::Attended).await;
        assert_eq!(c.delete(&app, &over).await.outcome(), (400, "session_completed".into()));
    }

    /// Edge case 15.
    async fn sch_55_of_a_removal_and_bookings_at_once_no_booking_is_lost(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let who = members(&app, &c.gym, "m", 4).await;
        for _ in 0..4 {
            let session = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
            let bookings = join_all(who.iter().map(|m| book(&app, m, &session)));
            let (answers, gone) = futures::join!(bookings, c.delete(&app, &session));
            let gone = gone.expect(200);
            let core = &app.services.core;
            let row = core.stores.sessions.get(&core.db, c.gym.id, session.id).await.unwrap();
            let booked = answers.iter().filter(|a| a.status == 200).count();
            match row {
                None => assert_eq!((booked, &gone["status"]), (0, &json!("scheduled"))),
                Some(row) => assert_eq!((row.status, row.current_participants, booked > 0), (SessionStatus::Cancelled, 0, true)),
            }
            for answer in &answers {
                let allowed = [(200, ""), (404, "session_not_found"), (400, "session_not_open")];
                let outcome = answer.outcome();
                assert!(allowed.contains(&(outcome.0, outcome.1.as_str())), "{outcome:?}");
            }
        }
    }
}

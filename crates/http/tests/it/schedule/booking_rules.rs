//! Who may book and cancel when, what is kept of it, and that nothing stale sells a seat.
use super::cast::*;
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    identity::GymRole,
    schedule::{
        participation::ParticipationStatus as P,
        session::{self, SessionStatus},
        waitlist::WaitlistStatus::{Promoted, Waiting},
    },
};
use ports::{
    CacheFront, Clock, FixedClock,
    cache::{Bytes, Cache, CacheError, Lookup, Ns, Version},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both, schedule::in_minutes};

/// A store that is away.
struct Down;

fn down<T>() -> Result<T, CacheError> {
    Err(CacheError::Unavailable("away".into()))
}

#[async_trait]
impl Cache for Down {
    async fn get_many(&self, _: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        down()
    }
    async fn put(&self, _: &Ns, _: &str, _: Version, _: Bytes, _: Duration) -> Result<(), CacheError> {
        down()
    }
    async fn bump(&self, _: &[&Ns]) -> Result<(), CacheError> {
        down()
    }
    async fn clear_matching(&self, _: &str) -> Result<u64, CacheError> {
        down()
    }
}

async fn cancellations(app: &App, c: &Cast, session: &session::Model) -> Vec<Value> {
    let path = format!("/api/v1/schedule/sessions/sessions/{}/cancellations", session.id);
    app.get(&path).by(&c.tom).at(c.gym.id).send().await.expect(200).as_array().unwrap().clone()
}

both! {
    async fn sch_60_sch_61_seats_are_those_of_the_session_or_of_its_class_and_every_change_counts_them(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 3, 20).await;
        let small = app.world.session_with(&c.spin, &c.tom, in_minutes(21), |s| s.override_capacity = Some(1)).await;
        let people = c.members(&app, &["one", "two", "three", "four"]).await;
        book(&app, &people[0], &small).await.expect(200);
        assert_eq!(book(&app, &people[1], &small).await.outcome(), (400, "session_full".into()));
        for member in &people[..3] {
            book(&app, member, &c.session).await.expect(200);
        }
        assert_eq!(book(&app, &people[3], &c.session).await.outcome(), (400, "session_full".into()));
        let mut counts = vec![seats_taken(&app, &c.session).await];
        mark(&app, &c.tom, "attendance", &c.session, people[0].id).await.expect(200);
        counts.push(seats_taken(&app, &c.session).await);
        cancel(&app, &people[1], &c.session).await.expect(200);
        counts.push(seats_taken(&app, &c.session).await);
        book(&app, &people[3], &c.session).await.expect(200);
        counts.push(seats_taken(&app, &c.session).await);
        assert_eq!(counts, [3, 3, 2, 3]);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn sch_70_bookings_open_so_many_hours_before(t: TestDb) {
        let clock = FixedClock::new(in_minutes(0));
        let app = App::with(t, |a| a.core.clock = Arc::new(clock.clone())).await;
        let c = cast(&app, 3, 180).await;
        c.decide(&app, |s| s.booking_opens_hours = Some(2)).await;
        clock.advance(c.session.start_time - TimeDelta::hours(2) - TimeDelta::seconds(1) - clock.now());
        assert_eq!(book(&app, &c.ana, &c.session).await.outcome(), (400, "booking_not_open".into()));
        let by_staff = act(&app, &c.tom, c.gym.id, &format!("register/{}/{}", c.session.id, c.ana.id)).await;
        assert_eq!(by_staff.outcome(), (400, "booking_not_open".into()), "SCH-73: staff have no other rules");
        clock.advance(TimeDelta::seconds(1));
        book(&app, &c.ana, &c.session).await.expect(200);
    }

    /// Edge case 2.
    async fn sch_70_sch_77_a_booking_is_one_row_and_each_cancellation_stays(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 3, 120).await;
        let first = book(&app, &c.ana, &c.session).await.expect(200);
        let reason = format!("cancel-registration/{}?reason=caf%C3%A9", c.session.id);
        act(&app, &c.ana, c.gym.id, &reason).await.expect(200);
        let again = book(&app, &c.ana, &c.session).await.expect(200);
        act(&app, &c.tom, c.gym.id, &format!("cancel-registration/{}/{}", c.session.id, c.ana.id)).await.expect(200);
        let rows = bookings(&app, c.gym.id).await;
        assert_eq!((rows.len(), rows[0].status), (1, P::Cancelled));
        assert!(again["registration_time"].as_str() > first["registration_time"].as_str());
        let kept = cancellations(&app, &c, &c.session).await;
        let line = |k: &Value| ["actor", "cancelled_by", "reason", "is_late", "participation_id", "member_id"].map(|f| k[f].clone());
        assert_eq!(
            kept.iter().map(line).collect::<Vec<_>>(),
            [
                [json!("staff"), json!(c.tom.id), json!(null), json!(false), first["id"].clone(), json!(c.ana.id)],
                [json!("member"), json!(c.ana.id), json!("café"), json!(false), first["id"].clone(), json!(c.ana.id)],
            ]
        );
        let long = format!("cancel-registration/{}?reason={}", c.session.id, "x".repeat(501));
        assert_eq!(act(&app, &c.ana, c.gym.id, &long).await.outcome(), (422, "validation_error".into()));
        let page = format!("/api/v1/schedule/sessions/sessions/{}/cancellations?skip=1&limit=1", c.session.id);
        let page = app.get(&page).by(&c.tom).at(c.gym.id).send().await.expect(200);
        assert_eq!((page.as_array().unwrap().len(), &page[0]["actor"]), (1, &json!("member")));
        let members = app.get(&format!("/api/v1/schedule/sessions/sessions/{}/cancellations", c.session.id)).by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(members.outcome(), (403, "role_too_low".into()));
    }

    async fn sch_71_who_books_a_seat_waits_no_more(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 3, 120).await;
        // where nobody may be promoted any more seats are booked directly
        c.decide(&app, |s| s.waitlist_cutoff_minutes = 121).await;
        let ben = app.world.member(&c.gym, "ben").await;
        for member in [&c.ana, &ben] {
            app.world.waiting(&c.session, member.id).await;
        }
        book(&app, &ben, &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await, [(c.ana.id, Waiting), (ben.id, Promoted)]);
        assert_eq!(told(t, "waitlist_promoted").await, [], "who books need not be told");
        assert_eq!(see(&app, &ben, c.gym.id, "my-waitlist").await, json!([]));
        assert_eq!(see(&app, &c.ana, c.gym.id, "my-waitlist").await[0]["position"], 1);
    }

    async fn sch_74_where_an_active_membership_is_asked_for_a_lapsed_one_gets_no_seat(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 2, 120).await;
        let people = c.members(&app, &["lapsed", "idle", "paid", "next"]).await;
        let (lapsed, idle, paid, next) = (&people[0], &people[1], &people[2], &people[3]);
        let change = async |what: &str, who: domain::UserId| sql(t, format!("UPDATE user_gyms SET {what} WHERE user_id = {who}")).await;
        change("membership_expires_at = '2020-01-01 00:00:00+00:00'", lapsed.id).await;
        change("is_active = FALSE", idle.id).await;
        change("membership_expires_at = '2099-01-01 00:00:00+00:00'", paid.id).await;
        // by default it is not asked for
        book(&app, lapsed, &c.session).await.expect(200);
        cancel(&app, lapsed, &c.session).await.expect(200);
        c.decide(&app, |s| s.require_active_membership = true).await;
        for member in [lapsed, idle] {
            assert_eq!(book(&app, member, &c.session).await.outcome(), (400, "membership_inactive".into()));
        }
        let by_staff = act(&app, &c.tom, c.gym.id, &format!("register/{}/{}", c.session.id, lapsed.id)).await;
        assert_eq!(by_staff.outcome(), (400, "membership_inactive".into()));
        // check 2b: before anything about the session
        let off = app.world.session_with(&c.spin, &c.tom, in_minutes(60), |s| s.status = SessionStatus::Cancelled).await;
        assert_eq!(book(&app, lapsed, &off).await.outcome(), (400, "membership_inactive".into()));
        book(&app, paid, &c.session).await.expect(200);
        // of staff nothing is asked
        change("membership_expires_at = '2020-01-01 00:00:00+00:00'", c.tom.id).await;
        book(&app, &c.tom, &c.session).await.expect(200);
        assert_eq!(wait(&app, lapsed, &c.session).await.outcome(), (400, "membership_inactive".into()));
        // who lapses while they wait keeps the place, and is passed over
        wait(&app, &c.ana, &c.session).await.expect(201);
        wait(&app, next, &c.session).await.expect(201);
        change("membership_expires_at = '2020-01-01 00:00:00+00:00'", c.ana.id).await;
        cancel(&app, paid, &c.session).await.expect(200);
        assert_eq!(queue(&app, &c.session).await, [(c.ana.id, Waiting), (next.id, Promoted)]);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn sch_75_sch_76_what_is_no_booking_cannot_be_cancelled(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5, 20).await;
        let people = c.members(&app, &["there", "missed", "gone", "never"]).await;
        for (member, status) in people.iter().zip([P::Attended, P::NoShow, P::Cancelled]) {
            app.world.booking(&c.session, member.id, status).await;
        }
        for (member, outcome) in people.iter().zip([
            (400, "attendance_recorded"),
            (400, "attendance_recorded"),
            (400, "already_cancelled"),
            (404, "booking_not_found"),
        ]) {
            assert_eq!(cancel(&app, member, &c.session).await.outcome(), (outcome.0, outcome.1.to_owned()));
            let by_staff = act(&app, &c.tom, c.gym.id, &format!("cancel-registration/{}/{}", c.session.id, member.id)).await;
            assert_eq!(by_staff.outcome(), (outcome.0, outcome.1.to_owned()));
        }
        assert_eq!(cancellations(&app, &c, &c.session).await.len(), 0);
    }

    /// Edge case 16.
    async fn sch_78_late_is_after_the_boundary_and_only_the_members_own(t: TestDb) {
        let clock = FixedClock::new(in_minutes(0));
        let app = App::with(t, |a| a.core.clock = Arc::new(clock.clone())).await;
        let c = cast(&app, 9, 180).await;
        let people = c.members(&app, &["early", "exact", "late", "staff", "never"]).await;
        for member in &people {
            book(&app, member, &c.session).await.expect(200);
        }
        c.decide(&app, |s| s.late_cancel_minutes = 60).await;
        clock.advance(c.session.start_time - TimeDelta::minutes(60) - TimeDelta::seconds(1) - clock.now());
        cancel(&app, &people[0], &c.session).await.expect(200);
        clock.advance(TimeDelta::seconds(1));
        cancel(&app, &people[1], &c.session).await.expect(200);
        clock.advance(TimeDelta::seconds(1));
        cancel(&app, &people[2], &c.session).await.expect(200);
        act(&app, &c.tom, c.gym.id, &format!("cancel-registration/{}/{}", c.session.id, people[3].id)).await.expect(200);
        sql(t, "UPDATE gym_schedule_settings SET late_cancel_minutes = 0".into()).await;
        cancel(&app, &people[4], &c.session).await.expect(200);
        let mut late: Vec<_> = cancellations(&app, &c, &c.session).await.iter().map(|k| k["is_late"].clone()).collect();
        late.reverse();
        assert_eq!(late, [json!(false), json!(false), json!(true), json!(false), json!(false)]);
    }

    /// Edge case 4.
    async fn sch_79_whose_account_is_deleted_leaves_their_seats_to_the_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        let root = app.world.super_admin("root").await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        app.world.join(there.id, c.ana.id, GymRole::Member).await;
        let abroad = app.world.session(&app.world.class(&there).await, &far, in_minutes(90)).await;
        let ben = app.world.member(&c.gym, "ben").await;
        let over = app.world.session(&c.spin, &c.tom, in_minutes(-90)).await;
        app.world.booking(&over, c.ana.id, P::Registered).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        book(&app, &c.ana, &abroad).await.expect(200);
        wait(&app, &ben, &c.session).await.expect(201);
        app.delete(&format!("/api/v1/users/admin/users/{}", c.ana.id)).by(&root).send().await.expect(200);
        assert_eq!(queue(&app, &c.session).await, [(ben.id, Promoted)]);
        assert_eq!((seats_taken(&app, &c.session).await, seats_taken(&app, &abroad).await, seats_taken(&app, &over).await), (1, 0, 1));
        let kept = cancellations(&app, &c, &c.session).await;
        assert_eq!((&kept[0]["actor"], &kept[0]["reason"], &kept[0]["cancelled_by"]), (&json!("system"), &json!("left_gym"), &Value::Null));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    /// Edge case 25.
    async fn sch_62_a_stale_cache_sells_no_seat_and_a_dead_one_keeps_none_back(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 2, 120).await;
        let people = c.members(&app, &["one", "two", "three"]).await;
        book(&app, &people[0], &c.session).await.expect(200);
        let list = async || see(&app, &people[0], c.gym.id, "my-classes-simple").await[0]["current_participants"].clone();
        assert_eq!(list().await, 1);
        // behind the cache's back: one seat less, and it is taken
        sql(t, format!("UPDATE class_session SET override_capacity = 1 WHERE id = {}", c.session.id)).await;
        assert_eq!(list().await, 1);
        assert_eq!(book(&app, &people[1], &c.session).await.outcome(), (400, "session_full".into()));
        sql(t, format!("UPDATE class_session SET override_capacity = 2 WHERE id = {}", c.session.id)).await;
        book(&app, &people[1], &c.session).await.expect(200);
        assert_eq!(list().await, 2, "a booking drops what is cached");

        let dead = App::with(t, |a| a.core.cache = Arc::new(CacheFront::new(Arc::new(Down)))).await;
        assert_eq!(book(&dead, &people[2], &c.session).await.outcome(), (400, "session_full".into()));
        wait(&dead, &people[2], &c.session).await.expect(201);
        cancel(&dead, &people[0], &c.session).await.expect(200);
        assert_eq!(see(&dead, &people[2], c.gym.id, "my-classes").await.as_array().unwrap().len(), 1);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }
}

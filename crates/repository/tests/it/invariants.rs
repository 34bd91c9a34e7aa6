//! What must hold of seats and queues is found when it does not, and nothing else is.
use domain::{
    identity::{GymRole, gym, user},
    schedule::{class, participation::ParticipationStatus as P, session},
};
use repository::{
    STATEMENTS,
    schedule::invariants::{Broken, Invariant, Severity, broken},
};
use sea_orm::ConnectionTrait;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use testkit::{both, database::TestDb, schedule::in_minutes, world::World};

struct Cast {
    world: World,
    gym: gym::Model,
    tom: user::Model,
    ana: user::Model,
    ben: user::Model,
    spin: class::Model,
}

/// Two seats a session.
async fn cast(t: &TestDb) -> Cast {
    let world = World::new(&t.db);
    let gym = world.gym("box").await;
    let tom = world.person(&gym, "tom", GymRole::Trainer).await;
    let (ana, ben) = (world.member(&gym, "ana").await, world.member(&gym, "ben").await);
    let spin = world.class_with(&gym, |c| c.max_capacity = 2).await;
    Cast { world, gym, tom, ana, ben, spin }
}

impl Cast {
    async fn session(&self, minutes: i64) -> session::Model {
        self.world.session(&self.spin, &self.tom, in_minutes(minutes)).await
    }
}

async fn sql(t: &TestDb, statement: String) {
    t.pool().execute_unprepared(&statement).await.unwrap();
}

/// What is broken, without figures.
async fn found(t: &TestDb) -> Vec<(Invariant, Severity, i64, Option<i64>)> {
    let line = |b: Broken| (b.invariant, b.severity, b.session.0, b.member.map(|m| m.0));
    broken(&t.db).await.unwrap().into_iter().map(line).collect()
}

both! {
    async fn sch_61_sch_62_sch_83_what_is_right_is_not_called_broken(t: TestDb) {
        let c = cast(t).await;
        assert_eq!(found(t).await, []);
        let full = c.session(60).await;
        c.world.booking(&full, c.ana.id, P::Registered).await;
        c.world.booking(&full, c.ben.id, P::Attended).await;
        c.world.waiting(&full, c.tom.id).await;
        // a no-show and a cancelled booking take no seat, and who left after the start keeps what they had
        let over = c.session(-60).await;
        c.world.booking(&over, c.ana.id, P::NoShow).await;
        c.world.booking(&over, c.world.user("gone").await.id, P::Registered).await;
        // one that may be waited for no more
        let shut = c.session(30).await;
        c.world.waiting(&shut, c.ana.id).await;
        sql(t, format!("UPDATE class_waitlist_entry SET status = 'promoted', resolved_at = joined_at WHERE session_id = {}", shut.id)).await;
        c.world.booking(&shut, c.ana.id, P::Cancelled).await;
        assert_eq!(found(t).await, []);
    }

    async fn sch_61_a_counter_that_differs_is_found_with_both_figures(t: TestDb) {
        let c = cast(t).await;
        let session = c.session(60).await;
        c.world.booking(&session, c.ana.id, P::Registered).await;
        sql(t, format!("UPDATE class_session SET current_participants = 7 WHERE id = {}", session.id)).await;
        let empty = c.session(60).await;
        sql(t, format!("UPDATE class_session SET current_participants = 1 WHERE id = {}", empty.id)).await;
        let all = broken(&t.db).await.unwrap();
        assert_eq!(all.iter().map(|b| b.detail.as_str()).collect::<Vec<_>>(), ["7 counted, 1 taken", "1 counted, 0 taken"]);
        assert!(all.iter().all(|b| (b.invariant, b.severity) == (Invariant::CounterDiffers, Severity::Error)));
        let text = all[0].to_string();
        assert!(text.contains("counter_differs") && text.contains(&format!("gym {} session {}", c.gym.id, session.id)), "{text}");
    }

    /// A booking that came after the last change of session and class was one too many; else the seats may have become
    /// fewer.
    async fn sch_62_over_capacity_is_an_error_only_when_nothing_explains_it(t: TestDb) {
        let c = cast(t).await;
        let session = c.session(60).await;
        for member in [&c.ana, &c.ben, &c.tom] {
            c.world.booking(&session, member.id, P::Registered).await;
        }
        let warning = vec![(Invariant::OverCapacity, Severity::Warning, session.id.0, None)];
        let error = vec![(Invariant::OverCapacity, Severity::Error, session.id.0, None)];
        assert_eq!(found(t).await, warning, "written within the last minute");
        let long_ago = "2020-01-01 00:00:00+00:00";
        sql(t, format!("UPDATE class_session SET updated_at = '{long_ago}'")).await;
        assert_eq!(found(t).await, warning, "the class was");
        sql(t, format!("UPDATE class SET updated_at = '{long_ago}'")).await;
        assert_eq!(found(t).await, error);
        sql(t, format!("UPDATE class_participation SET registration_time = '{long_ago}'")).await;
        assert_eq!(found(t).await, warning, "booked before the change");
        sql(t, format!("UPDATE class_session SET override_capacity = 3 WHERE id = {}", session.id)).await;
        assert_eq!(found(t).await, []);
    }

    async fn sch_83_a_free_seat_is_not_kept_from_who_waits(t: TestDb) {
        let c = cast(t).await;
        let session = c.session(60).await;
        c.world.booking(&session, c.tom.id, P::Registered).await;
        c.world.waiting(&session, c.ana.id).await;
        c.world.waiting(&session, c.ben.id).await;
        let ana = vec![(Invariant::FreeSeatWhileWaiting, Severity::Error, session.id.0, Some(c.ana.id.0))];
        let ben = vec![(Invariant::FreeSeatWhileWaiting, Severity::Error, session.id.0, Some(c.ben.id.0))];
        assert_eq!(found(t).await, ana);
        let settings = |cutoff: i32, active: bool| format!(
            "INSERT INTO gym_schedule_settings (gym_id, late_cancel_minutes, waitlist_enabled, waitlist_max_size, \
             waitlist_cutoff_minutes, session_overlap_policy, auto_no_show, require_active_membership, created_at, updated_at) \
             VALUES ({}, 0, TRUE, 50, {cutoff}, 'reject', FALSE, {active}, '2020-01-01 00:00:00+00:00', '2020-01-01 00:00:00+00:00')",
            c.gym.id
        );
        sql(t, settings(0, true)).await;
        assert_eq!(found(t).await, ana);
        sql(t, format!("UPDATE user_gyms SET membership_expires_at = '2020-01-01 00:00:00+00:00' WHERE user_id = {}", c.ana.id)).await;
        assert_eq!(found(t).await, ben, "who may not book is passed over");
        sql(t, format!("UPDATE user_gyms SET is_active = FALSE WHERE user_id = {}", c.ben.id)).await;
        assert_eq!(found(t).await, []);
        sql(t, "UPDATE gym_schedule_settings SET require_active_membership = FALSE, waitlist_cutoff_minutes = 61".into()).await;
        assert_eq!(found(t).await, [], "past the cut-off");
        sql(t, "UPDATE gym_schedule_settings SET waitlist_cutoff_minutes = 30".into()).await;
        assert_eq!(found(t).await, ana);
        sql(t, format!("UPDATE class_session SET status = 'in_progress' WHERE id = {}", session.id)).await;
        assert_eq!(found(t).await, []);
    }

    async fn sch_54_sch_79_sch_80_sch_84_who_waits_and_who_is_booked_are_those_who_may(t: TestDb) {
        let c = cast(t).await;
        let stranger = c.world.user("stranger").await;
        let (booked, awaited, seated, off, begun, vain) =
            (c.session(60).await, c.session(61).await, c.session(62).await, c.session(63).await, c.session(-31).await, c.session(64).await);
        c.world.booking(&booked, stranger.id, P::Registered).await;
        c.world.waiting(&awaited, stranger.id).await;
        for session in [&awaited, &seated] {
            c.world.booking(session, c.tom.id, P::Registered).await;
            c.world.booking(session, c.ben.id, P::Registered).await;
        }
        c.world.waiting(&seated, c.ben.id).await;
        c.world.booking(&off, c.ana.id, P::Registered).await;
        c.world.waiting(&off, c.ben.id).await;
        sql(t, format!("UPDATE class_session SET status = 'cancelled' WHERE id = {}", off.id)).await;
        c.world.waiting(&begun, c.ana.id).await;
        c.world.waiting(&vain, c.ana.id).await;
        sql(t, format!("UPDATE class_waitlist_entry SET status = 'promoted', resolved_at = joined_at WHERE session_id = {}", vain.id)).await;
        let line = |invariant, severity, session: &session::Model, member: &user::Model| (invariant, severity, session.id.0, Some(member.id.0));
        let mut wanted = vec![
            line(Invariant::WaitsAlthoughSeated, Severity::Error, &seated, &c.ben),
            line(Invariant::WaitsInVain, Severity::Error, &off, &c.ben),
            line(Invariant::WaitsInVain, Severity::Warning, &begun, &c.ana),
            line(Invariant::PromotedWithoutBooking, Severity::Error, &vain, &c.ana),
            line(Invariant::BookedByStranger, Severity::Error, &booked, &stranger),
            line(Invariant::AwaitedByStranger, Severity::Error, &awaited, &stranger),
            line(Invariant::BookedAlthoughCancelled, Severity::Error, &off, &c.ana),
        ];
        let mut all = found(t).await;
        all.sort();
        wanted.sort();
        assert_eq!(all, wanted);
        sql(t, "DROP INDEX uq_class_waitlist_entry_waiting".into()).await;
        c.world.waiting(&awaited, stranger.id).await;
        assert!(found(t).await.contains(&line(Invariant::WaitsTwice, Severity::Error, &awaited, &stranger)));
    }

    async fn the_number_of_questions_does_not_depend_on_the_rows(t: TestDb) {
        let c = cast(t).await;
        let count = async || {
            let statements = Arc::new(AtomicU64::new(0));
            let all = STATEMENTS.scope(statements.clone(), broken(&t.db)).await.unwrap();
            (all.len(), statements.load(Relaxed))
        };
        assert_eq!(count().await, (0, 10));
        for n in 0..20 {
            let session = c.session(60 + n).await;
            c.world.waiting(&session, c.ana.id).await;
            sql(t, format!("UPDATE class_session SET current_participants = 1 WHERE id = {}", session.id)).await;
        }
        assert_eq!(count().await, (40, 10));
    }
}

//! What the clock does to sessions (specification of the schedule, §7).
use super::sessions::{SESSIONS, app_at, booking_of, cast};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    UserId,
    identity::{GymRole, gym, user},
    schedule::{participation::ParticipationStatus as P, session, session::SessionStatus},
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use services::{
    kernel::scheduler::{Job, Progress},
    schedule::upkeep::{ClassReminders, ParticipantRecount, SessionLifecycle},
};
use testkit::{app::App, both};

struct Unwatched;

#[async_trait]
impl Progress for Unwatched {
    fn reached(&self) -> Option<&serde_json::Value> {
        None
    }
    async fn reach(&self, _: serde_json::Value) -> Result<(), String> {
        Ok(())
    }
}

/// Two runners at the same moment.
async fn twice<J: Job>(job: impl Fn() -> J) -> [String; 2] {
    let (one, two) = (job(), job());
    let (a, b) = futures::join!(one.run(&Unwatched), two.run(&Unwatched));
    [a.unwrap(), b.unwrap()]
}

fn after(now: &str, minutes: i64) -> DateTime<Utc> {
    now.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

const NOW: &str = "2026-05-04T10:00:00Z";

/// What two lines say that they did, together.
fn sum(lines: &[String; 2], word: &str) -> i64 {
    let number = |line: &String| {
        let before = line.split(word).next().unwrap().trim_end();
        before.rsplit(' ').next().unwrap().parse::<i64>().unwrap()
    };
    lines.iter().map(number).sum()
}

both! {
    /// Edge case 26.
    async fn sch_84_the_clock_moves_sessions_on_once_and_leaves_cancelled_ones_alone(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let c = cast(&app, "Europe/Madrid", 1).await;
        let at = async |start: i64, end: i64, status: SessionStatus| {
            app.world.session_with(&c.spin, &c.tom, after(NOW, start), |s| {
                s.end_time = after(NOW, end);
                s.status = status;
            }).await
        };
        use SessionStatus::{Cancelled, Completed, InProgress, Scheduled};
        let cases = [
            (at(-30, 30, Scheduled).await, InProgress),
            (at(0, 30, Scheduled).await, InProgress),
            (at(1, 30, Scheduled).await, Scheduled),
            (at(-60, 0, InProgress).await, Completed),
            (at(-60, 1, InProgress).await, InProgress),
            // never seen while it ran
            (at(-90, -30, Scheduled).await, Completed),
            (at(-30, 30, Cancelled).await, Cancelled),
            (at(-90, -30, Cancelled).await, Cancelled),
            (at(-90, -30, Completed).await, Completed),
        ];
        for (session, _) in &cases {
            app.world.waiting(session, c.ana.id).await;
        }
        let list = "/api/v1/schedule/sessions/date-range?start_date=2026-05-04&end_date=2026-05-04";
        c.get(&app, list).await;
        let lines = twice(|| SessionLifecycle::new(&app.services.core)).await;
        assert_eq!((sum(&lines, "begun"), sum(&lines, "completed")), (2, 2), "{lines:?}");
        for (session, status) in &cases {
            let row = app.world.session_now(c.gym.id, session.id).await;
            assert_eq!(row.status, *status, "{session:?}");
        }
        // no cache tells of what was
        let shown = c.get(&app, list).await;
        for row in shown.as_array().unwrap() {
            let (_, status) = cases.iter().find(|(s, _)| json!(s.id) == row["session"]["id"]).unwrap();
            assert_eq!(row["session"]["status"], json!(status));
            let begun = row["session"]["status"] != "scheduled" && !["cancelled", "completed"].contains(&row["session"]["status"].as_str().unwrap());
            let queue = row["waitlist_count"].as_i64().unwrap();
            assert!(!begun || queue == 0 || row["session"]["id"] == json!(cases[4].0.id), "{row}");
        }
        let core = &app.services.core;
        for (n, waits) in [(0, 0), (1, 0), (2, 1), (3, 0), (5, 0)] {
            let queue = core.stores.waitlists.queue(&core.db, c.gym.id, &[cases[n].0.id]).await.unwrap();
            assert_eq!(queue.len(), waits, "case {n}");
            assert_eq!(booking_of(&app, &cases[n].0, c.ana.id).await, None);
        }
    }

    async fn sch_84_hundreds_of_sessions_move_on_in_one_run(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let c = cast(&app, "Europe/Madrid", 1).await;
        let core = &app.services.core;
        let rows = (0..450).map(|n| new(&c.spin, &c.tom, after(NOW, -30 - n % 7), after(NOW, 30)));
        core.stores.session_queries.insert_all(&core.db, c.gym.id, rows.collect()).await.unwrap();
        let lines = twice(|| SessionLifecycle::new(core)).await;
        assert_eq!(sum(&lines, "begun"), 450, "{lines:?}");
        assert_eq!(SessionLifecycle::new(core).run(&Unwatched).await.unwrap(), "0 begun, 0 completed");
    }

    /// Edge case 27.
    async fn reminders_reach_each_member_once_whoever_runs(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let core = &app.services.core;
        let mut gyms: Vec<(gym::Model, user::Model, user::Model)> = Vec::new();
        let mut sessions: Vec<session::Model> = Vec::new();
        let mut booked: Vec<UserId> = Vec::new();
        for (n, (zone, count)) in [("Europe/Madrid", 100), ("America/Mexico_City", 100), ("Australia/Lord_Howe", 50)].into_iter().enumerate() {
            let gym = app.world.gym_with(&format!("gym{n}"), |g| g.timezone = zone.to_owned()).await;
            let tom = app.world.person(&gym, &format!("t{n}"), GymRole::Trainer).await;
            let off = app.world.member(&gym, &format!("off{n}")).await;
            let spin = app.world.class(&gym).await;
            let rows = (0..count).map(|_| new(&spin, &tom, after(NOW, 120), after(NOW, 180)));
            let made = core.stores.session_queries.insert_all(&core.db, gym.id, rows.collect()).await.unwrap();
            // one member for each session, so that who is told twice is seen
            let mut who = Vec::new();
            for session in &made {
                let member = app.world.member(&gym, &format!("m{}", session.id)).await;
                who.push((session.id, member.id));
                booked.push(member.id);
            }
            core.stores.seats.seat(&core.db, gym.id, &who, P::Registered, core.clock.now()).await.unwrap();
            app.world.booking(&made[0], off.id, P::Cancelled).await;
            sessions.extend(made);
            gyms.push((gym, tom, off));
        }
        assert_eq!(sessions.len(), 250);
        let lines = twice(|| ClassReminders::new(core)).await;
        assert_eq!(sum(&lines, "sessions"), 250, "{lines:?}");
        let (one, two) = (app.services.relay(), app.services.relay());
        let drain = async |relay: services::kernel::relay::Relay| while relay.run_once().await.unwrap() > 0 {};
        futures::join!(drain(one), drain(two));
        app.deliver_effects().await;
        booked.sort();
        assert_eq!(app.pushes.told("session_reminder"), booked);
        assert_eq!(ClassReminders::new(core).run(&Unwatched).await.unwrap(), "0 sessions reminded of");
        // by the clock of each gym
        let clock = ["14:00", "06:00", "22:30"];
        for message in app.pushes.sent() {
            let n = gyms.iter().position(|(g, ..)| json!(g.id) == message.data["gym_id"]).unwrap();
            assert!(message.contents.en.contains(clock[n]), "{message:?}");
            assert!(message.headings.es.starts_with(&gyms[n].0.name), "{message:?}");
            assert_eq!(message.data["start_time"], "2026-05-04T12:00:00Z");
        }
    }

    async fn reminders_are_of_what_is_scheduled_in_about_two_hours(t: TestDb) {
        let (app, clock) = app_at(t, NOW).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let at = async |minutes: i64, status: SessionStatus| {
            let row = app.world.session_with(&c.spin, &c.tom, after(NOW, minutes), |s| s.status = status).await;
            app.world.booking(&row, c.ana.id, P::Registered).await;
            row
        };
        use SessionStatus::{Cancelled, Scheduled};
        at(104, Scheduled).await;
        let first = at(105, Scheduled).await;
        let last = at(134, Scheduled).await;
        let next = at(135, Scheduled).await;
        at(120, Cancelled).await;
        app.world.booking(&first, c.admin.id, P::NoShow).await;
        let core = &app.services.core;
        let run = async || ClassReminders::new(core).run(&Unwatched).await.unwrap();
        assert_eq!(run().await, "2 sessions reminded of");
        app.deliver_effects().await;
        let told = |messages: Vec<ports::push::PushMessage>| messages.iter().map(|m| m.data["session_id"].clone()).collect::<Vec<_>>();
        let mut sessions = told(app.pushes.of_type("session_reminder"));
        sessions.sort_by_key(|s| s.as_i64());
        assert_eq!(sessions, [json!(first.id), json!(last.id)]);
        assert_eq!(app.pushes.told("session_reminder"), [c.ana.id, c.ana.id]);
        assert!(app.world.session_now(c.gym.id, first.id).await.reminder_sent_at.is_some());
        clock.advance(TimeDelta::minutes(10));
        assert_eq!(run().await, "1 sessions reminded of");
        // another start is reminded of anew
        let moved = c.put(&app, &next, json!({"start_time": "2026-05-05T20:00:00"})).await.expect(200);
        assert!(app.world.session_now(c.gym.id, next.id).await.reminder_sent_at.is_none(), "{moved}");
        // one that was cancelled since is not reminded of
        app.deliver_effects().await;
        assert_eq!(app.pushes.of_type("session_reminder").len(), 3);
    }

    async fn sch_61_counters_that_are_wrong_are_repaired(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let c = cast(&app, "Europe/Madrid", 20).await;
        let at = async |minutes: i64| {
            let row = app.world.session(&c.spin, &c.tom, after(NOW, minutes)).await;
            app.world.booking(&row, c.ana.id, P::Registered).await;
            app.world.booking(&row, c.tom.id, P::Attended).await;
            app.world.booking(&row, c.admin.id, P::Cancelled).await;
            row
        };
        let (wrong, right, past) = (at(60).await, at(70).await, at(-60).await);
        let spoil = format!("UPDATE class_session SET current_participants = 7 WHERE id IN ({}, {})", wrong.id, past.id);
        t.pool().execute_unprepared(&spoil).await.unwrap();
        assert_eq!(c.get(&app, &format!("{SESSIONS}/{}", wrong.id)).await["registered_count"], 7);
        let lines = twice(|| ParticipantRecount::new(&app.services.core)).await;
        assert_eq!(sum(&lines, "repaired"), 1, "{lines:?}");
        let mut counters = Vec::new();
        for session in [&wrong, &right, &past] {
            counters.push(app.world.session_now(c.gym.id, session.id).await.current_participants);
        }
        assert_eq!(counters, [2, 2, 7]);
        assert_eq!(c.get(&app, &format!("{SESSIONS}/{}", wrong.id)).await["registered_count"], 2);
    }

    async fn the_jobs_of_the_schedule_are_known_to_the_scheduler(t: TestDb) {
        let app = App::new(t).await;
        app.services.scheduler().register().await.unwrap();
        let core = &app.services.core;
        let names: Vec<_> = core.stores.jobs.all(&core.db).await.unwrap().into_iter().map(|job| job.name).collect();
        for name in ["session_lifecycle", "class_reminders", "participant_recount"] {
            assert!(names.iter().any(|n| n == name), "{names:?}");
            core.stores.jobs.trigger(&core.db, name).await.unwrap();
        }
        app.services.scheduler().run_due().await.unwrap();
        for job in core.stores.jobs.all(&core.db).await.unwrap() {
            assert!(job.last_outcome.as_deref().is_none_or(|o| o.starts_with("ok")), "{job:?}");
        }
    }
}

fn new(
    class: &domain::schedule::class::Model,
    trainer: &user::Model,
    start_time: DateTime<Utc>,
    end_time: DateTime<Utc>,
) -> session::Create {
    session::Create {
        class_id: class.id,
        trainer_id: trainer.id,
        start_time,
        end_time,
        room: None,
        is_recurring: false,
        recurrence_pattern: None,
        series_id: None,
        status: SessionStatus::Scheduled,
        current_participants: 0,
        override_capacity: None,
        notes: None,
        created_by: None,
    }
}

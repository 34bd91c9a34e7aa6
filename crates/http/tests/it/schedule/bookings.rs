//! Seats: booked, given back, never sold twice.
use chrono::TimeDelta;
use domain::{
    identity::{GymRole, gym, user},
    schedule::{class, participation::ParticipationStatus as P, session},
};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

const BOOK: &str = "/api/v1/schedule/participation/register";
const CANCEL: &str = "/api/v1/schedule/participation/cancel-registration";

struct Cast {
    gym: gym::Model,
    tom: user::Model,
    ana: user::Model,
    spin: class::Model,
    session: session::Model,
}

/// A trainer, a member, and a session with so many seats in two hours.
async fn cast(app: &App, seats: i32) -> Cast {
    let gym = app.world.gym("box").await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let ana = app.world.member(&gym, "ana").await;
    let spin = app.world.class_with(&gym, |c| c.max_capacity = seats).await;
    let session = app.world.session(&spin, &tom, in_minutes(120)).await;
    Cast { gym, tom, ana, spin, session }
}

async fn book(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    app.post(&format!("{BOOK}/{}", session.id)).by(by).at(session.gym_id).send().await
}

async fn cancel(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    app.post(&format!("{CANCEL}/{}", session.id)).by(by).at(session.gym_id).send().await
}

async fn seats_taken(app: &App, session: &session::Model) -> i32 {
    app.world.session_now(session.gym_id, session.id).await.current_participants
}

both! {
    async fn sch_70_a_seat_is_booked_given_back_and_booked_again(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 3).await;
        let first = book(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!((&first["status"], &first["member_id"]), (&json!("registered"), &json!(c.ana.id)));
        assert_eq!(seats_taken(&app, &c.session).await, 1);
        let reason = format!("{CANCEL}/{}?reason=a%20cold", c.session.id);
        let gone = app.post(&reason).by(&c.ana).at(c.gym.id).send().await.expect(200);
        assert_eq!((&gone["status"], &gone["cancellation_reason"]), (&json!("cancelled"), &json!("a cold")));
        assert!(gone["cancellation_time"].is_string());
        assert_eq!(seats_taken(&app, &c.session).await, 0);
        let again = book(&app, &c.ana, &c.session).await.expect(200);
        assert_eq!((&again["id"], &again["status"]), (&first["id"], &json!("registered")));
        assert_eq!((&again["cancellation_time"], &again["cancellation_reason"]), (&Value::Null, &Value::Null));
        assert!(again["registration_time"].as_str() > first["registration_time"].as_str());
        assert_eq!(seats_taken(&app, &c.session).await, 1);
    }

    /// Edge case 1.
    async fn sch_62_of_fifty_at_once_one_gets_the_last_seat(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1).await;
        let mut members = Vec::new();
        for n in 0..50 {
            members.push(app.world.member(&c.gym, &format!("m{n}")).await);
        }
        let answers = join_all(members.iter().map(|m| book(&app, m, &c.session))).await;
        let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
        outcomes.sort();
        assert_eq!(outcomes.remove(0), (200, String::new()));
        assert!(outcomes.iter().all(|o| *o == (400, "session_full".into())), "{outcomes:?}");
        assert_eq!(seats_taken(&app, &c.session).await, 1);
    }

    /// Edge case 1.
    async fn sch_70_the_same_member_twice_at_once_has_one_seat(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 9).await;
        let answers = join_all((0..8).map(|_| book(&app, &c.ana, &c.session))).await;
        let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
        outcomes.sort();
        assert_eq!(outcomes.remove(0), (200, String::new()));
        assert!(outcomes.iter().all(|o| *o == (400, "already_registered".into())), "{outcomes:?}");
        assert_eq!(seats_taken(&app, &c.session).await, 1);
    }

    async fn sch_70_the_first_thing_that_stands_against_it_is_said(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1).await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        let foreign = app.world.class(&there).await;
        let foreign = app.world.session(&foreign, &far, in_minutes(60)).await;
        let running = app.world.session(&c.spin, &c.tom, in_minutes(-5)).await;
        let off = app.world.session_with(&c.spin, &c.tom, in_minutes(60), |s| s.status = session::SessionStatus::Cancelled).await;
        let missed = app.world.session(&c.spin, &c.tom, in_minutes(90)).await;
        app.world.booking(&missed, c.ana.id, P::NoShow).await;
        let full = app.world.session(&c.spin, &c.tom, in_minutes(91)).await;
        app.world.booking(&full, c.tom.id, P::Attended).await;
        for (id, outcome) in [
            (foreign.id, (404, "session_not_found")),
            (off.id, (400, "session_not_open")),
            (running.id, (400, "session_started")),
            (missed.id, (400, "already_registered")),
            (full.id, (400, "session_full")),
        ] {
            let answer = app.post(&format!("{BOOK}/{id}")).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()));
        }
        let stranger = app.post(&format!("{BOOK}/{}/{}", c.session.id, far.id)).by(&c.tom).at(c.gym.id).send().await;
        assert_eq!(stranger.outcome(), (404, "member_not_found".into()));
    }

    async fn sch_73_staff_book_members_by_the_same_rules(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1).await;
        let path = format!("{BOOK}/{}/{}", c.session.id, c.ana.id);
        assert_eq!(app.post(&path).by(&c.ana).at(c.gym.id).send().await.outcome(), (403, "role_too_low".into()));
        let row = app.post(&path).by(&c.tom).at(c.gym.id).send().await.expect(200);
        assert_eq!(row["member_id"], json!(c.ana.id));
        let ben = app.world.member(&c.gym, "ben").await;
        let full = app.post(&format!("{BOOK}/{}/{}", c.session.id, ben.id)).by(&c.tom).at(c.gym.id).send().await;
        assert_eq!(full.outcome(), (400, "session_full".into()));
    }

    /// Edge case 3.
    async fn sch_72_a_seat_that_is_given_back_goes_to_the_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let mut queue = Vec::new();
        for name in ["one", "two", "three"] {
            let member = app.world.member(&c.gym, name).await;
            app.world.waiting(&c.session, member.id).await;
            queue.push(member);
        }
        let late = app.world.member(&c.gym, "late").await;
        let (gone, direct) = futures::join!(cancel(&app, &c.ana, &c.session), book(&app, &late, &c.session));
        gone.expect(200);
        assert_eq!(direct.outcome(), (400, "session_full".into()));
        let first = book(&app, &queue[0], &c.session).await;
        assert_eq!(first.outcome(), (400, "already_registered".into()));
        assert_eq!(seats_taken(&app, &c.session).await, 1);
    }

    /// Edge case 4.
    async fn sch_79_who_leaves_the_gym_leaves_their_seats_to_the_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1).await;
        book(&app, &c.ana, &c.session).await.expect(200);
        let other = app.world.session(&c.spin, &c.tom, in_minutes(300)).await;
        let ben = app.world.member(&c.gym, "ben").await;
        book(&app, &ben, &other).await.expect(200);
        app.world.waiting(&c.session, ben.id).await;
        app.world.waiting(&other, c.ana.id).await;
        let removal = format!("/api/v1/gyms/users/{}", c.ana.id);
        app.delete(&removal).by(&c.ana).at(c.gym.id).send().await.expect(200);
        assert_eq!(book(&app, &ben, &c.session).await.outcome(), (400, "already_registered".into()));
        assert_eq!((seats_taken(&app, &c.session).await, seats_taken(&app, &other).await), (1, 1));
        cancel(&app, &ben, &other).await.expect(200);
        assert_eq!(seats_taken(&app, &other).await, 0);
    }

    async fn sch_76_members_until_the_start_and_staff_until_the_end(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        let running = app.world.session_with(&c.spin, &c.tom, in_minutes(-5), |s| {
            s.status = session::SessionStatus::InProgress;
        }).await;
        app.world.booking(&running, c.ana.id, P::Registered).await;
        assert_eq!(cancel(&app, &c.ana, &running).await.outcome(), (400, "session_started".into()));
        let by_staff = format!("{CANCEL}/{}/{}", running.id, c.ana.id);
        app.post(&by_staff).by(&c.tom).at(c.gym.id).send().await.expect(200);
        assert_eq!(app.post(&by_staff).by(&c.tom).at(c.gym.id).send().await.outcome(), (400, "already_cancelled".into()));
        let over = app.world.session_with(&c.spin, &c.tom, in_minutes(-120), |s| {
            s.end_time = s.start_time + TimeDelta::minutes(60);
        }).await;
        app.world.booking(&over, c.ana.id, P::Registered).await;
        let by_staff = format!("{CANCEL}/{}/{}", over.id, c.ana.id);
        assert_eq!(app.post(&by_staff).by(&c.tom).at(c.gym.id).send().await.outcome(), (400, "session_started".into()));
    }
}

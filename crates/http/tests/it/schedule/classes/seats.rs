//! A class whose number of seats changes.
use super::*;
use domain::schedule::session::SessionStatus;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testkit::database::TestDb;

/// Who has a seat.
async fn seated(app: &App, session: &session::Model) -> Vec<domain::UserId> {
    let rows = app.world.participations(session).await;
    rows.into_iter().filter(|row| row.status.takes_seat()).map(|row| row.member_id).collect()
}

async fn taken(app: &App, session: &session::Model) -> i32 {
    app.world.session_now(session.gym_id, session.id).await.current_participants
}

/// How many notices wait to be told.
async fn notices(t: &TestDb) -> i64 {
    let backend = if t.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let count = "SELECT COUNT(*) FROM outbox WHERE kind = 'schedule.notice'";
    let row = t.pool().query_one_raw(Statement::from_string(backend, count)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

both! {
    async fn sch_43_more_seats_go_to_who_waits_for_sessions_to_come(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let spin = app.world.class_with(&c.gym, |k| k.max_capacity = 1).await;
        let at = async |minutes, change: fn(&mut session::Create)| {
            app.world.session_with(&spin, &c.tom, in_minutes(minutes), change).await
        };
        let next = at(60, |_| {}).await;
        let later = at(120, |_| {}).await;
        let own = at(180, |s| s.override_capacity = Some(1)).await;
        let past = at(-30, |_| {}).await;
        let off = at(240, |s| s.status = SessionStatus::Cancelled).await;
        let other = app.world.session(&app.world.class_with(&c.gym, |k| k.max_capacity = 1).await, &c.tom, in_minutes(60)).await;
        let mut queue = Vec::new();
        for n in 0..3 {
            queue.push(app.world.member(&c.gym, &format!("m{n}")).await.id);
        }
        for session in [&next, &later, &own, &past, &off, &other] {
            app.world.booking(session, c.ana.id, ParticipationStatus::Registered).await;
            for member in &queue {
                app.world.waiting(session, *member).await;
            }
        }
        // who left is passed over
        app.delete(&format!("/api/v1/gyms/users/{}", queue[0])).by(&c.boss).at(c.gym.id).send().await.expect(200);
        let before = notices(t).await;
        let changed = c.change(&app, spin.id, json!({"max_capacity": 2, "name": "Spin"})).await.expect(200);
        assert_eq!((&changed["max_capacity"], &changed["name"]), (&json!(2), &json!("Spin")));
        for session in [&next, &later] {
            assert_eq!(seated(&app, session).await, [c.ana.id, queue[1]]);
            assert_eq!(taken(&app, session).await, 2);
        }
        for session in [&own, &past, &off, &other] {
            assert_eq!(seated(&app, session).await, [c.ana.id], "{session:?}");
        }
        assert_eq!(notices(t).await - before, 2, "one for each session where somebody was promoted");
        c.change(&app, spin.id, json!({"max_capacity": 9})).await.expect(200);
        assert_eq!(seated(&app, &next).await, [c.ana.id, queue[1], queue[2]]);
        assert_eq!(taken(&app, &next).await, 3);
        // the same number again changes nothing
        c.change(&app, spin.id, json!({"max_capacity": 9})).await.expect(200);
        assert_eq!((taken(&app, &next).await, notices(t).await - before), (3, 4));
    }

    async fn sch_43_fewer_seats_take_nobodys_away(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let spin = app.world.class_with(&c.gym, |k| k.max_capacity = 4).await;
        let session = app.world.session(&spin, &c.tom, in_minutes(60)).await;
        let mut members = Vec::new();
        for n in 0..4 {
            members.push(app.world.member(&c.gym, &format!("m{n}")).await);
        }
        for member in &members[..3] {
            app.world.booking(&session, member.id, ParticipationStatus::Registered).await;
        }
        c.change(&app, spin.id, json!({"max_capacity": 2})).await.expect(200);
        assert_eq!(taken(&app, &session).await, 3);
        let book = async |who: &user::Model| {
            let path = format!("/api/v1/schedule/participation/register/{}", session.id);
            app.post(&path).by(who).at(c.gym.id).send().await
        };
        assert_eq!(book(&members[3]).await.outcome(), (400, "session_full".into()));
        app.world.waiting(&session, members[3].id).await;
        let cancel = async |who: &user::Model| {
            let path = format!("/api/v1/schedule/participation/cancel-registration/{}", session.id);
            app.post(&path).by(who).at(c.gym.id).send().await.expect(200)
        };
        // the seat that is one too many goes to nobody, the next one does
        cancel(&members[0]).await;
        assert_eq!(seated(&app, &session).await, [members[1].id, members[2].id]);
        cancel(&members[1]).await;
        assert_eq!(seated(&app, &session).await, [members[2].id, members[3].id]);
    }

    /// Whoever booked after the change counted with the new number: what the rows say of their order is the order of
    /// the locks.
    async fn sch_43_nobody_books_on_a_number_that_is_no_more(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let mut members = Vec::new();
        for n in 0..8 {
            members.push(app.world.member(&c.gym, &format!("m{n}")).await);
        }
        for round in 0..6 {
            let spin = app.world.class_with(&c.gym, |k| k.max_capacity = 8).await;
            let session = app.world.session(&spin, &c.tom, in_minutes(60 + round)).await;
            let path = format!("/api/v1/schedule/participation/register/{}", session.id);
            let book = async |who: &user::Model| app.post(&path).by(who).at(c.gym.id).send().await;
            let (first, second) = members.split_at(4);
            let (one, lowered, two) = futures::join!(
                join_all(first.iter().map(&book)),
                c.change(&app, spin.id, json!({"max_capacity": 3})),
                join_all(second.iter().map(&book)),
            );
            let lowered: chrono::DateTime<chrono::Utc> =
                lowered.expect(200)["updated_at"].as_str().unwrap().parse().unwrap();
            let booked = one.iter().chain(&two).filter(|answer| answer.status == 200).count();
            for refused in one.iter().chain(&two).filter(|answer| answer.status != 200) {
                assert_eq!(refused.outcome(), (400, "session_full".into()));
            }
            let rows = app.world.participations(&session).await;
            let before = rows.iter().filter(|row| row.registration_time < lowered).count();
            assert!(booked <= before.max(3), "{booked} seats, {before} before there were 3");
            assert!(booked >= 3);
            assert_eq!((rows.len(), taken(&app, &session).await), (booked, i32::try_from(booked).unwrap()));
        }
    }

    async fn sch_43_more_seats_and_a_booking_at_once_serve_the_queue_first(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let (ben, late) = (app.world.member(&c.gym, "ben").await, app.world.member(&c.gym, "late").await);
        for round in 0..6 {
            let spin = app.world.class_with(&c.gym, |k| k.max_capacity = 1).await;
            let session = app.world.session(&spin, &c.tom, in_minutes(60 + round)).await;
            app.world.booking(&session, c.ana.id, ParticipationStatus::Registered).await;
            app.world.waiting(&session, ben.id).await;
            let path = format!("/api/v1/schedule/participation/register/{}", session.id);
            let book = app.post(&path).by(&late).at(c.gym.id).send();
            let (raised, direct) = futures::join!(c.change(&app, spin.id, json!({"max_capacity": 2})), book);
            raised.expect(200);
            assert_eq!(direct.outcome(), (400, "session_full".into()));
            assert_eq!(seated(&app, &session).await, [c.ana.id, ben.id]);
        }
    }
}

//! Many at once, and what is in their way.
use super::cast::*;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait};
use std::{collections::BTreeMap, time::Duration};
use testkit::{app::App, both, database::TestDb};

/// How many sessions of this database wait for a lock.
async fn waiting_for_locks(t: &TestDb) -> i64 {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let row = t.pool().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

both! {
    async fn sch_62_five_hundred_at_once_on_twenty_seats(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 20, 120).await;
        let mut members = Vec::new();
        for n in 0..500 {
            members.push(app.world.member(&c.gym, &format!("m{n}")).await);
        }
        let answers = join_all(members.iter().map(|m| book(&app, m, &c.session))).await;
        let mut outcomes: BTreeMap<(u16, String), usize> = BTreeMap::new();
        for answer in &answers {
            *outcomes.entry(answer.outcome()).or_default() += 1;
        }
        let wanted = BTreeMap::from([((200, String::new()), 20), ((400, "session_full".to_owned()), 480)]);
        assert_eq!(outcomes, wanted);
        let rows = bookings(&app, c.gym.id).await;
        assert_eq!((rows.len(), seats_taken(&app, &c.session).await), (20, 20));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    /// Everybody gives the seat back at once, and as many wait: each gets one.
    async fn sch_83_as_many_are_promoted_as_give_their_seats_back(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 10, 120).await;
        let (mut seated, mut waiting) = (Vec::new(), Vec::new());
        for n in 0..10 {
            seated.push(app.world.member(&c.gym, &format!("s{n}")).await);
            waiting.push(app.world.member(&c.gym, &format!("w{n}")).await);
        }
        for member in &seated {
            book(&app, member, &c.session).await.expect(200);
        }
        join_all(waiting.iter().map(|m| wait(&app, m, &c.session))).await.into_iter().for_each(|a| drop(a.expect(201)));
        join_all(seated.iter().map(|m| cancel(&app, m, &c.session))).await.into_iter().for_each(|a| drop(a.expect(200)));
        let mut told: Vec<_> = told(t, "waitlist_promoted").await.into_iter().map(|(_, user)| user).collect();
        told.sort_unstable();
        let mut all: Vec<_> = waiting.iter().map(|m| m.id.0).collect();
        all.sort_unstable();
        assert_eq!(told, all, "each once");
        assert_eq!((seats_taken(&app, &c.session).await, broken(t).await), (10, vec![]));
    }

    /// On PostgreSQL the two wait for each other, and the database ends one of them; on SQLite the file is busy. The
    /// client sees nothing of either.
    async fn sch_62_a_deadlock_is_tried_again_inside(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 1, 120).await;
        let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let other = t.pool().begin_with_options(options).await.unwrap();
        let touch = |table: &str, id: i64| format!("UPDATE {table} SET id = id WHERE id = {id}");
        other.execute_unprepared(&touch("class_session", c.session.id.0)).await.unwrap();
        let in_the_way = async {
            if t.is_postgres() {
                for _ in 0..1000 {
                    if waiting_for_locks(t).await > 0 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                let core = &app.services.core;
                let own = core.stores.people.of_user(&core.db, c.gym.id, c.ana.id).await.unwrap().unwrap();
                // a change of its key, which the booking's hold forbids
                let _ = other.execute_unprepared(&format!("DELETE FROM user_gyms WHERE id = {}", own.id)).await;
            } else {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other.rollback().await.unwrap();
        };
        let (answer, ()) = futures::join!(book(&app, &c.ana, &c.session), in_the_way);
        answer.expect(200);
        assert_eq!((seats_taken(&app, &c.session).await, broken(t).await), (1, vec![]));
    }

    async fn sch_62_contention_that_does_not_end_is_503_with_a_time_to_try_again(t: TestDb) {
        // which counts five tries, and is not content with fewer
        let app = App::with(t, |a| a.core.stores.seats = testkit::schedule::busy_seats(5)).await;
        let c = cast(&app, 1, 120).await;
        let answer = book(&app, &c.ana, &c.session).await;
        assert_eq!((answer.outcome(), answer.header("retry-after")), ((503, "unavailable".into()), "1"));
    }
}

//! Transactions are real, and no statement runs for ever (IDN-109).
use domain::{GymId, identity::gym};
use repository::{
    Db, DbOptions, Retryable, StoreError, Tx,
    identity::gym::{Gyms, SeaGyms},
};
use sea_orm::ConnectionTrait;
use std::{
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    time::{Duration, Instant},
};
use testkit::{both, database::TestDb, world::World};
use tokio::sync::Barrier;

async fn rename(tx: &Tx, gym: GymId, name: &str) -> Result<(), StoreError> {
    let patch = gym::Update { name: Some(name.to_owned()), ..Default::default() };
    SeaGyms.update(tx, gym, patch).await.map(drop)
}

async fn name(db: &Db, gym: GymId) -> String {
    SeaGyms.by_id(db, gym).await.unwrap().unwrap().name
}

both! {
    async fn idn_109_a_change_is_seen_when_it_is_committed_and_not_before(t: TestDb) {
        let gym = World::new(&t.db).gym("box").await;
        t.db.run(async |tx| {
            rename(&tx, gym.id, "new").await?;
            assert_eq!(name(&t.db, gym.id).await, "Gym box", "another connection");
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
        assert_eq!(name(&t.db, gym.id).await, "new");
    }

    async fn idn_109_what_fails_leaves_nothing_and_what_is_dropped_neither(t: TestDb) {
        let gym = World::new(&t.db).gym("box").await;
        let runs = AtomicU32::new(0);
        let failed: Result<(), _> = t.db.run(async |tx| {
            runs.fetch_add(1, SeqCst);
            rename(&tx, gym.id, "new").await?;
            Err(StoreError::NotFound { entity: "gym", id: "0".into() })
        }).await;
        assert!(failed.is_err());
        assert_eq!((name(&t.db, gym.id).await.as_str(), runs.into_inner()), ("Gym box", 1));

        let tx = t.db.begin().await.unwrap();
        rename(&tx, gym.id, "new").await.unwrap();
        drop(tx);
        let cut = t.db.run(async |tx| {
            rename(&tx, gym.id, "new").await?;
            std::future::pending::<()>().await;
            Ok::<_, StoreError>(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(200), cut).await.is_err());
        assert_eq!(name(&t.db, gym.id).await, "Gym box");
        // and the database is free for the next
        t.db.run(async |tx| rename(&tx, gym.id, "after").await).await.unwrap();
    }

    async fn idn_109_a_handle_that_outlives_its_transaction_commits_nothing(t: TestDb) {
        let gym = World::new(&t.db).gym("box").await;
        let leaked = std::sync::Mutex::new(None);
        let outcome = t.db.run(async |tx| {
            rename(&tx, gym.id, "new").await?;
            *leaked.lock().unwrap() = Some(tx.clone());
            Ok::<_, StoreError>(())
        }).await;
        assert!(matches!(outcome, Err(StoreError::LeakedHandle)), "{outcome:?}");
        drop(leaked);
        assert_eq!(name(&t.db, gym.id).await, "Gym box");
    }

    async fn idn_109_transactions_that_meet_are_run_again_until_both_are_done(t: TestDb) {
        let world = World::new(&t.db);
        let (a, b) = (world.gym("aaa").await.id, world.gym("bbb").await.id);
        let (meet, runs) = (Barrier::new(2), AtomicU32::new(0));
        let crosswise = |first: GymId, second: GymId| {
            let (meet, runs) = (&meet, &runs);
            async move {
                t.db.run(async |tx| {
                    rename(&tx, first, "once").await?;
                    // on SQLite the second begins when the first has ended
                    if runs.fetch_add(1, SeqCst) < 2 && t.is_postgres() {
                        meet.wait().await;
                    }
                    rename(&tx, second, "twice").await
                })
                .await
            }
        };
        let (one, two) = tokio::join!(crosswise(a, b), crosswise(b, a));
        one.unwrap();
        two.unwrap();
        assert_eq!(runs.into_inner(), if t.is_postgres() { 3 } else { 2 }, "the victim of the deadlock ran again");
    }

    async fn idn_109_many_writers_at_once_are_never_told_that_the_database_is_busy(t: TestDb) {
        let gym = World::new(&t.db).gym("box").await;
        let write = |n: usize| async move {
            t.db.run(async |tx| {
                SeaGyms.by_id_for_update(&tx, gym.id).await?;
                rename(&tx, gym.id, &format!("n{n}")).await
            }).await
        };
        for outcome in futures::future::join_all((0..40).map(write)).await {
            outcome.unwrap();
        }
    }
}

#[tokio::test]
async fn idn_109_a_statement_has_30_seconds_on_every_connection() {
    assert_eq!(DbOptions::new("postgres://db/gym").statement_timeout, Duration::from_secs(30));
    let Some(t) = TestDb::open(testkit::database::Kind::Postgres, 4).await else { return };
    let limits = (0..4).map(|_| async {
        let row = t.pool().query_one_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "SELECT current_setting('statement_timeout'), pg_sleep(0.1)::text, current_setting('transaction_isolation')",
        ));
        let row = row.await.unwrap().unwrap();
        (row.try_get_by_index::<String>(0).unwrap(), row.try_get_by_index::<String>(2).unwrap())
    });
    for limit in futures::future::join_all(limits).await {
        assert_eq!(limit, ("30s".to_owned(), "read committed".to_owned()));
    }
    let short = DbOptions { statement_timeout: Duration::from_millis(300), ..DbOptions::new(&t.url) };
    let short = Db::connect(short).await.unwrap();
    let began = Instant::now();
    let error = short.pool().unwrap().execute_unprepared("SELECT pg_sleep(20)").await.unwrap_err();
    let error = StoreError::from(error);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(matches!(error, StoreError::Unavailable(_)) && !error.is_retryable(), "{error:?}");
    short.close().await;
    t.close().await;
}

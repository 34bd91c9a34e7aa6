//! One at a time over all processes of a database. Every `Db` here stands for a process.
use repository::{Db, DbOptions, Result, StoreError};
use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};
use testkit::{both, database::TestDb};

async fn process(t: &TestDb) -> Db {
    let options =
        DbOptions { max_connections: 2, statement_timeout: Duration::from_millis(200), ..DbOptions::new(&t.url) };
    Db::connect(options).await.unwrap()
}

both! {
    async fn two_are_never_in_it_at_once(t: TestDb) {
        let (inside, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let one = || async {
            let db = process(t).await;
            db.exclusively("work", async {
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                inside.fetch_sub(1, SeqCst);
                done.fetch_add(1, SeqCst);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
            db.close().await;
        };
        futures::future::join_all((0..6).map(|_| one())).await;
        assert_eq!((most.into_inner(), done.into_inner()), (1, 6));
    }

    async fn whoever_waits_is_not_cut_off_by_the_limit_of_a_statement(t: TestDb) {
        let (first, second) = (process(t).await, process(t).await);
        let began = Instant::now();
        let hold = first.exclusively("work", async {
            tokio::time::sleep(Duration::from_millis(800)).await;
            Ok::<_, StoreError>(())
        });
        let wait = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            second.exclusively("work", async { Ok::<_, StoreError>(began.elapsed()) }).await
        };
        let (held, waited) = tokio::join!(hold, wait);
        held.unwrap();
        assert!(waited.unwrap() >= Duration::from_millis(800));
        first.close().await;
        second.close().await;
    }

    async fn it_is_free_again_after_an_error_and_after_a_death(t: TestDb) {
        let (first, second) = (process(t).await, process(t).await);
        let failed: Result<()> = first.exclusively("work", async { Err(StoreError::Detached) }).await;
        assert!(matches!(failed, Err(StoreError::Detached)));
        let dies = first.exclusively("work", std::future::pending::<Result<()>>());
        assert!(tokio::time::timeout(Duration::from_millis(200), dies).await.is_err());
        first.close().await;
        let soon = second.exclusively("work", async { Ok::<_, StoreError>(()) });
        tokio::time::timeout(Duration::from_secs(5), soon).await.expect("it is free").unwrap();
        second.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_file_at_once() {
    for round in 0..20 {
        let t = TestDb::empty(testkit::database::Kind::Sqlite, 1).await.unwrap();
        let file = t.url.replace("sqlite://", "");
        let new = format!("{file}.{round}");
        let open = |_| {
            let options = DbOptions { max_connections: 1, ..DbOptions::new(format!("sqlite://{new}")) };
            tokio::spawn(Db::connect(options))
        };
        let opened = futures::future::join_all((0..8).map(open)).await;
        for db in opened {
            db.unwrap().expect("it can be opened").close().await;
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{new}{suffix}"));
        }
        t.close().await;
    }
}

//! Scheduled jobs: once per interval over any number of instances.
use chrono::{TimeDelta, Utc};
use domain::kernel::{job::Model, time};
use repository::{
    Db,
    kernel::jobs::{Jobs, SeaJobs},
};
use serde_json::json;
use std::time::Duration;
use testkit::both;

const HOLDS: TimeDelta = TimeDelta::seconds(60);

async fn claims(db: &Db, instances: usize) -> Vec<String> {
    let one = |n: usize| async move {
        let lease = format!("instance-{n}");
        SeaJobs.claim(db, "sweep", &lease, HOLDS).await.unwrap().map(|_| lease)
    };
    futures::future::join_all((0..instances).map(one)).await.into_iter().flatten().collect()
}

async fn row(db: &Db) -> Model {
    SeaJobs.all(db).await.unwrap().remove(0)
}

both! {
    async fn of_any_number_of_instances_one_runs_a_job_once_per_interval(t: TestDb) {
        let known = Utc::now() - TimeDelta::seconds(1);
        futures::future::join_all((0..12).map(|_| SeaJobs.register(&t.db, "sweep", known))).await;
        for _ in 0..5 {
            let claimed = claims(&t.db, 12).await;
            assert_eq!(claimed.len(), 1, "{claimed:?}");
            assert_eq!(claims(&t.db, 12).await, Vec::<String>::new(), "it runs");
            let next = Utc::now() + TimeDelta::hours(1);
            assert!(SeaJobs.finish(&t.db, "sweep", &claimed[0], "ok", next).await.unwrap());
            assert_eq!(claims(&t.db, 12).await, Vec::<String>::new(), "the interval is not over");
            assert!(SeaJobs.trigger(&t.db, "sweep").await.unwrap());
        }
    }

    async fn a_job_that_is_known_keeps_its_time(t: TestDb) {
        let first = time::now() + TimeDelta::hours(1);
        SeaJobs.register(&t.db, "sweep", first).await.unwrap();
        SeaJobs.register(&t.db, "sweep", time::now()).await.unwrap();
        assert_eq!(row(&t.db).await.next_run_at, first);
        assert_eq!(claims(&t.db, 2).await, Vec::<String>::new(), "not due yet");
    }

    async fn a_holder_that_died_is_overtaken_and_its_progress_taken_up(t: TestDb) {
        SeaJobs.register(&t.db, "sweep", Utc::now() - TimeDelta::seconds(1)).await.unwrap();
        let short = TimeDelta::milliseconds(300);
        assert!(SeaJobs.claim(&t.db, "sweep", "dies", short).await.unwrap().is_some());
        assert!(SeaJobs.checkpoint(&t.db, "sweep", "dies", json!({"at": 7}), short).await.unwrap());
        assert!(SeaJobs.claim(&t.db, "sweep", "heir", HOLDS).await.unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(400)).await;
        let taken = SeaJobs.claim(&t.db, "sweep", "heir", HOLDS).await.unwrap().unwrap();
        assert_eq!(taken.progress, Some(json!({"at": 7})));

        let next = time::now() + TimeDelta::hours(1);
        assert!(!SeaJobs.hold(&t.db, "sweep", "dies", HOLDS).await.unwrap());
        assert!(!SeaJobs.checkpoint(&t.db, "sweep", "dies", json!({"at": 8}), HOLDS).await.unwrap());
        assert!(!SeaJobs.finish(&t.db, "sweep", "dies", "late", next).await.unwrap());
        assert!(SeaJobs.finish(&t.db, "sweep", "heir", "ok", next).await.unwrap());
        let row = row(&t.db).await;
        assert_eq!((row.last_outcome.as_deref(), row.progress, row.lease), (Some("ok"), None, None));
        assert_eq!(row.next_run_at, next);
    }

    async fn a_running_job_is_held_for_as_long_as_its_holder_lives(t: TestDb) {
        SeaJobs.register(&t.db, "sweep", Utc::now() - TimeDelta::seconds(1)).await.unwrap();
        let short = TimeDelta::milliseconds(300);
        SeaJobs.claim(&t.db, "sweep", "lives", short).await.unwrap().unwrap();
        assert!(SeaJobs.hold(&t.db, "sweep", "lives", HOLDS).await.unwrap());
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(claims(&t.db, 3).await, Vec::<String>::new());
        assert!(!SeaJobs.trigger(&t.db, "sweep").await.unwrap(), "it runs already");
    }
}

//! Scheduled jobs do not hold each other up, and each runs once over all instances.
use super::instance;
use async_trait::async_trait;
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use services::kernel::scheduler::{Job, Progress, Schedule, Scheduler};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use testkit::{both, database::TestDb};
use tokio::sync::{Notify, Semaphore};

/// A job that runs until it is let go.
struct Gated {
    name: &'static str,
    started: AtomicUsize,
    ended: AtomicUsize,
    gate: Semaphore,
    begun: Notify,
}

impl Gated {
    fn new(name: &'static str, free_runs: usize) -> Arc<Self> {
        let (started, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { name, started, ended, gate: Semaphore::new(free_runs), begun: Notify::new() })
    }
    fn counts(&self) -> (usize, usize) {
        (self.started.load(SeqCst), self.ended.load(SeqCst))
    }
}

#[async_trait]
impl Job for Gated {
    fn name(&self) -> &'static str {
        self.name
    }
    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::hours(1))
    }
    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        self.started.fetch_add(1, SeqCst);
        self.begun.notify_one();
        self.gate.acquire().await.map_err(|e| e.to_string())?.forget();
        self.ended.fetch_add(1, SeqCst);
        Ok("done".into())
    }
}

struct Panics;

#[async_trait]
impl Job for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }
    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::hours(1))
    }
    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        panic!("a bug")
    }
}

async fn scheduler(t: &TestDb, jobs: Vec<Arc<dyn Job>>) -> Scheduler {
    let scheduler = Scheduler::new(&instance(t), jobs);
    scheduler.register().await.unwrap();
    scheduler
}

async fn all_due(t: &TestDb) {
    t.pool().execute_unprepared("UPDATE scheduled_jobs SET next_run_at = '2020-01-01 00:00:00+00:00'").await.unwrap();
}

async fn outcome(t: &TestDb, name: &str) -> Option<String> {
    let core = instance(t);
    let jobs = core.stores.jobs.all(&core.db).await.unwrap();
    jobs.into_iter().find(|job| job.name == name).unwrap().last_outcome
}

async fn until(what: impl Fn() -> bool) {
    let reached = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reached).await.expect("reached in time");
}

both! {
    async fn a_job_that_takes_long_keeps_no_other_waiting(t: TestDb) {
        let (slow, quick) = (Gated::new("a_slow", 0), Gated::new("b_quick", 9));
        let scheduler = scheduler(t, vec![slow.clone(), quick.clone()]).await;
        all_due(t).await;
        let stop = Notify::new();
        let watched = async {
            until(|| slow.counts() == (1, 0) && quick.counts() == (1, 1)).await;
            // its end is written a moment later
            while outcome(t, "b_quick").await.as_deref() != Some("ok: done") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.notify_one();
            // the one that runs is waited for
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(slow.counts(), (1, 0));
            slow.gate.add_permits(1);
        };
        let (ran, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(20), scheduler.run(stop.notified())), watched);
        ran.expect("it stops");
        assert_eq!((slow.counts(), outcome(t, "a_slow").await.as_deref()), ((1, 1), Some("ok: done")));
    }

    async fn only_so_many_run_at_once_and_the_rest_follow(t: TestDb) {
        const NAMES: [&str; 7] = ["j1", "j2", "j3", "j4", "j5", "j6", "j7"];
        let jobs: Vec<_> = NAMES.iter().map(|name| Gated::new(name, 0)).collect();
        let all: Vec<Arc<dyn Job>> = jobs.iter().map(|j| j.clone() as Arc<dyn Job>).collect();
        let scheduler = scheduler(t, all.clone()).await;
        all_due(t).await;
        let started = || jobs.iter().map(|j| j.counts().0).sum::<usize>();
        let watched = async {
            until(|| started() == 4).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(started(), 4, "what is not begun is not claimed either: another instance may take it");
            jobs[0].gate.add_permits(1);
            until(|| started() == 5).await;
            jobs.iter().for_each(|j| j.gate.add_permits(1));
        };
        let (ran, ()) = tokio::join!(scheduler.run_due(), watched);
        assert_eq!(ran.unwrap(), 7);
        assert!(jobs.iter().all(|j| j.counts() == (1, 1)));
    }

    async fn over_many_instances_each_job_runs_once(t: TestDb) {
        let jobs = [Gated::new("one", 99), Gated::new("two", 99)];
        let all: Vec<Arc<dyn Job>> = jobs.iter().map(|j| j.clone() as Arc<dyn Job>).collect();
        let mut instances = Vec::new();
        for _ in 0..6 {
            instances.push(scheduler(t, all.clone()).await);
        }
        for round in 1..=3 {
            all_due(t).await;
            let ran = futures::future::join_all(instances.iter().map(Scheduler::run_due)).await;
            assert_eq!(ran.into_iter().map(Result::unwrap).sum::<usize>(), 2);
            assert!(jobs.iter().all(|j| j.counts() == (round, round)));
        }
    }

    async fn a_job_that_runs_past_its_lease_keeps_it(t: TestDb) {
        let long = Gated::new("long", 0);
        let scheduler = scheduler(t, vec![long.clone()]).await.renewed_every(Duration::from_millis(50));
        all_due(t).await;
        let watched = async {
            until(|| long.counts().0 == 1).await;
            // as if the time of the lease were over
            t.pool().execute_unprepared("UPDATE scheduled_jobs SET leased_until = '2020-01-01 00:00:00+00:00'").await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let other = self::scheduler(t, vec![long.clone()]).await;
            let ran = tokio::time::timeout(Duration::from_secs(5), other.run_due()).await;
            assert_eq!(ran.expect("it has nothing to do").unwrap(), 0);
            long.gate.add_permits(1);
        };
        let (ran, ()) = tokio::join!(scheduler.run_due(), watched);
        assert_eq!((ran.unwrap(), long.counts()), (1, (1, 1)));
    }

    async fn a_job_that_another_instance_has_taken_over_is_stopped(t: TestDb) {
        let long = Gated::new("long", 0);
        let scheduler = scheduler(t, vec![long.clone()]).await.renewed_every(Duration::from_millis(50));
        all_due(t).await;
        let watched = async {
            until(|| long.counts().0 == 1).await;
            t.pool().execute_unprepared("UPDATE scheduled_jobs SET lease = 'another'").await.unwrap();
        };
        let both = async { tokio::join!(scheduler.run_due(), watched) };
        let (ran, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.expect("it is stopped");
        assert_eq!((ran.unwrap(), long.counts(), outcome(t, "long").await), (1, (1, 0), None));
    }

    async fn a_job_that_panics_is_told_of_and_runs_again_at_its_time(t: TestDb) {
        let fine = Gated::new("fine", 9);
        let scheduler = scheduler(t, vec![Arc::new(Panics), fine.clone()]).await;
        all_due(t).await;
        assert_eq!(scheduler.run_due().await.unwrap(), 2);
        assert_eq!(outcome(t, "panics").await.as_deref(), Some("error: it panicked: see the log"));
        assert_eq!(fine.counts(), (1, 1));
        assert_eq!(scheduler.run_due().await.unwrap(), 0, "not before its time");
    }
}

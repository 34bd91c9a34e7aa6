//! Effects: leased by one worker at a time, in order, and never lost.
use chrono::{TimeDelta, Utc};
use domain::kernel::outbox::{Effect, Model, OutboxStatus as S, backoff};
use futures::FutureExt;
use repository::{
    Db, StoreError,
    kernel::outbox::{Outbox, SeaOutbox},
};
use sea_orm::{EntityTrait, QueryOrder};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};
use testkit::{both, database::TestDb};

const KIND: &str = "test.effect";
const HOLDS: TimeDelta = TimeDelta::seconds(60);

fn effect(aggregate: &str, key: Option<&str>) -> Effect {
    Effect {
        gym: None,
        kind: KIND,
        aggregate: aggregate.to_owned(),
        dedupe_key: key.map(str::to_owned),
        payload: serde_json::json!({}),
    }
}

async fn push(db: &Db, aggregate: &str, key: Option<&str>) {
    SeaOutbox.push(db, effect(aggregate, key)).await.unwrap();
}

async fn claim(db: &Db, lease: &str, max: u64) -> Vec<Model> {
    let mut rows = SeaOutbox.claim(db, &[KIND], max, lease, HOLDS).await.unwrap();
    rows.sort_by_key(|row| row.id);
    rows
}

/// The aggregates of what can be claimed now.
async fn next(db: &Db, lease: &str) -> Vec<String> {
    claim(db, lease, 100).await.into_iter().map(|row| row.aggregate).collect()
}

async fn all(db: &Db) -> Vec<Model> {
    use domain::kernel::outbox::{Column, Entity};
    Entity::find().order_by_asc(Column::Id).all(db.pool().unwrap()).await.unwrap()
}

async fn states(db: &Db) -> Vec<S> {
    all(db).await.into_iter().map(|row| row.status).collect()
}

both! {
    async fn word_of_an_effect_comes_with_the_commit_that_wrote_it(t: TestDb) {
        let told = || t.db.effects_written().now_or_never().is_some();
        for (writes, commits) in [(true, true), (true, false), (false, true)] {
            let tx = t.db.begin().await.unwrap();
            if writes {
                SeaOutbox.push(&tx, effect("a", None)).await.unwrap();
            }
            assert!(!told(), "nobody can see it yet");
            if commits { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
            assert_eq!(told(), writes && commits, "writes: {writes}, commits: {commits}");
            assert!(!told(), "it is told once");
        }
        push(&t.db, "b", None).await;
        assert!(told(), "without a transaction it can be seen at once");
        SeaOutbox.replay_all(&t.db).await.unwrap();
        assert!(told(), "a dead effect that is replayed is due");
    }

    async fn of_one_aggregate_only_the_oldest_unfinished_effect_is_leased(t: TestDb) {
        for aggregate in ["a", "a", "b", "a"] {
            push(&t.db, aggregate, None).await;
        }
        let first = claim(&t.db, "w1", 100).await;
        assert_eq!(first.iter().map(|r| (r.aggregate.as_str(), r.attempts)).collect::<Vec<_>>(), [("a", 1), ("b", 1)]);
        assert_eq!(next(&t.db, "w2").await, Vec::<String>::new(), "the first of a runs still");
        // one that waits for its next attempt holds the others back as well
        let later = Utc::now() + TimeDelta::hours(1);
        assert!(SeaOutbox.postpone(&t.db, &first[0], "w1", later, "no").await.unwrap());
        assert_eq!(next(&t.db, "w2").await, Vec::<String>::new());
        let again = Utc::now() - TimeDelta::seconds(1);
        set_due(t, first[0].id.0, again).await;
        let second = claim(&t.db, "w2", 100).await;
        assert_eq!(second.iter().map(|r| (r.id, r.attempts)).collect::<Vec<_>>(), [(first[0].id, 2)]);
        assert_eq!(SeaOutbox.finish(&t.db, &[first[0].id], "w2").await.unwrap(), 1);
        let third = claim(&t.db, "w2", 100).await;
        assert_eq!(third.len(), 1);
        // a dead one does not hold back what follows
        assert!(SeaOutbox.park(&t.db, third[0].id, "w2", "never").await.unwrap());
        assert_eq!(next(&t.db, "w3").await, ["a"]);
    }

    async fn workers_that_claim_at_once_never_get_the_same_effect_and_keep_the_order(t: TestDb) {
        for n in 0..120 {
            push(&t.db, &format!("agg:{}", n % 24), None).await;
        }
        let (claimed, running) = (Mutex::new(Vec::new()), Mutex::new(BTreeSet::new()));
        let worker = |n: usize| {
            let (claimed, running) = (&claimed, &running);
            async move {
                let (lease, mut idle) = (format!("worker-{n}"), 0);
                while idle < 20 {
                    let rows = claim(&t.db, &lease, 3).await;
                    if rows.is_empty() {
                        idle += 1;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    for row in &rows {
                        claimed.lock().unwrap().push((row.aggregate.clone(), row.id));
                        assert!(running.lock().unwrap().insert(row.aggregate.clone()), "{} runs twice", row.aggregate);
                    }
                    tokio::task::yield_now().await;
                    for row in rows {
                        running.lock().unwrap().remove(&row.aggregate);
                        assert_eq!(SeaOutbox.finish(&t.db, &[row.id], &lease).await.unwrap(), 1);
                    }
                }
            }
        };
        futures::future::join_all((0..6).map(worker)).await;
        let claimed = claimed.into_inner().unwrap();
        assert_eq!(claimed.len(), 120);
        assert_eq!(claimed.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>().len(), 120);
        let mut last = BTreeMap::new();
        for (aggregate, id) in claimed {
            assert!(last.insert(aggregate, id).is_none_or(|before| before < id), "out of order");
        }
    }

    async fn a_claim_takes_no_more_than_it_was_asked_for(t: TestDb) {
        for n in 0..60 {
            push(&t.db, &format!("a{n}"), None).await;
        }
        for n in 1..=10 {
            let rows = claim(&t.db, &format!("w{n}"), n).await;
            assert_eq!(rows.len() as u64, n);
            let first = n * (n - 1) / 2;
            let wanted: Vec<_> = (first..first + n).map(|n| format!("a{n}")).collect();
            assert_eq!(rows.into_iter().map(|r| r.aggregate).collect::<Vec<_>>(), wanted, "the oldest first");
        }
    }

    async fn a_lease_ends_when_its_holder_dies_and_the_dead_can_change_nothing(t: TestDb) {
        push(&t.db, "a", None).await;
        let held = SeaOutbox.claim(&t.db, &[KIND], 1, "dies", TimeDelta::milliseconds(300)).await.unwrap();
        assert_eq!((held.len(), next(&t.db, "heir").await.len()), (1, 0));
        tokio::time::sleep(Duration::from_millis(400)).await;
        let inherited = claim(&t.db, "heir", 10).await;
        assert_eq!((inherited[0].id, inherited[0].attempts), (held[0].id, 2));
        let soon = Utc::now();
        assert_eq!(SeaOutbox.finish(&t.db, &[held[0].id], "dies").await.unwrap(), 0);
        assert!(!SeaOutbox.postpone(&t.db, &held[0], "dies", soon, "late").await.unwrap());
        assert!(!SeaOutbox.park(&t.db, held[0].id, "dies", "late").await.unwrap());
        assert_eq!(SeaOutbox.release(&t.db, "dies").await.unwrap(), 0);
        assert_eq!(states(&t.db).await, [S::Running]);
        assert_eq!(SeaOutbox.finish(&t.db, &[held[0].id], "heir").await.unwrap(), 1);
        assert_eq!(states(&t.db).await, [S::Done]);
    }

    async fn a_worker_that_stops_hands_its_leases_back(t: TestDb) {
        push(&t.db, "a", None).await;
        push(&t.db, "b", None).await;
        claim(&t.db, "stops", 1).await;
        assert_eq!(SeaOutbox.release(&t.db, "stops").await.unwrap(), 1);
        assert_eq!(next(&t.db, "other").await, ["a", "b"]);
    }

    async fn med_27_a_postponed_effect_is_due_at_its_time_and_not_before(t: TestDb) {
        push(&t.db, "a", None).await;
        for attempt in 1..=6 {
            let rows = claim(&t.db, "w", 1).await;
            assert_eq!(rows[0].attempts, attempt);
            let at = domain::kernel::time::now() + backoff(attempt);
            assert!(SeaOutbox.postpone(&t.db, &rows[0], "w", at, "unavailable").await.unwrap());
            let row = all(&t.db).await.remove(0);
            assert_eq!((row.status, row.next_attempt_at, row.lease), (S::Pending, at, None));
            assert_eq!(row.last_error.as_deref(), Some("unavailable"));
            assert_eq!(next(&t.db, "w").await, Vec::<String>::new());
            set_due(t, row.id.0, Utc::now() - TimeDelta::milliseconds(1)).await;
        }
    }

    async fn of_effects_that_wait_with_one_key_there_is_one(t: TestDb) {
        push(&t.db, "a", Some("k")).await;
        push(&t.db, "a", Some("k")).await;
        push(&t.db, "a", Some("other")).await;
        push(&t.db, "a", None).await;
        push(&t.db, "a", None).await;
        assert_eq!(all(&t.db).await.len(), 4);
        // what runs does not swallow what comes meanwhile
        let first = claim(&t.db, "w", 1).await;
        push(&t.db, "a", Some("k")).await;
        push(&t.db, "a", Some("k")).await;
        assert_eq!(all(&t.db).await.len(), 5);
        // and when it fails the newer one stands for both
        assert!(SeaOutbox.postpone(&t.db, &first[0], "w", Utc::now(), "no").await.unwrap());
        assert_eq!(states(&t.db).await, [S::Done, S::Pending, S::Pending, S::Pending, S::Pending]);
    }

    async fn an_effect_that_fails_while_a_newer_one_is_written_is_no_error(t: TestDb) {
        for n in 0..40 {
            let key = format!("k{n}");
            push(&t.db, &key, Some(&key)).await;
            let row = claim(&t.db, "w", 1).await.remove(0);
            let (postponed, ()) = tokio::join!(
                SeaOutbox.postpone(&t.db, &row, "w", Utc::now() + TimeDelta::hours(1), "no"),
                push(&t.db, &key, Some(&key)),
            );
            assert!(postponed.unwrap());
            let waiting = all(&t.db).await.into_iter().filter(|r| r.aggregate == key && r.status == S::Pending).count();
            assert_eq!(waiting, 1);
        }
    }

    async fn idn_109_an_effect_comes_with_its_change_or_not_at_all(t: TestDb) {
        let failed: Result<(), StoreError> = t.db.run(async |tx| {
            SeaOutbox.push(&tx, effect("a", None)).await?;
            Err(StoreError::Detached)
        }).await;
        assert!(failed.is_err() && all(&t.db).await.is_empty());
        t.db.run(async |tx| SeaOutbox.push(&tx, effect("a", None)).await).await.unwrap();
        assert_eq!(next(&t.db, "w").await, ["a"]);
    }

    async fn an_effect_whose_twin_is_being_written_is_not_delivered_before_the_change_is_visible(t: TestDb) {
        // SQLite's one writer at a time says so by itself
        if t.is_postgres() {
            push(&t.db, "a", Some("k")).await;
            let tx = t.db.begin().await.unwrap();
            SeaOutbox.push(&tx, effect("a", Some("k"))).await.unwrap();
            assert_eq!(next(&t.db, "early").await, Vec::<String>::new(), "the change cannot be seen yet");
            tx.commit().await.unwrap();
            assert_eq!(next(&t.db, "w").await, ["a"]);
            // and where the first was taken meanwhile, the second is written
            let tx = t.db.begin().await.unwrap();
            SeaOutbox.push(&tx, effect("a", Some("k"))).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(states(&t.db).await, [S::Running, S::Pending]);
        }
    }

    async fn dead_effects_wait_for_an_operator_who_sends_them_again(t: TestDb) {
        for aggregate in ["a", "b", "c"] {
            push(&t.db, aggregate, Some(aggregate)).await;
            let row = claim(&t.db, "w", 1).await.remove(0);
            assert!(SeaOutbox.park(&t.db, row.id, "w", "refused").await.unwrap());
        }
        assert_eq!(SeaOutbox.backlog(&t.db).await.unwrap(), (0, 3));
        let dead = SeaOutbox.dead(&t.db, 2).await.unwrap();
        assert_eq!(dead.iter().map(|r| r.aggregate.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(dead[0].last_error.as_deref(), Some("refused"));
        assert_eq!(next(&t.db, "w").await, Vec::<String>::new());

        // beside a newer one of its key that waits
        push(&t.db, "a", Some("a")).await;
        assert!(SeaOutbox.replay(&t.db, dead[0].id).await.unwrap());
        assert!(!SeaOutbox.replay(&t.db, dead[0].id).await.unwrap(), "it is dead no more");
        let again = claim(&t.db, "w", 10).await;
        assert_eq!((again.len(), again[0].id, again[0].attempts), (1, dead[0].id, 1), "the older first");
        assert_eq!(SeaOutbox.backlog(&t.db).await.unwrap(), (2, 2));

        assert_eq!(SeaOutbox.replay_all(&t.db).await.unwrap(), 2);
        assert_eq!(SeaOutbox.replay_all(&t.db).await.unwrap(), 0);
        assert_eq!(next(&t.db, "w").await, ["b", "c"]);
        assert_eq!(SeaOutbox.backlog(&t.db).await.unwrap(), (4, 0));
    }

    async fn only_what_was_done_long_ago_is_removed(t: TestDb) {
        for aggregate in ["done", "dead", "waits"] {
            push(&t.db, aggregate, None).await;
        }
        let rows = claim(&t.db, "w", 2).await;
        assert_eq!(SeaOutbox.finish(&t.db, &[rows[0].id], "w").await.unwrap(), 1);
        assert!(SeaOutbox.park(&t.db, rows[1].id, "w", "no").await.unwrap());
        assert_eq!(SeaOutbox.reap(&t.db, Utc::now() - TimeDelta::hours(1)).await.unwrap(), 0);
        assert_eq!(SeaOutbox.reap(&t.db, Utc::now() + TimeDelta::hours(1)).await.unwrap(), 1);
        assert_eq!(states(&t.db).await, [S::Dead, S::Pending]);
    }

    async fn a_worker_takes_only_the_kinds_that_it_knows(t: TestDb) {
        push(&t.db, "a", None).await;
        assert!(SeaOutbox.claim(&t.db, &["test.other"], 10, "w", HOLDS).await.unwrap().is_empty());
        assert!(SeaOutbox.claim(&t.db, &[], 10, "w", HOLDS).await.unwrap().is_empty());
        assert_eq!(next(&t.db, "w").await, ["a"]);
    }
}

async fn set_due(t: &TestDb, id: i64, at: chrono::DateTime<Utc>) {
    use domain::kernel::outbox::{Column as C, Entity};
    use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
    let set = Entity::update_many().col_expr(C::NextAttemptAt, Expr::value(at)).filter(C::Id.eq(id));
    assert_eq!(set.exec(t.pool()).await.unwrap().rows_affected, 1);
}

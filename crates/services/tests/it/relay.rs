//! Effects are tried again at their times, and given up at last.
use super::instance;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::kernel::outbox::{Effect, Model, OutboxStatus as S};
use sea_orm::{ConnectionTrait, EntityTrait};
use services::kernel::{
    dead_effects::DeadEffects,
    relay::{EffectHandler, Failure, Relay},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{both, database::TestDb};

/// Answers what it is told, the last answer for ever.
struct Scripted(Mutex<Vec<Result<(), Failure>>>);

#[async_trait]
impl EffectHandler for Scripted {
    fn kind(&self) -> &'static str {
        "test.effect"
    }
    fn max_attempts(&self) -> i32 {
        6
    }
    async fn deliver(&self, _: &Model) -> Result<(), Failure> {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    }
}

fn relay(t: &TestDb, answers: Vec<Result<(), Failure>>) -> Relay {
    Relay::new(&instance(t), vec![Arc::new(Scripted(Mutex::new(answers)))])
}

async fn push(t: &TestDb) {
    let core = instance(t);
    let payload = serde_json::json!({});
    let effect = Effect { gym: None, kind: "test.effect", aggregate: "a".into(), dedupe_key: None, payload };
    core.stores.outbox.push(&core.db, effect).await.unwrap();
}

#[allow(clippy::disallowed_methods)] // the outbox is no tenant's
async fn row(t: &TestDb) -> Model {
    domain::kernel::outbox::Entity::find().one(t.pool()).await.unwrap().unwrap()
}

async fn due(t: &TestDb) {
    t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01 00:00:00+00:00'").await.unwrap();
}

fn about(at: DateTime<Utc>, seconds: i64) -> bool {
    let off = at - Utc::now() - TimeDelta::seconds(seconds);
    off.abs() < TimeDelta::milliseconds(1500)
}

both! {
    async fn med_27_a_failed_delivery_is_tried_after_2_8_32_128_seconds_then_hourly_and_then_waits_for_an_operator(t: TestDb) {
        push(t).await;
        let relay = relay(t, vec![Err(Failure::retry("GET https://x.test/?token=hunter2 failed"))]);
        for (attempt, pause) in [(1, 2), (2, 8), (3, 32), (4, 128), (5, 3600)] {
            assert_eq!(relay.run_once().await.unwrap(), 1);
            let row = row(t).await;
            assert_eq!((row.status, row.attempts), (S::Pending, attempt));
            assert!(about(row.next_attempt_at, pause), "attempt {attempt}: {:?}", row.next_attempt_at - Utc::now());
            assert_eq!(relay.run_once().await.unwrap(), 0, "not before its time");
            due(t).await;
        }
        assert_eq!(relay.run_once().await.unwrap(), 1);
        assert_eq!((row(t).await.status, row(t).await.attempts), (S::Dead, 6));

        let operators = DeadEffects::new(&t.db);
        let (dead, all) = operators.list(10).await.unwrap();
        assert_eq!((dead.len(), all, dead[0].attempts), (1, 1, 6));
        assert_eq!(dead[0].error, "GET https://x.test/?token=*** failed");
        assert!(operators.replay(dead[0].id).await.unwrap() && !operators.replay(dead[0].id).await.unwrap());
        assert_eq!(self::relay(t, vec![Ok(())]).run_once().await.unwrap(), 1);
        assert_eq!((row(t).await.status, operators.replay_all().await.unwrap()), (S::Done, 0));
    }

    async fn the_other_sides_own_time_goes_before_the_schedule(t: TestDb) {
        push(t).await;
        let after = Some(Duration::from_secs(600));
        relay(t, vec![Err(Failure::Retry { reason: "busy".into(), after })]).run_once().await.unwrap();
        assert!(about(row(t).await.next_attempt_at, 600));
    }

    async fn what_can_never_work_is_not_tried_again(t: TestDb) {
        push(t).await;
        relay(t, vec![Err(Failure::Permanent("no such account".into()))]).run_once().await.unwrap();
        let row = row(t).await;
        assert_eq!((row.status, row.attempts, row.last_error.as_deref()), (S::Dead, 1, Some("no such account")));
    }
}

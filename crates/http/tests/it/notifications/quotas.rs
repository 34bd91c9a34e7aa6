//! How often may be sent.
use super::cast::{Cast, NOTIFICATIONS, app_now, cast, rows, states};
use async_trait::async_trait;
use domain::{
    identity::GymRole,
    notifications::{kind::NoticeKind, notification::NotificationStatus as S},
};
use ports::{CacheError, Counter, counter::Hits};
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    app::{Answer, App},
    both,
};

/// Windows that no clock ends in the middle of a test.
#[derive(Default)]
struct Counts(Mutex<HashMap<String, u64>>);

#[async_trait]
impl Counter for Counts {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        self.add(key, 1, window).await
    }
    async fn add(&self, key: &str, hits: u64, window: Duration) -> Result<Hits, CacheError> {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(key.to_owned()).or_default();
        *count += hits;
        Ok(Hits { count: *count as f64, resets_in: window })
    }
}

/// A store that is down.
struct Down;

#[async_trait]
impl Counter for Down {
    async fn slide(&self, _: &str, _: Duration) -> Result<Hits, CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
    async fn add(&self, _: &str, _: u64, _: Duration) -> Result<Hits, CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
}

async fn counted(t: &testkit::database::TestDb, counter: impl Counter) -> App {
    let counter = Arc::new(counter);
    App::with(t, |c| c.ports.counter = counter).await
}

async fn to_gym(app: &App, c: &Cast) -> Answer {
    c.send_to_gym(app, json!({"title": "t", "message": "m"})).await
}

async fn to_ana(app: &App, c: &Cast) -> Answer {
    c.send(app, json!({"user_ids": [c.ana.id.to_string()], "title": "t", "message": "m"})).await
}

both! {
    async fn ntf_36_a_gym_is_told_once_a_minute_and_people_thirty_times(t: TestDb) {
        let app = counted(t, Counts::default()).await;
        let c = cast(&app).await;
        to_gym(&app, &c).await.expect(200);
        let refused = to_gym(&app, &c).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "60"));
        let other = app.world.gym("other").await;
        let boss = app.world.person(&other, "other-boss", GymRole::Admin).await;
        let body = json!({"title": "t", "message": "m"});
        app.post(&format!("{NOTIFICATIONS}/send-to-gym")).by(&boss).at(other.id).json(body).send().await.expect(200);
        for _ in 0..30 {
            to_ana(&app, &c).await.expect(200);
        }
        assert_eq!(to_ana(&app, &c).await.status, 429);
        assert_eq!(rows(t).await.len(), 32);
    }

    async fn ntf_36_without_a_store_of_counters_what_was_written_counts(t: TestDb) {
        let app = counted(t, Down).await;
        let c = cast(&app).await;
        to_gym(&app, &c).await.expect(200);
        let refused = to_gym(&app, &c).await;
        assert_eq!(refused.status, 429);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        // what was sent to people is another quota
        for _ in 0..30 {
            to_ana(&app, &c).await.expect(200);
        }
        assert_eq!(to_ana(&app, &c).await.status, 429);
        t.pool().execute_unprepared("UPDATE notifications SET created_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
        to_gym(&app, &c).await.expect(200);
    }

    async fn ntf_37_what_exceeds_the_platforms_budget_waits_and_what_is_transactional_does_not(t: TestDb) {
        let counts = Counts::default();
        counts.0.lock().unwrap().insert("ntf:budget".into(), 10_000);
        let app = counted(t, counts).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        let mut bill = c.survey(vec![c.ana.id]);
        bill.kind = NoticeKind::PaymentOverdue;
        core.stage_notice(bill).await.unwrap();
        for _ in 0..8 {
            super::cast::deliver_now(&app, t).await;
        }
        assert_eq!(states(t).await, [S::Pending, S::Sent], "however often it was asked: that was no attempt");
        assert_eq!(rows(t).await[0].error.as_deref(), Some("the platform's budget is spent"));
        let (app, _) = app_now(t).await;
        super::cast::deliver_now(&app, t).await;
        assert_eq!(app.pushes.told("new_survey"), [c.ana.id], "in the next window");
    }

    async fn ntf_op8_a_test_reaches_oneself_five_times_an_hour(t: TestDb) {
        let app = counted(t, Counts::default()).await;
        let c = cast(&app).await;
        let test = async || app.post(&format!("{NOTIFICATIONS}/test")).by(&c.ana).at(c.gym.id).send().await;
        for _ in 0..5 {
            assert_eq!(test().await.expect(200)["recipients"], 1);
        }
        assert_eq!(test().await.status, 429);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("test"), [c.ana.id; 5]);
        let update = format!("UPDATE user_gyms SET is_active = false WHERE user_id = {}", c.ben.id);
        t.pool().execute_unprepared(&update).await.unwrap();
        let ended = app.post(&format!("{NOTIFICATIONS}/test")).by(&c.ben).at(c.gym.id).send().await;
        assert_eq!(ended.outcome(), (403, "membership_inactive".into()));
    }
}

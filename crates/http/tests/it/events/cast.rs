//! Who is there in the tests of events.
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    events::{event, participation},
    identity::{GymRole, gym, user},
    kernel::time,
};
use ports::{FixedClock, MemoryQueue};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{
    app::{Answer, App},
    database::TestDb,
};

pub const EVENTS: &str = "/api/v1/events/";
pub const KEY: &str = "a-key-of-workers";

pub struct Cast {
    pub gym: gym::Model,
    pub tom: user::Model,
    pub tina: user::Model,
    pub admin: user::Model,
    pub ana: user::Model,
    pub ben: user::Model,
}

/// Two trainers, an administrator and two members.
pub async fn cast(app: &App) -> Cast {
    let gym = app.world.gym("box").await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let tina = app.world.person(&gym, "tina", GymRole::Trainer).await;
    let admin = app.world.person(&gym, "adm", GymRole::Admin).await;
    let ana = app.world.member(&gym, "ana").await;
    let ben = app.world.member(&gym, "ben").await;
    Cast { gym, tom, tina, admin, ana, ben }
}

/// The API with a clock that can be moved, which stands at now, and a key for workers.
pub async fn app_with_clock(t: &TestDb) -> (App, FixedClock) {
    let clock = FixedClock::new(time::now());
    let app = App::with(t, |c| {
        c.core.clock = Arc::new(clock.clone());
        c.settings.worker_api_key = Some(KEY.into());
    });
    (app.await, clock)
}

/// The API with a queue whose messages fail for good at the third attempt.
pub async fn app_with_queue(t: &TestDb) -> (App, Arc<MemoryQueue>) {
    let queue = Arc::new(MemoryQueue::new(Duration::from_secs(60), 3));
    let app = App::with(t, |c| {
        c.ports.queue = Some(queue.clone());
        c.settings.worker_api_key = Some(KEY.into());
    });
    (app.await, queue)
}

/// Ends a test that would wait for ever.
pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it comes to an end")
}

pub fn in_days(days: i64) -> DateTime<Utc> {
    time::now() + TimeDelta::days(days)
}

/// A free event that can be made now, and what is otherwise.
pub fn body(change: Value) -> Value {
    let mut body = json!({"title": "Open day", "start_time": in_days(3), "end_time": in_days(4)});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

impl Cast {
    pub async fn create(&self, app: &App, by: &user::Model, change: Value) -> Answer {
        app.post(EVENTS).by(by).at(self.gym.id).json(body(change)).send().await
    }

    pub async fn put(&self, app: &App, by: &user::Model, event: &event::Model, change: Value) -> Answer {
        app.put(&format!("{EVENTS}{}", event.id)).by(by).at(self.gym.id).json(change).send().await
    }

    pub async fn get(&self, app: &App, by: &user::Model, path: &str) -> Value {
        app.get(&format!("{EVENTS}{path}")).by(by).at(self.gym.id).send().await.expect(200)
    }

    pub async fn cancel(&self, app: &App, by: &user::Model, event: &event::Model) -> Answer {
        app.delete(&format!("{EVENTS}{}?reason=Rain", event.id)).by(by).at(self.gym.id).send().await
    }

    /// What the gym's own account at the payment service needs.
    pub async fn takes_payments(&self, t: &TestDb) {
        let at = time::now().to_rfc3339();
        let sql = format!(
            "INSERT INTO gym_stripe_accounts (gym_id, stripe_account_id, account_type, country, default_currency, \
             onboarding_completed, charges_enabled, payouts_enabled, details_submitted, is_active, created_at, \
             updated_at) VALUES ({}, 'acct_1', 'standard', 'ES', 'EUR', true, true, true, true, true, '{at}', '{at}')",
            self.gym.id
        );
        t.pool().execute_unprepared(&sql).await.unwrap();
    }
}

/// What a worker asks for.
pub async fn worker(app: &App, path: &str, body: Value) -> Answer {
    app.post(&format!("/api/v1/worker/{path}")).header("x-api-key", KEY).json(body).send().await
}

pub async fn participations(app: &App, event: &event::Model) -> Vec<participation::Model> {
    let core = &app.services.core;
    core.stores.event_queries.participants(&core.db, event.gym_id, event.id).await.unwrap()
}

/// Makes every effect due, and delivers once.
pub async fn deliver_now(app: &App, t: &TestDb) {
    t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
    app.services.relay().run_once().await.unwrap();
}

/// The id of the channel of an event's room.
pub fn channel(event: &event::Model) -> String {
    format!("gym_{}_event_{}", event.gym_id, event.id)
}

/// Runs a scheduled job now.
pub async fn run_job(app: &App, name: &str) -> String {
    let (core, scheduler) = (&app.services.core, app.services.scheduler());
    scheduler.register().await.unwrap();
    assert!(core.stores.jobs.trigger(&core.db, name).await.unwrap(), "{name}");
    scheduler.run_due().await.unwrap();
    let jobs = core.stores.jobs.all(&core.db).await.unwrap();
    jobs.into_iter().find(|job| job.name == name).unwrap().last_outcome.unwrap()
}

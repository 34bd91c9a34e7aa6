//! A gym with an administrator and members, and what is told to them.
#![allow(clippy::disallowed_methods, reason = "rows are looked at as they are, whoever's they are")]
use domain::{
    UserId,
    identity::{GymRole, gym, user},
    notifications::{
        kind::NoticeKind,
        notification::{self, NotificationStatus},
    },
};
use ports::FixedClock;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::{Map, Value, json};
use services::notifications::notify::{Dedupe, MailNotice, Notice};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    database::TestDb,
};

pub const NOW: &str = "2026-05-04T10:00:00Z";
pub const NOTIFICATIONS: &str = "/api/v1/notifications";

pub struct Cast {
    pub gym: gym::Model,
    pub boss: user::Model,
    pub ana: user::Model,
    pub ben: user::Model,
}

pub async fn cast(app: &App) -> Cast {
    let gym = app.world.gym_with("box", |g| g.timezone = "Europe/Madrid".into()).await;
    let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
    let (ana, ben) = (app.world.member(&gym, "ana").await, app.world.member(&gym, "ben").await);
    Cast { gym, boss, ana, ben }
}

/// The API at [`NOW`].
pub async fn app_now(t: &TestDb) -> (App, FixedClock) {
    let clock = FixedClock::new(NOW.parse().unwrap());
    let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
    (app, clock)
}

impl Cast {
    pub async fn send(&self, app: &App, body: Value) -> Answer {
        app.post(&format!("{NOTIFICATIONS}/send")).by(&self.boss).at(self.gym.id).json(body).send().await
    }

    pub async fn send_to_gym(&self, app: &App, body: Value) -> Answer {
        app.post(&format!("{NOTIFICATIONS}/send-to-gym")).by(&self.boss).at(self.gym.id).json(body).send().await
    }

    pub async fn register(&self, app: &App, who: &user::Model, token: &str) -> Answer {
        let body = json!({"device_token": token, "platform": "ios"});
        app.post(&format!("{NOTIFICATIONS}/devices")).by(who).at(self.gym.id).json(body).send().await
    }

    pub async fn get(&self, app: &App, who: &user::Model, path: &str) -> Value {
        app.get(&format!("{NOTIFICATIONS}{path}")).by(who).at(self.gym.id).send().await.expect(200)
    }

    /// A notice of a new survey: one that may be refused, with one parameter.
    pub fn survey(&self, recipients: Vec<UserId>) -> Notice<'_> {
        Notice {
            gym: &self.gym,
            kind: NoticeKind::NewSurvey,
            variant: None,
            params: json!({"survey": "How was it?"}),
            data: Map::new(),
            recipients,
            dedupe: Dedupe::None,
            correlation: "survey".into(),
            until: None,
            send_after: None,
        }
    }

    /// That an event was cancelled, by mail, with what each gets back.
    pub fn cancelled_event(&self, refunds: Vec<(UserId, i64)>) -> MailNotice<'_> {
        let params = |cents: i64| {
            json!({"event": "Open <day>", "start": "2026-06-01T16:30:00Z", "place": "Park", "reason": "<i>Rain</i>",
                "refund_cents": cents, "currency": "EUR", "refund_pending": false})
        };
        MailNotice {
            gym: &self.gym,
            kind: NoticeKind::EventCancelled,
            recipients: refunds.into_iter().map(|(user, cents)| (user, params(cents))).collect(),
            dedupe: Dedupe::Whole("ev-can:1:email".into()),
            correlation: "event:1".into(),
        }
    }

    /// That there is a new event, by mail: one that may be refused.
    pub fn new_event(&self, to: &[&user::Model]) -> MailNotice<'_> {
        let params = json!({"event": "Open day", "start": "2026-06-01T16:30:00Z", "place": "Park"});
        MailNotice {
            gym: &self.gym,
            kind: NoticeKind::EventCreated,
            recipients: to.iter().map(|user| (user.id, params.clone())).collect(),
            dedupe: Dedupe::None,
            correlation: "event:2".into(),
        }
    }
}

/// Every notification, the oldest first.
pub async fn rows(t: &TestDb) -> Vec<notification::Model> {
    notification::Entity::find().order_by_asc(notification::Column::Id).all(t.pool()).await.unwrap()
}

pub async fn states(t: &TestDb) -> Vec<NotificationStatus> {
    rows(t).await.into_iter().map(|row| row.status).collect()
}

/// Makes every effect due, and delivers once.
pub async fn deliver_now(app: &App, t: &TestDb) {
    t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
    app.services.relay().run_once().await.unwrap();
}

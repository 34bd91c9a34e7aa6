//! What the platform tells segments of the push service.
use super::cast::{app_now, cast, deliver_now, rows};
use chrono::TimeDelta;
use domain::identity::{GymRole, user};
use ports::push::{NullPush, PushError};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    both,
};

const SEGMENT: &str = "/api/v1/platform/notifications/send-to-segment";

fn news() -> Value {
    json!({"segment": " Subscribed Users ", "title": " Hello ", "message": "There is a new version.",
        "data": {"type": "release", "screen": "about", "gym_id": 1, "gym_name": "Evil"}})
}

async fn send(app: &App, by: &user::Model, body: Value) -> Answer {
    app.post(SEGMENT).by(by).json(body).send().await
}

/// Effects that wait, and dead ones.
async fn backlog(app: &App) -> (u64, u64) {
    let core = &app.services.core;
    core.stores.outbox.backlog(&core.db).await.unwrap()
}

both! {
    async fn ntf_12_ntf_21_a_segment_is_told_after_the_answer_and_in_no_gyms_name(t: TestDb) {
        let (app, _) = app_now(t).await;
        let root = app.world.super_admin("root").await;
        let queued = send(&app, &root, news()).await.expect(200);
        assert!(app.pushes.to_segments().is_empty(), "no request waits for the vendor");
        app.deliver_effects().await;
        let sent = app.pushes.to_segments();
        assert_eq!(sent.len(), 1);
        let (segment, message) = &sent[0];
        assert_eq!(segment, "Subscribed Users");
        assert_eq!((message.headings.en.as_str(), message.headings.es.as_str()), ("Hello", "Hello"));
        assert_eq!(message.contents.en, "There is a new version.");
        assert_eq!(Value::Object(message.data.clone()), json!({"type": "release", "screen": "about"}));
        assert_eq!(queued, json!({"notification_id": message.key}));
        assert!(message.users.is_empty() && app.pushes.sent().is_empty() && rows(t).await.is_empty());
    }

    async fn ntf_12_nobody_but_a_super_admin_tells_a_segment(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let owner = app.world.person(&c.gym, "owner", GymRole::Owner).await;
        for who in [&c.ana, &c.boss, &owner] {
            let answer = app.post(SEGMENT).by(who).at(c.gym.id).json(news()).send().await;
            assert_eq!(answer.outcome(), (403, "super_admin_only".into()));
        }
        let root = app.world.super_admin("root").await;
        for (field, value) in [
            ("segment", json!(" ")),
            ("segment", json!("x".repeat(129))),
            ("segment", json!(null)),
            ("title", json!("x".repeat(121))),
            ("message", json!("")),
            ("data", json!({"a": "x".repeat(2050)})),
        ] {
            let mut body = news();
            body[field] = value;
            assert_eq!(send(&app, &root, body).await.status, 422, "{field}");
        }
        assert_eq!(backlog(&app).await, (0, 0));
    }

    async fn ntf_12_ntf_25_ntf_34_a_segment_is_tried_again_under_the_same_key_within_a_day(t: TestDb) {
        let (app, clock) = app_now(t).await;
        let root = app.world.super_admin("root").await;
        app.pushes.fail(PushError::Unavailable { reason: "down".into(), retry_after: None });
        let queued = send(&app, &root, news()).await.expect(200);
        deliver_now(&app, t).await;
        assert_eq!((app.pushes.to_segments().len(), backlog(&app).await), (0, (1, 0)));
        deliver_now(&app, t).await;
        let keys: Vec<_> = app.pushes.to_segments().into_iter().map(|(_, message)| json!(message.key)).collect();
        assert_eq!(keys, [queued["notification_id"].clone()]);
        send(&app, &root, news()).await.expect(200);
        clock.advance(TimeDelta::hours(25));
        deliver_now(&app, t).await;
        assert_eq!((app.pushes.to_segments().len(), backlog(&app).await), (1, (0, 0)), "too old by then");
    }

    async fn ntf_12_ntf_33_a_segment_that_the_service_refuses_waits_for_an_operator(t: TestDb) {
        let (app, _) = app_now(t).await;
        let root = app.world.super_admin("root").await;
        app.pushes.fail(PushError::Refused("400 no such segment".into()));
        send(&app, &root, news()).await.expect(200);
        app.deliver_effects().await;
        assert_eq!((app.pushes.to_segments().len(), backlog(&app).await), (0, (0, 1)));
        app.post("/api/v1/platform/outbox/dead/replay").by(&root).send().await.expect(200);
        app.deliver_effects().await;
        assert_eq!((app.pushes.to_segments().len(), backlog(&app).await), (1, (0, 0)));
    }

    async fn ntf_12_ntf_28_without_a_push_service_nothing_is_left_over(t: TestDb) {
        let app = App::with(t, |c| c.ports.push = Arc::new(NullPush)).await;
        let root = app.world.super_admin("root").await;
        send(&app, &root, news()).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(backlog(&app).await, (0, 0));
    }
}

//! What separately deployed workers ask for.
use super::cast::{KEY, app_with_clock, cast, in_days, worker};
use chrono::TimeDelta;
use domain::events::event::EventStatus;
use serde_json::json;
use std::sync::Arc;
use testkit::{
    app::{App, Call},
    both,
};

const DUE: &str = "/api/v1/worker/events/due-completion";

fn call<'a>(app: &'a App, method: &str, path: &str) -> Call<'a> {
    app.call(method.parse().unwrap(), &format!("/api/v1/worker/{path}"))
}

both! {
    /// Edge case 20.
    async fn evt_80_the_key_opens_and_nothing_else_does(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        let closed = App::new(t).await;
        let c = cast(&app).await;
        let paths = [
            ("POST", "event-chat"), ("POST", "event-completion"), ("GET", "events/due-completion"), ("POST", "events/1/complete"),
        ];
        for (method, path) in paths {
            let unset = call(&closed, method, path).header("x-api-key", KEY).json(json!({})).send().await;
            assert_eq!(unset.outcome(), (500, "worker_key_not_configured".into()), "{path}");
            let ask = || call(&app, method, path);
            for refused in [ask(), ask().header("x-api-key", "wrong"), ask().by(&c.admin).at(c.gym.id)] {
                let answer = refused.json(json!({})).send().await;
                assert_eq!(answer.outcome(), (401, "invalid_worker_key".into()), "{path}");
            }
        }
        app.get(DUE).header("x-api-key", KEY).send().await.expect(200);
    }

    async fn evt_81_a_body_that_cannot_be_read_is_refused(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        for (path, body) in [
            ("event-chat", json!({"event_id": 1, "creator_id": 1, "gym_id": 0})),
            ("event-chat", json!({"event_id": 1, "gym_id": 1})),
            ("event-completion", json!({"event_id": 1, "gym_id": -1})),
            ("event-completion", json!({"gym_id": 1})),
        ] {
            assert_eq!(worker(&app, path, body.clone()).await.outcome(), (422, "validation_error".into()), "{path} {body}");
        }
    }

    async fn evt_83_what_is_over_is_listed_over_all_gyms_the_oldest_first(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", domain::identity::GymRole::Admin).await;
        let ends = |days: i64| move |e: &mut domain::events::event::Create| {
            e.start_time = in_days(days) - TimeDelta::hours(1);
            e.end_time = in_days(days);
        };
        let second = app.world.event_with(&c.gym, &c.tom, 5, ends(2)).await;
        let first = app.world.event_with(&there, &far, 5, ends(1)).await;
        app.world.event_with(&c.gym, &c.tom, 5, ends(9)).await;
        app.world.event_with(&c.gym, &c.tom, 5, |e| {
            ends(1)(e);
            e.status = EventStatus::Cancelled;
        }).await;
        clock.advance(TimeDelta::days(3));
        let due = app.get(DUE).header("x-api-key", KEY).send().await.expect(200);
        let ids: Vec<_> = due.as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
        assert_eq!(ids, [json!(first.id), json!(second.id)]);
        assert_eq!((&due[0]["event_id"], &due[0]["gym_id"]), (&json!(first.id), &json!(there.id)));
        assert_eq!((&due[0]["status"], due[0].get("end_time").is_some()), (&json!("SCHEDULED"), true));
    }

    /// Edge case 21.
    async fn evt_90_evt_91_an_event_is_completed_when_it_is_over_and_once(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let other = app.world.event(&c.gym, &c.tom, 5).await;
        let cancelled = app.world.event_with(&c.gym, &c.tom, 5, |e| e.status = EventStatus::Cancelled).await;
        let complete = async |id: domain::EventId| worker(&app, &format!("events/{id}/complete"), json!({})).await;
        let in_gym = async |id: domain::EventId| worker(&app, "event-completion", json!({"event_id": id, "gym_id": c.gym.id})).await.expect(200);
        assert_eq!(complete(domain::EventId(999_999)).await.outcome(), (404, "event_not_found".into()));
        assert_eq!(complete(event.id).await.outcome(), (409, "event_not_over".into()));
        assert_eq!(in_gym(event.id).await["details"], json!({"retryable": true, "code": "event_not_over"}));
        clock.advance(TimeDelta::days(4));
        for _ in 0..2 {
            let done = complete(event.id).await.expect(200);
            assert_eq!((&done["status"], &done["event_id"]), (&json!("COMPLETED"), &json!(event.id)));
        }
        assert_eq!(complete(cancelled.id).await.outcome(), (409, "event_cancelled".into()));
        let done = in_gym(other.id).await;
        assert_eq!((&done["success"], &done["details"]), (&json!(true), &json!({"event_status": "COMPLETED", "chat_closed": false})));
        let again = in_gym(other.id).await;
        assert_eq!((&again["success"], &again["details"]), (&json!(true), &json!({"event_status": "COMPLETED", "was_already_completed": true})));
        assert_eq!(in_gym(cancelled.id).await["details"], json!({"retryable": false, "code": "event_cancelled"}));
        assert_eq!(in_gym(domain::EventId(999_999)).await["success"], false);
    }

    async fn evt_91_an_unexpected_error_is_counted_and_told(t: TestDb) {
        let (plain, clock) = app_with_clock(t).await;
        let c = cast(&plain).await;
        let event = plain.world.event(&c.gym, &c.tom, 5).await;
        clock.advance(TimeDelta::days(4));
        let (events, upkeep) = testkit::events::never_completed(c.gym.id);
        let app = App::with(t, |change| {
            change.core.clock = Arc::new(clock.clone());
            change.core.stores.event_upkeep = upkeep;
            change.core.stores.events = events;
            change.settings.worker_api_key = Some(KEY.into());
        })
        .await;
        let answer = worker(&app, &format!("events/{}/complete", event.id), json!({})).await;
        assert_eq!(answer.outcome(), (500, "internal_error".into()));
    }
}

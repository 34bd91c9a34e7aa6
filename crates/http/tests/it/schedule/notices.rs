//! What members are told of their classes, and how it reaches them.
use super::sessions::{app_at, book, cast};
use ports::push::PushError;
use sea_orm::ConnectionTrait;
use serde_json::json;
use testkit::{app::App, both, database::TestDb};

const NOW: &str = "2026-05-04T10:00:00Z";

/// Makes every effect due, and delivers once.
async fn deliver_now(app: &App, t: &TestDb) {
    t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
    app.services.relay().run_once().await.unwrap();
}

both! {
    async fn sch_53_sch_54_sch_83_ntf_17_ntf_43_a_notice_names_the_gym_the_class_and_the_gyms_hour(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let c = cast(&app, "America/New_York", 1).await;
        let start = "2026-05-05T22:30:00Z".parse().unwrap();
        let session = app.world.session_with(&c.spin, &c.tom, start, |s| s.room = Some("Sala 1".into())).await;
        book(&app, &c.ana, &session).await.expect(200);
        app.world.waiting(&session, c.admin.id).await;
        c.put(&app, &session, json!({"room": "Sala 2"})).await.expect(200);
        let give_back = format!("/api/v1/schedule/participation/cancel-registration/{}", session.id);
        app.post(&give_back).by(&c.ana).at(c.gym.id).send().await.expect(200);
        c.cancel(&app, &session).await.expect(200);
        // what was not told before the cancellation is not told any more
        app.deliver_effects().await;
        let sent = app.pushes.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        let message = &sent[0];
        assert_eq!(message.users, [c.admin.id]);
        assert_eq!((message.headings.en.as_str(), message.headings.es.as_str()), ("Gym box: class cancelled", "Gym box: clase cancelada"));
        assert_eq!(message.contents.en, "Spinning on May 5, 2026 at 18:30 was cancelled.");
        assert_eq!(message.contents.es, "Se ha cancelado Spinning del 05/05/2026 a las 18:30.");
        assert_eq!(serde_json::Value::Object(message.data.clone()), json!({
            "type": "session_cancelled", "session_id": session.id, "class_id": c.spin.id, "gym_id": c.gym.id,
            "gym_name": "Gym box", "start_time": "2026-05-05T22:30:00Z",
        }));
    }

    async fn sch_83_ntf_44_ntf_89_notices_of_one_session_come_in_their_order(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let c = cast(&app, "Europe/Madrid", 1).await;
        let start = "2026-05-05T16:30:00Z".parse().unwrap();
        let session = app.world.session(&c.spin, &c.tom, start).await;
        book(&app, &c.ana, &session).await.expect(200);
        app.world.waiting(&session, c.admin.id).await;
        c.put(&app, &session, json!({"override_capacity": 2, "room": "Sala 2"})).await.expect(200);
        app.deliver_effects().await;
        let sent = app.pushes.sent();
        let told: Vec<_> = sent.iter().map(|m| (m.data["type"].as_str().unwrap(), m.users.clone())).collect();
        assert_eq!(told, [("session_updated", vec![c.ana.id]), ("waitlist_promoted", vec![c.admin.id])]);
        assert_eq!(sent[0].contents.es, "Spinning ha cambiado. Empieza el 05/05/2026 a las 18:30, en Sala 2.");
        assert_eq!(sent[1].contents.en, "A seat became free: you are booked for Spinning on May 5, 2026 at 18:30.");
        assert_ne!(sent[0].key, sent[1].key);
    }

    async fn a_notice_waits_for_a_service_that_is_away_and_gives_up_on_one_that_refuses(t: TestDb) {
        let (app, _) = app_at(t, NOW).await;
        let c = cast(&app, "Europe/Madrid", 9).await;
        let start = "2026-05-05T16:30:00Z".parse().unwrap();
        let session = app.world.session(&c.spin, &c.tom, start).await;
        book(&app, &c.ana, &session).await.expect(200);
        c.put(&app, &session, json!({"room": "A"})).await.expect(200);
        app.pushes.fail(PushError::Unavailable { reason: "down".into(), retry_after: None });
        // the notice becomes a notification, and that is tried
        deliver_now(&app, t).await;
        deliver_now(&app, t).await;
        assert!(app.pushes.sent().is_empty());
        deliver_now(&app, t).await;
        assert_eq!(app.pushes.told("session_updated"), [c.ana.id]);
        c.put(&app, &session, json!({"room": "B"})).await.expect(200);
        app.pushes.fail(PushError::Refused("no such app".into()));
        deliver_now(&app, t).await;
        deliver_now(&app, t).await;
        deliver_now(&app, t).await;
        let core = &app.services.core;
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 1));
        assert_eq!(app.pushes.sent().len(), 1);
    }
}

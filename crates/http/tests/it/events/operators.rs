//! What whoever runs the system sees and does.
use super::cast::{app_with_queue, cast, deliver_now};
use domain::kernel::outbox::Effect;
use ports::{MemoryQueue, Queue, queue::Message};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both};

const LETTERS: &str = "/api/v1/platform/queue/dead-letters";
const DEAD: &str = "/api/v1/platform/outbox/dead";
const JOBS: &str = "/api/v1/platform/jobs";

both! {
    async fn evt_77_dead_letters_are_seen_without_what_they_carry_and_sent_again(t: TestDb) {
        let queue = Arc::new(MemoryQueue::new(Duration::ZERO, 1));
        let kept = queue.clone();
        let app = App::with(t, |c| c.ports.queue = Some(kept)).await;
        let root = app.world.super_admin("root").await;
        let body = r#"{"action":"create_event_chat","event_data":{"first_message_chat":"hush"}}"#;
        queue.send(&[Message { body: body.into(), group: "7".into(), dedup_id: "1".into() }]).await.remove(0).unwrap();
        assert_eq!(queue.receive(1, Duration::ZERO).await.unwrap().len(), 1);
        let listed = app.get(LETTERS).by(&root).send().await.expect(200);
        assert_eq!(listed, json!([{"id": "1", "group": "7", "action": "create_event_chat", "attempts": 1}]));
        let missing = app.post(&format!("{LETTERS}/nothing/replay")).by(&root).send().await;
        assert_eq!(missing.outcome(), (404, "dead_letter_not_found".into()));
        app.post(&format!("{LETTERS}/1/replay")).by(&root).send().await.expect(204);
        assert_eq!(app.get(LETTERS).by(&root).send().await.expect(200), json!([]));
        assert_eq!(queue.receive(1, Duration::ZERO).await.unwrap().len(), 1, "it is delivered again");
    }

    async fn evt_70_without_a_queue_there_are_no_dead_letters_to_look_at(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        assert_eq!(app.get(LETTERS).by(&root).send().await.outcome(), (409, "queue_not_configured".into()));
        assert!(app.services.consumer().is_none());
    }

    async fn dead_effects_are_seen_and_sent_again(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let core = &app.services.core;
        for _ in 0..2 {
            let effect = Effect { gym: None, kind: "storage.delete", aggregate: "object:x".into(), dedupe_key: None, payload: json!({"secret": "hush"}) };
            core.stores.outbox.push(&core.db, effect).await.unwrap();
        }
        sea_orm::ConnectionTrait::execute_unprepared(t.pool(), "UPDATE outbox SET status = 'dead', last_error = 'away'").await.unwrap();
        let listed = app.get(&format!("{DEAD}?limit=1")).by(&root).send().await.expect(200);
        assert_eq!((&listed["total"], listed["effects"].as_array().unwrap().len()), (&json!(2), 1));
        let first = &listed["effects"][0];
        assert_eq!((&first["kind"], &first["error"]), (&json!("storage.delete"), &json!("away")));
        assert!(!listed.to_string().contains("hush"));
        app.post(&format!("{DEAD}/{}/replay", first["id"])).by(&root).send().await.expect(204);
        assert_eq!(app.post(&format!("{DEAD}/{}/replay", first["id"])).by(&root).send().await.outcome(), (404, "dead_effect_not_found".into()));
        assert_eq!(app.post(&format!("{DEAD}/replay")).by(&root).send().await.expect(200), json!({"replayed": 1}));
        assert_eq!(app.get(DEAD).by(&root).send().await.expect(200)["total"], 0);
        assert_eq!(app.get(&format!("{DEAD}?limit=0")).by(&root).send().await.status.as_u16(), 422);
    }

    async fn jobs_tell_when_they_ran_how_long_and_how_it_ended(t: TestDb) {
        let (app, _) = app_with_queue(t).await;
        let root = app.world.super_admin("root").await;
        let scheduler = app.services.scheduler();
        scheduler.register().await.unwrap();
        let core = &app.services.core;
        assert!(core.stores.jobs.trigger(&core.db, "event_completion_backup").await.unwrap());
        let job = async || {
            let jobs = app.get(JOBS).by(&root).send().await.expect(200);
            jobs.as_array().unwrap().iter().find(|job| job["name"] == "event_completion_backup").unwrap().clone()
        };
        assert_eq!((&job().await["last_outcome"], &job().await["last_duration_seconds"]), (&Value::Null, &Value::Null));
        scheduler.run_due().await.unwrap();
        let ran = job().await;
        assert_eq!((&ran["last_outcome"], &ran["is_running"]), (&json!("ok: 0 completed, 0 failed"), &json!(false)));
        assert!(ran["last_duration_seconds"].as_f64().unwrap() >= 0.0 && ran["last_started_at"].is_string());
    }

    async fn operators_are_administrators_of_the_platform_and_nobody_else(t: TestDb) {
        let (app, _) = app_with_queue(t).await;
        let c = cast(&app).await;
        c.create(&app, &c.tom, json!({})).await.expect(201);
        deliver_now(&app, t).await;
        for path in [LETTERS, DEAD, JOBS] {
            assert_eq!(app.get(path).by(&c.admin).send().await.outcome(), (403, "super_admin_only".into()), "{path}");
        }
        for path in [format!("{LETTERS}/1/replay"), format!("{DEAD}/1/replay"), format!("{DEAD}/replay")] {
            assert_eq!(app.post(&path).by(&c.admin).send().await.outcome(), (403, "super_admin_only".into()), "{path}");
        }
    }
}

//! What was sent, as administrators see it.
use super::cast::{app_now, cast};
use domain::identity::GymRole;
use serde_json::{Value, json};
use testkit::both;

fn of(list: &Value, field: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|row| row[field].clone()).collect()
}

both! {
    async fn ntf_op6_the_history_has_what_was_sent_in_this_gym_and_what_became_of_it(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let sent = c.send(&app, json!({"user_ids": [c.ana.id.to_string()], "title": "Hello", "message": "m"})).await.expect(200);
        app.services.core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0)])).await.unwrap();
        app.deliver_effects().await;
        let other = app.world.gym("other").await;
        let boss = app.world.person(&other, "other-boss", GymRole::Admin).await;
        let body = json!({"title": "theirs", "message": "m"});
        app.post("/api/v1/notifications/send-to-gym").by(&boss).at(other.id).json(body).send().await.expect(200);
        let list = c.get(&app, &c.boss, "/history").await;
        assert_eq!(of(&list, "type"), [json!("event_cancelled"), json!("announcement")]);
        assert_eq!(of(&list, "channel"), [json!("email"), json!("push")]);
        let record = &list[1];
        assert_eq!((&record["correlation"], &record["title"], &record["message"]), (&sent["notification_id"], &json!("Gym box: Hello"), &json!("m")));
        assert_eq!((&record["status"], &record["recipients"], &record["accepted"]), (&json!("SENT"), &json!(1), &json!(1)));
        assert_eq!((&record["created_by"], &list[0]["created_by"]), (&json!(c.boss.id), &json!(null)));
        assert_eq!(of(&c.get(&app, &c.boss, "/history?type=announcement").await, "type"), [json!("announcement")]);
        assert_eq!(of(&c.get(&app, &c.boss, "/history?status=FAILED").await, "type"), Vec::<Value>::new());
        assert_eq!(of(&c.get(&app, &c.boss, "/history?skip=1&limit=1").await, "type"), [json!("announcement")]);
        let member = app.get("/api/v1/notifications/history").by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(member.outcome(), (403, "role_too_low".into()));
    }
}

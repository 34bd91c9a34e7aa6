//! The list of what one was told.
use super::cast::{NOTIFICATIONS, app_now, cast};
use serde_json::{Value, json};
use testkit::{app::App, both};

both! {
    async fn what_one_was_told_is_listed_in_ones_language_and_read_once(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        for survey in ["one", "two", "three"] {
            let mut notice = c.survey(vec![c.ana.id, c.ben.id]);
            notice.params = json!({"survey": survey});
            core.stage_notice(notice).await.unwrap();
        }
        core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0)])).await.unwrap();
        let list = app.get(&format!("{NOTIFICATIONS}/")).by(&c.ana).at(c.gym.id).header("accept-language", "es").send().await.expect(200);
        let messages: Vec<_> = list.as_array().unwrap().iter().map(|i| i["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["«three» espera tu opinión.", "«two» espera tu opinión.", "«one» espera tu opinión."], "pushes only, the newest first");
        assert_eq!((&list[0]["type"], &list[0]["read_at"], &list[0]["data"]["gym_id"]), (&json!("new_survey"), &json!(null), &json!(c.gym.id)));
        assert_eq!(c.get(&app, &c.ana, "/unread-count").await, json!({"unread": 3}));
        let read = async |app: &App, id: &Value| {
            let path = format!("{NOTIFICATIONS}/{}/read", id.as_str().unwrap());
            app.post(&path).by(&c.ana).at(c.gym.id).send().await
        };
        for _ in 0..2 {
            assert_eq!(read(&app, &list[1]["id"]).await.expect(200), json!({"unread": 2}));
        }
        let unread = c.get(&app, &c.ana, "/?unread=true").await;
        assert_eq!(unread.as_array().unwrap().len(), 2);
        assert_eq!(c.get(&app, &c.ana, "/?skip=2&limit=5").await.as_array().unwrap().len(), 1);
        assert_eq!(read(&app, &json!("none")).await.outcome(), (404, "notification_not_found".into()));
        let all = app.post(&format!("{NOTIFICATIONS}/read-all")).by(&c.ana).at(c.gym.id).send().await.expect(200);
        assert_eq!(all, json!({"unread": 0}));
        assert_eq!(c.get(&app, &c.ben, "/unread-count").await, json!({"unread": 3}), "others have read nothing");
    }

    async fn what_somebody_else_was_told_and_what_was_taken_back_is_not_listed(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ben.id])).await.unwrap();
        let theirs = c.get(&app, &c.ben, "/").await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(c.get(&app, &c.ana, "/").await, json!([]));
        let read = app.post(&format!("{NOTIFICATIONS}/{theirs}/read")).by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(read.outcome(), (404, "notification_not_found".into()));
        core.stage_withdrawal(c.gym.id, "survey").await.unwrap();
        assert_eq!(c.get(&app, &c.ben, "/").await, json!([]));
        assert_eq!(c.get(&app, &c.ben, "/unread-count").await, json!({"unread": 0}));
    }
}

//! What people refuse to be told, and what gyms decide.
use super::cast::{Cast, NOTIFICATIONS, app_now, cast, rows};
use domain::{
    identity::user,
    notifications::{kind::NoticeKind, notification::NotificationStatus as S},
};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

async fn say(app: &App, c: &Cast, who: &user::Model, said: Value) -> Answer {
    app.put(&format!("{NOTIFICATIONS}/preferences"))
        .by(who)
        .at(c.gym.id)
        .json(json!({"preferences": said}))
        .send()
        .await
}

fn of<'a>(list: &'a Value, kind: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|p| p["type"] == kind).unwrap()
}

both! {
    async fn what_one_refuses_is_not_pushed_and_the_kinds_own_word_counts_before_that_of_all(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let list = c.get(&app, &c.ana, "/preferences").await;
        assert_eq!(list[0], json!({"type": "*", "push": true, "email": true}));
        assert!(list.as_array().unwrap().iter().all(|p| p["type"] != "payment_overdue"), "what is owed cannot be refused");
        let list = say(&app, &c, &c.ana, json!([{"type": "*", "push": false}, {"type": "announcement", "push": true}])).await.expect(200);
        assert_eq!(of(&list, "new_survey"), &json!({"type": "new_survey", "push": false, "email": true}));
        assert_eq!(of(&list, "announcement"), &json!({"type": "announcement", "push": true, "email": true}));
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ana.id, c.ben.id])).await.unwrap();
        let mut bill = c.survey(vec![c.ana.id]);
        bill.kind = NoticeKind::PaymentOverdue;
        core.stage_notice(bill).await.unwrap();
        // a type of the gym's own is an announcement, also when it takes the name of another
        let body = json!({"user_ids": [c.ana.id.to_string()], "title": "t", "message": "m", "data": {"type": "promo"}});
        c.send(&app, body).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("new_survey"), [c.ben.id]);
        assert_eq!((app.pushes.told("payment_overdue"), app.pushes.told("promo")), (vec![c.ana.id], vec![c.ana.id]));
        assert_eq!(c.get(&app, &c.ana, "/unread-count").await["unread"], 3, "the list has what was refused as a push");
        say(&app, &c, &c.ana, json!([{"type": "announcement", "push": false}])).await.expect(200);
        let body = json!({"user_ids": [c.ana.id.to_string()], "title": "t", "message": "m", "data": {"type": "payment_failed"}});
        c.send(&app, body).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(rows(t).await.last().map(|r| r.status), Some(S::Skipped));
    }

    async fn only_kinds_that_may_be_refused_can_be(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        for said in [
            json!([{"type": "event_cancelled", "push": false}]),
            json!([{"type": "nonsense", "push": false}]),
            json!([{"type": "announcement"}]),
            json!([]),
        ] {
            assert_eq!(say(&app, &c, &c.ana, said.clone()).await.status, 422, "{said}");
        }
    }

    async fn ntf_16_ntf_45_a_gym_decides_its_language_and_whether_it_announces_events(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let defaults = json!({"gym_id": c.gym.id, "locale": "es", "announce_events": false});
        assert_eq!(c.get(&app, &c.boss, "/settings").await, defaults);
        let put = async |body: Value| app.put(&format!("{NOTIFICATIONS}/settings")).by(&c.boss).at(c.gym.id).json(body).send().await;
        assert_eq!(put(json!({"locale": "fr"})).await.status, 422);
        put(json!({"announce_events": true})).await.expect(200);
        let changed = put(json!({"locale": "en"})).await.expect(200);
        assert_eq!(changed, json!({"gym_id": c.gym.id, "locale": "en", "announce_events": true}));
    }
}

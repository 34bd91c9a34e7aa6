//! Sends that wait for their time.
#![allow(clippy::disallowed_methods, reason = "rows are looked at as they are, whoever's they are")]
use super::cast::{Cast, NOTIFICATIONS, app_now, cast, deliver_now, rows, states};
use domain::{identity::membership, notifications::notification::NotificationStatus as S};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

async fn schedule(app: &App, c: &Cast) -> String {
    let people = json!([c.ana.id.to_string(), c.ben.id.to_string()]);
    let body = json!({"user_ids": people, "title": "t", "message": "m", "send_after": "2026-05-05T12:00:00+02:00"});
    let sent: Value = c.send(app, body).await.expect(200);
    sent["notification_id"].as_str().unwrap().to_owned()
}

async fn cancel(app: &App, c: &Cast, correlation: &str) -> Answer {
    app.delete(&format!("{NOTIFICATIONS}/scheduled/{correlation}")).by(&c.boss).at(c.gym.id).send().await
}

both! {
    async fn ntf_29_it_waits_in_our_store_until_its_time_and_reaches_who_is_there_then(t: TestDb) {
        let (app, clock) = app_now(t).await;
        let c = cast(&app).await;
        schedule(&app, &c).await;
        let effect = domain::kernel::outbox::Entity::find().one(t.pool()).await.unwrap().unwrap();
        assert_eq!(effect.next_attempt_at, "2026-05-05T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        assert_eq!(states(t).await, [S::Scheduled]);
        let list = c.get(&app, &c.ana, "/").await;
        assert_eq!(list, json!([]), "the app shows nothing before its time");
        let core = &app.services.core;
        let row = core.stores.people.of_user(&core.db, c.gym.id, c.ben.id).await.unwrap().unwrap();
        let ended = membership::Update { is_active: Some(false), ..Default::default() };
        core.stores.memberships.update(&core.db, c.gym.id, row.id, ended).await.unwrap();
        clock.advance(chrono::TimeDelta::hours(24));
        deliver_now(&app, t).await;
        assert_eq!(app.pushes.told("announcement"), [c.ana.id]);
        assert_eq!(c.get(&app, &c.ana, "/").await[0]["created_at"], "2026-05-05T10:00:00Z");
    }

    async fn ntf_30_ntf_op7_it_can_be_cancelled_until_it_is_being_sent(t: TestDb) {
        let (app, clock) = app_now(t).await;
        let c = cast(&app).await;
        let first = schedule(&app, &c).await;
        assert_eq!(cancel(&app, &c, &first).await.expect(200), json!({"cancelled": 1}));
        assert_eq!(cancel(&app, &c, &first).await.outcome(), (409, "notification_not_cancellable".into()));
        let second = schedule(&app, &c).await;
        t.pool().execute_unprepared("UPDATE notifications SET status = 'SENDING' WHERE status = 'SCHEDULED'").await.unwrap();
        assert_eq!(cancel(&app, &c, &second).await.outcome(), (409, "notification_not_cancellable".into()));
        assert_eq!(cancel(&app, &c, "people-none").await.outcome(), (404, "notification_not_found".into()));
        // what the system tells by itself is nobody's to cancel
        app.services.core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        assert_eq!(cancel(&app, &c, "survey").await.outcome(), (404, "notification_not_found".into()));
        clock.advance(chrono::TimeDelta::hours(24));
        deliver_now(&app, t).await;
        let sent: Vec<_> = rows(t).await.into_iter().map(|r| (r.correlation == first, r.status)).collect();
        assert_eq!(sent, [(true, S::Cancelled), (false, S::Sent), (false, S::Sent)]);
    }
}

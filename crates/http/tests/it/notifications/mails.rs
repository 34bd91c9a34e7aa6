//! Mails: one person each, in their language, until they want no more.
use super::cast::{app_now, cast, deliver_now, rows, states};
use domain::{identity::user, notifications::notification::NotificationStatus as S};
use ports::mail::{MailError, NullMailer};
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::sync::Arc;
use testkit::{app::App, both, database::TestDb};

async fn speaks(t: &TestDb, who: &user::Model, locale: &str) {
    let update = format!("UPDATE users SET locale = '{locale}' WHERE id = {}", who.id);
    t.pool().execute_unprepared(&update).await.unwrap();
}

both! {
    async fn ntf_16_ntf_76_everybody_gets_a_mail_of_their_own_in_their_language(t: TestDb) {
        let (app, _) = app_now(t).await;
        let mut c = cast(&app).await;
        t.pool().execute_unprepared(&format!("UPDATE gyms SET email = 'hi@box.test' WHERE id = {}", c.gym.id)).await.unwrap();
        c.gym.email = Some("hi@box.test".into());
        speaks(t, &c.ana, "es_MX").await;
        speaks(t, &c.ben, "fr").await;
        let told = app.services.core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0), (c.ben.id, 1050), (c.boss.id, 0)])).await.unwrap();
        assert_eq!(told, 3, "NTF-78");
        app.deliver_effects().await;
        let to = |who: &user::Model| app.mails.to(&who.email).remove(0);
        let (ana, ben, boss) = (to(&c.ana), to(&c.ben), to(&c.boss));
        assert_eq!(app.mails.sent().len(), 3);
        assert_eq!(ana.subject, "Evento cancelado: Open <day>");
        assert_eq!(ben.subject, "Event cancelled: Open <day>");
        assert_eq!(boss.subject, "Evento cancelado: Open <day>", "the gym's language");
        assert!(ben.text.contains("Jun 1, 2026, 18:30") && ben.text.contains("10.50 EUR"), "{}", ben.text);
        assert!(!ana.text.contains("EUR"), "another's refund is not told");
        assert!(ben.html.contains("Open &lt;day&gt;") && ben.html.contains("&lt;i&gt;Rain") && ben.text.contains("<i>Rain</i>"));
        assert_eq!((ben.reply_to.as_deref(), ben.unsubscribe.as_deref()), (Some("hi@box.test"), None), "what is one's own cannot be refused");
        assert!(ben.text.contains("hi@box.test"));
        let keys: Vec<_> = rows(t).await.into_iter().map(|r| r.uuid).collect();
        assert!(app.mails.sent().iter().all(|mail| keys.contains(&mail.key)));
    }

    async fn ntf_74_nobody_is_told_twice_by_mail_either(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        assert_eq!(core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0)])).await.unwrap(), 1);
        assert_eq!(core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0)])).await.unwrap(), 0);
        assert_eq!(core.stage_mail(c.cancelled_event(vec![])).await.unwrap(), 0);
        assert_eq!(rows(t).await.len(), 1);
    }

    async fn ntf_80_without_a_mailer_no_mail_is_written_nor_for_whom_has_no_address_or_is_inactive(t: TestDb) {
        let app = App::with(t, |c| c.ports.mailer = Arc::new(NullMailer)).await;
        let c = cast(&app).await;
        assert_eq!(app.services.core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0)])).await.unwrap(), 0);
        assert!(rows(t).await.is_empty());
        let (app, _) = app_now(t).await;
        for change in [
            format!("UPDATE users SET is_active = false WHERE id = {}", c.ana.id),
            format!("UPDATE users SET email = 'temp_auth0_12@example.com' WHERE id = {}", c.ben.id),
        ] {
            t.pool().execute_unprepared(&change).await.unwrap();
        }
        let told = app.services.core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0), (c.ben.id, 0), (c.boss.id, 0)])).await.unwrap();
        assert_eq!(told, 1);
    }

    async fn ntf_32_ntf_79_a_server_that_is_away_is_asked_again_and_an_address_that_is_none_fails_alone(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0), (c.ben.id, 0)])).await.unwrap();
        app.mails.fail(MailError::Refused("550 no such user".into()));
        deliver_now(&app, t).await;
        assert_eq!(app.mails.sent().len(), 1);
        let mut ends = states(t).await;
        ends.sort_unstable();
        assert_eq!(ends, [S::Sent, S::Failed]);
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 0), "nothing for an operator to replay");
        core.stage_mail(c.new_event(&[&c.ana])).await.unwrap();
        app.mails.fail(MailError::Unavailable("421".into()));
        deliver_now(&app, t).await;
        assert_eq!(app.mails.sent().len(), 1);
        deliver_now(&app, t).await;
        assert_eq!(app.mails.sent().len(), 2);
    }

    async fn a_mail_that_may_be_refused_has_a_link_that_only_its_reader_knows(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_mail(c.new_event(&[&c.ana, &c.ben])).await.unwrap();
        app.deliver_effects().await;
        let link = app.mails.to(&c.ana.email)[0].unsubscribe.clone().unwrap();
        let path = link.strip_prefix("http://127.0.0.1:8000").unwrap();
        let page = app.get(path).send().await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        // looking at it is not pressing the button
        core.stage_mail(c.new_event(&[&c.ana])).await.unwrap();
        app.deliver_effects().await;
        assert_eq!(app.mails.to(&c.ana.email).len(), 2);
        let (guess, _) = path.split_once("key=").unwrap();
        for wrong in [format!("{guess}key="), format!("{guess}key=00"), path.replace("unsubscribe/", "unsubscribe/0")] {
            assert_eq!(app.post(&wrong).send().await.status, 404, "{wrong}");
        }
        for _ in 0..2 {
            assert_eq!(app.post(path).body("List-Unsubscribe=One-Click").send().await.status, 200);
        }
        core.stage_mail(c.new_event(&[&c.ana, &c.ben])).await.unwrap();
        app.deliver_effects().await;
        assert_eq!((app.mails.to(&c.ana.email).len(), app.mails.to(&c.ben.email).len()), (2, 2));
        let preferences = c.get(&app, &c.ana, "/preferences").await;
        assert!(preferences.as_array().unwrap().contains(&json!({"type": "event_created", "push": true, "email": false})));
    }
}

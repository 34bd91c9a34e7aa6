//! Reminders of classes, on their way.
use super::cast::{app_now, rows, states};
use crate::schedule::sessions::{book, cast};
use domain::notifications::notification::NotificationStatus as S;
use ports::push::PushError;
use services::{
    kernel::scheduler::{Job, Progress},
    schedule::upkeep::ClassReminders,
};
use testkit::{app::App, both};

struct Unwatched;

#[async_trait::async_trait]
impl Progress for Unwatched {
    fn reached(&self) -> Option<&serde_json::Value> {
        None
    }
    async fn reach(&self, _: serde_json::Value) -> Result<(), String> {
        Ok(())
    }
}

async fn remind(app: &App) {
    ClassReminders::new(&app.services.core).run(&Unwatched).await.unwrap();
    // the notice becomes a notification
    app.services.relay().run_once().await.unwrap();
}

both! {
    async fn ntf_42_ntf_85_a_reminder_is_by_the_gyms_clock_and_said_once(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app, "America/Mexico_City", 9).await;
        let start = "2026-05-04T12:00:00Z".parse().unwrap();
        let session = app.world.session(&c.spin, &c.tom, start).await;
        book(&app, &c.ana, &session).await.expect(200);
        remind(&app).await;
        remind(&app).await;
        app.deliver_effects().await;
        let sent = app.pushes.of_type("session_reminder");
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].contents.en, "Spinning starts on May 4, 2026 at 06:00.");
        assert_eq!(rows(t).await[0].expires_at, start, "NTF-34: of no use once it has begun");
    }

    async fn ntf_42_a_class_that_is_cancelled_after_its_reminder_was_queued_is_not_reminded_of(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app, "Europe/Madrid", 9).await;
        let start = "2026-05-04T12:00:00Z".parse().unwrap();
        let session = app.world.session(&c.spin, &c.tom, start).await;
        book(&app, &c.ana, &session).await.expect(200);
        remind(&app).await;
        assert_eq!(states(t).await, [S::Pending]);
        app.pushes.fail(PushError::Unavailable { reason: "down".into(), retry_after: None });
        app.services.relay().run_once().await.unwrap();
        c.cancel(&app, &session).await.expect(200);
        super::cast::deliver_now(&app, t).await;
        app.deliver_effects().await;
        assert!(app.pushes.of_type("session_reminder").is_empty());
        assert_eq!(app.pushes.told("session_cancelled"), [c.ana.id]);
        assert_eq!(rows(t).await[0].status, S::Cancelled);
    }
}

//! What the clock removes.
#![allow(clippy::disallowed_methods, reason = "rows are looked at as they are, whoever's they are")]
use super::cast::{app_now, cast, rows};
use domain::{
    kernel::job,
    notifications::{dedupe, device},
};
use sea_orm::{ConnectionTrait, EntityTrait};
use services::notifications::notify::Dedupe;
use testkit::{app::App, both, database::TestDb};

/// Runs a job now, and returns what it says.
async fn run_job(app: &App, name: &str) -> String {
    let core = &app.services.core;
    let scheduler = app.services.scheduler();
    scheduler.register().await.unwrap();
    core.stores.jobs.trigger(&core.db, name).await.unwrap();
    scheduler.run_due().await.unwrap();
    let job = core.stores.jobs.all(&core.db).await.unwrap().into_iter().find(|job| job.name == name).unwrap();
    job.last_outcome.unwrap()
}

async fn at(t: &TestDb, sql: &str) {
    t.pool().execute_unprepared(sql).await.unwrap();
}

both! {
    async fn ntf_86_devices_that_nothing_happened_to_for_ninety_days_are_removed_on_sundays(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        // the first is active, the second was signed out yesterday, the third was used, the last is old in every way
        for token in ["active", "dropped", "used", "old"] {
            c.register(&app, &c.ana, token).await.expect(200);
        }
        let old = "'2026-01-01T00:00:00+00:00'";
        at(t, &format!("UPDATE device_tokens SET created_at = {old}, updated_at = {old}, last_used = {old}")).await;
        at(t, "UPDATE device_tokens SET is_active = false WHERE device_token <> 'active'").await;
        at(t, "UPDATE device_tokens SET updated_at = '2026-05-03T00:00:00+00:00' WHERE device_token = 'dropped'").await;
        at(t, "UPDATE device_tokens SET last_used = '2026-05-03T00:00:00+00:00' WHERE device_token = 'used'").await;
        app.services.scheduler().register().await.unwrap();
        let jobs = job::Entity::find().all(t.pool()).await.unwrap();
        let cleanup = jobs.iter().find(|job| job.name == "device_cleanup").unwrap();
        assert_eq!(cleanup.next_run_at.to_rfc3339(), "2026-05-10T02:00:00+00:00", "the next Sunday");
        let outcome = run_job(&app, "device_cleanup").await;
        assert!(outcome.contains("1 removed"), "{outcome}");
        let left: Vec<_> = device::Entity::find().all(t.pool()).await.unwrap().into_iter().map(|d| d.device_token).collect();
        assert_eq!(left, ["active", "dropped", "used"]);
    }

    async fn ntf_87_what_has_ended_and_what_was_said_is_kept_for_ninety_days(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        for key in ["a", "b"] {
            let mut notice = c.survey(vec![c.ana.id]);
            notice.dedupe = Dedupe::Whole(key.into());
            core.stage_notice(notice).await.unwrap();
        }
        core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        let ids: Vec<_> = rows(t).await.into_iter().map(|row| row.id).collect();
        let old = "created_at = '2026-01-01T00:00:00+00:00'";
        at(t, &format!("UPDATE notifications SET status = 'SENT', {old} WHERE id = {}", ids[0])).await;
        at(t, &format!("UPDATE notifications SET {old} WHERE id = {}", ids[1])).await;
        at(t, &format!("UPDATE notifications SET status = 'SENT' WHERE id = {}", ids[2])).await;
        at(t, &format!("UPDATE notification_dedupe SET {old} WHERE key = 'a'")).await;
        let outcome = run_job(&app, "notification_retention").await;
        assert!(outcome.contains("1 notifications and 1 keys removed"), "{outcome}");
        let left: Vec<_> = rows(t).await.into_iter().map(|row| row.id).collect();
        assert_eq!(left, [ids[1], ids[2]], "what waits is kept, however old");
        let keys: Vec<_> = dedupe::Entity::find().all(t.pool()).await.unwrap().into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["b"]);
    }
}

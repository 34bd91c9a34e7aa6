//! Events end.
use super::cast::{app_with_clock, cast, channel, run_job, worker};
use chrono::TimeDelta;
use domain::{
    chat::room::RoomStatus,
    events::{event::EventStatus, participation::EventParticipationStatus::Registered},
};
use serde_json::json;
use testkit::both;

both! {
    /// Edge cases 21 and 25.
    async fn evt_90_the_clock_completes_what_is_over_once_and_closes_its_chat(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        app.world.takes_part(&event, c.ana.id, Registered).await;
        let cancelled = app.world.event_with(&c.gym, &c.tom, 5, |e| e.status = EventStatus::Cancelled).await;
        worker(&app, "event-chat", json!({"event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id})).await.expect(200);
        assert_eq!(run_job(&app, "event_completion_backup").await, "ok: 0 completed, 0 failed");
        clock.advance(TimeDelta::days(4));
        // two instances at once: one effect
        let (one, other) = (app.services.scheduler(), app.services.scheduler());
        let core = &app.services.core;
        assert!(core.stores.jobs.trigger(&core.db, "event_completion_backup").await.unwrap());
        let (one, other) = tokio::join!(one.run_due(), other.run_due());
        assert!(one.unwrap() + other.unwrap() >= 1);
        assert_eq!(app.world.event_now(&event).await.unwrap().status, EventStatus::Completed);
        assert_eq!(app.world.event_now(&cancelled).await.unwrap().status, EventStatus::Cancelled);
        app.deliver_effects().await;
        let room = app.chats.channel(&channel(&event)).unwrap();
        assert!(room.is_frozen);
        assert_eq!(room.posts.len(), 1, "it is said once that the event is over");
        assert_eq!(run_job(&app, "event_completion_backup").await, "ok: 0 completed, 0 failed");
        app.deliver_effects().await;
        assert_eq!(app.chats.channel(&channel(&event)).unwrap().posts.len(), 1);
        let row = core.stores.rooms_of.of_event(&core.db, c.gym.id, event.id).await.unwrap().unwrap();
        assert_eq!((row.status, row.frozen), (RoomStatus::Active, true), "its history can be read");
    }

    async fn evt_91_one_that_failed_too_often_is_left_to_people(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let core = &app.services.core;
        for _ in 0..10 {
            core.stores.event_upkeep.count_failure(&core.db, event.id).await.unwrap();
        }
        clock.advance(TimeDelta::days(4));
        let due = async || core.stores.event_upkeep.due(&core.db, core.clock.now(), None, 100).await.unwrap();
        assert_eq!(due().await.len(), 1, "ten failures are not too many");
        core.stores.event_upkeep.count_failure(&core.db, event.id).await.unwrap();
        assert!(due().await.is_empty());
        assert_eq!(run_job(&app, "event_completion_backup").await, "ok: 0 completed, 0 failed");
        assert_eq!(app.world.event_now(&event).await.unwrap().status, EventStatus::Scheduled);
    }

    async fn evt_92_two_days_later_the_channel_is_removed_and_what_fails_is_tried_again(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        worker(&app, "event-chat", json!({"event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id})).await.expect(200);
        let over = event.end_time - app.services.core.clock.now();
        clock.advance(over + TimeDelta::hours(48) - TimeDelta::seconds(1));
        assert_eq!(run_job(&app, "event_channels_cleanup").await, "ok: 0 removed, 0 failed");
        clock.advance(TimeDelta::seconds(2));
        app.chats.fail(ports::chat::ChatError::Unavailable { reason: "away".into(), retry_after: None });
        assert_eq!(run_job(&app, "event_channels_cleanup").await, "ok: 0 removed, 1 failed");
        assert_eq!(run_job(&app, "event_channels_cleanup").await, "ok: 1 removed, 0 failed");
        assert_eq!(app.chats.count(), 0);
        let core = &app.services.core;
        let row = core.stores.rooms_of.of_event(&core.db, c.gym.id, event.id).await.unwrap().unwrap();
        assert_eq!(row.status, RoomStatus::Closed);
        assert_eq!(run_job(&app, "event_channels_cleanup").await, "ok: 0 removed, 0 failed");
    }
}

//! Work on its way through a queue.
use super::cast::{KEY, app_with_clock, app_with_queue, cast, channel, deliver_now, worker};
use chrono::{DateTime, TimeDelta, Utc};
use domain::events::{event, event::EventStatus};
use ports::{
    MemoryQueue, Queue,
    chat::ChatError,
    queue::{Message, Removal},
};
use serde_json::{Value, json};
use services::events::{
    event_chat::EventChatRequest,
    queue::{ChatCreation, EventProcessing},
};
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both};

fn message(body: Value, group: &str, id: &str) -> Message {
    Message { body: body.to_string(), group: group.into(), dedup_id: id.into() }
}

fn completion(action: &str, event: &event::Model) -> Value {
    json!({"action": action, "event_data": {"event_id": event.id, "gym_id": event.gym_id, "end_time": event.end_time}})
}

async fn send(queue: &MemoryQueue, messages: &[Message]) {
    for answer in queue.send(messages).await {
        answer.unwrap();
    }
}

both! {
    async fn evt_16_evt_71_evt_72_the_request_for_a_chat_is_a_message_of_its_event(t: TestDb) {
        let (app, queue) = app_with_queue(t).await;
        let c = cast(&app).await;
        let made = c.create(&app, &c.tom, json!({"first_message_chat": "hola"})).await.expect(201);
        assert!(queue.receive(10, Duration::ZERO).await.unwrap().is_empty(), "the request waits for no queue");
        deliver_now(&app, t).await;
        let deliveries = queue.receive(10, Duration::ZERO).await.unwrap();
        let [delivery] = &deliveries[..] else { panic!("{deliveries:?}") };
        assert_eq!(delivery.group, made["id"].to_string());
        let body: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(body["action"], "create_event_chat");
        assert_eq!(body["event_data"], json!({
            "event_id": made["id"], "creator_id": c.tom.id, "gym_id": c.gym.id, "event_title": "Open day",
            "first_message_chat": "hola",
        }));
        assert!(body["timestamp"].as_str().unwrap().parse::<DateTime<Utc>>().is_ok());
        assert_eq!(app.chats.count(), 0, "the consumer makes it");
    }

    /// Edge case 22: two rows of one event, and what was sent twice comes once.
    async fn evt_72_evt_73_a_message_that_is_sent_again_is_the_same(t: TestDb) {
        let (app, queue) = app_with_queue(t).await;
        let c = cast(&app).await;
        for _ in 0..25 {
            c.create(&app, &c.tom, json!({})).await.expect(201);
        }
        deliver_now(&app, t).await;
        sea_orm::ConnectionTrait::execute_unprepared(t.pool(), "UPDATE outbox SET status = 'pending' WHERE kind = 'events.chat_create'").await.unwrap();
        deliver_now(&app, t).await;
        let mut received = 0;
        loop {
            let deliveries = queue.receive(10, Duration::ZERO).await.unwrap();
            if deliveries.is_empty() {
                break;
            }
            for delivery in deliveries {
                queue.acknowledge(&delivery.receipt).await.unwrap();
                received += 1;
            }
        }
        assert_eq!(received, 25);
    }

    async fn evt_77_a_consumer_makes_the_chat_and_acknowledges(t: TestDb) {
        let (app, queue) = app_with_queue(t).await;
        let c = cast(&app).await;
        c.create(&app, &c.tom, json!({})).await.expect(201);
        deliver_now(&app, t).await;
        let consumer = app.services.consumer().unwrap();
        assert_eq!(consumer.run_once().await.unwrap(), 1);
        assert_eq!(app.chats.count(), 1);
        assert_eq!(queue.remove(&|_| true, Removal::default()).await, 0);
    }

    /// Edge case 22.
    async fn evt_77_what_will_never_work_is_acknowledged_and_what_failed_for_now_is_held_back(t: TestDb) {
        let queue = Arc::new(MemoryQueue::new(Duration::from_secs(60), 1));
        let kept = queue.clone();
        let app = App::with(t, |change| change.ports.queue = Some(kept)).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let ask = |gym: domain::GymId| json!({"action": "create_event_chat", "event_data": {
            "event_id": event.id, "creator_id": c.tom.id, "gym_id": gym,
        }});
        let mut poison = message(json!({}), "p", "5");
        poison.body = "not json".into();
        let group = event.id.to_string();
        send(&queue, &[
            message(json!({"action": "dance", "event_data": {}}), "x", "1"),
            message(json!({"action": "create_event_chat", "event_data": {"event_id": 1, "gym_id": 1}}), "y", "2"),
            message(ask(there.id), "z", "3"),
            poison,
            message(ask(c.gym.id), &group, "4"),
        ]).await;
        app.chats.fail(ChatError::Unavailable { reason: "away".into(), retry_after: None });
        let consumer = app.services.consumer().unwrap();
        assert_eq!(consumer.run_once().await.unwrap(), 5);
        assert_eq!(app.chats.count(), 0);
        assert_eq!(queue.remove(&|_| true, Removal::default()).await, 0, "nothing waits: four are done, one is held back");
        assert!(queue.receive(10, Duration::ZERO).await.unwrap().is_empty(), "not before its pause is over");
        assert!(queue.dead_letters(10).await.unwrap().is_empty());
    }

    async fn evt_78_an_old_request_completes_an_event_only_when_it_is_over(t: TestDb) {
        let (plain, clock) = app_with_clock(t).await;
        let queue = Arc::new(MemoryQueue::new(Duration::from_secs(60), 3));
        let (kept, at) = (queue.clone(), clock.clone());
        let app = App::with(t, |change| {
            change.ports.queue = Some(kept);
            change.core.clock = Arc::new(at);
        }).await;
        let c = cast(&plain).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let consumer = app.services.consumer().unwrap();
        let status = async || app.world.event_now(&event).await.unwrap().status;
        send(&queue, &[message(completion("process_event", &event), "1", "1")]).await;
        assert_eq!(consumer.run_once().await.unwrap(), 1);
        assert_eq!(status().await, EventStatus::Scheduled);
        assert_eq!(consumer.run_once().await.unwrap(), 0, "it is acknowledged all the same");
        clock.advance(TimeDelta::days(4));
        send(&queue, &[message(completion("event_completion", &event), "1", "2")]).await;
        assert_eq!(consumer.run_once().await.unwrap(), 1);
        assert_eq!(status().await, EventStatus::Completed);
    }

    /// Edge case 23.
    async fn evt_74_evt_75_an_events_processing_is_published_and_taken_back(t: TestDb) {
        let (app, queue) = app_with_queue(t).await;
        let c = cast(&app).await;
        let (event, other) = (app.world.event(&c.gym, &c.tom, 5).await, app.world.event(&c.gym, &c.tom, 5).await);
        let request = |event: &event::Model| EventChatRequest {
            event_id: event.id,
            creator_id: c.tom.id,
            gym_id: c.gym.id,
            event_title: Some(event.title.clone()),
            first_message_chat: None,
        };
        let events = &app.services.event_queue;
        for (event, key) in [(&event, "1"), (&other, "2"), (&event, "1")] {
            let processing = EventProcessing { request: request(event), end_time: event.end_time, key: key.into() };
            let published = events.publish_event_processing(processing).await;
            assert!(published.success);
            assert!(matches!(published.chat_creation, ChatCreation::Sent { message_id } if message_id.len() == 64));
        }
        let mut broken = message(json!({}), "b", "b");
        broken.body = "{".into();
        send(&queue, &[broken, message(completion("event_completion", &event), &event.id.to_string(), "c")]).await;
        // one more that is not sent yet
        c.put(&app, &c.tom, &event, json!({"title": "x"})).await.expect(200);
        let cancelled = events.cancel_event_processing(event.id).await;
        assert_eq!((cancelled.success, cancelled.removed), (true, 2), "the message, sent twice and there once, and the effect");
        assert_eq!(events.delete_event_messages(event.id, &[], Removal::default()).await, 1, "the other action");
        assert_eq!(events.delete_event_messages(event.id, &[], Removal::default()).await, 0);
        let mut left: Vec<_> = queue.receive(10, Duration::ZERO).await.unwrap().into_iter().map(|d| d.group).collect();
        left.sort();
        let mut expected = vec!["b".to_owned(), other.id.to_string()];
        expected.sort();
        assert_eq!(left, expected);
    }

    async fn evt_98_a_chat_that_hangs_holds_no_row(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let hanging = Arc::new(HangingChat::default());
        let kept = hanging.clone();
        let slow = App::with(t, |change| {
            change.ports.chat = kept;
            change.settings.worker_api_key = Some(KEY.into());
        }).await;
        let ask = json!({"event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id});
        let meanwhile = async {
            hanging.called.notified().await;
            c.put(&app, &c.tom, &event, json!({"title": "Changed meanwhile"})).await.expect(200);
            hanging.go_on.notify_one();
        };
        let (made, ()) = tokio::join!(worker(&slow, "event-chat", ask), meanwhile);
        assert_eq!(made.expect(200)["success"], true);
        assert_eq!(app.world.event_now(&event).await.unwrap().title, "Changed meanwhile");
        assert_eq!(channel(&event), *hanging.made.lock().unwrap());
    }
}

/// A chat service that answers when it is told to.
#[derive(Default)]
pub struct HangingChat {
    pub called: tokio::sync::Notify,
    pub go_on: tokio::sync::Notify,
    pub made: std::sync::Mutex<String>,
}

#[async_trait::async_trait]
impl ports::Chat for HangingChat {
    async fn create(&self, channel: &ports::chat::NewChannel) -> Result<(), ChatError> {
        self.called.notify_one();
        self.go_on.notified().await;
        *self.made.lock().unwrap() = channel.at.id.clone();
        Ok(())
    }
    async fn add(&self, _: &ports::chat::ChannelId, _: &[domain::UserId]) -> Result<(), ChatError> {
        Ok(())
    }
    async fn remove(&self, _: &ports::chat::ChannelId, _: &[domain::UserId]) -> Result<(), ChatError> {
        Ok(())
    }
    async fn post(&self, _: &ports::chat::ChannelId, _: &ports::chat::Post) -> Result<(), ChatError> {
        Ok(())
    }
    async fn freeze(&self, _: &ports::chat::ChannelId) -> Result<(), ChatError> {
        Ok(())
    }
    async fn delete(&self, _: &ports::chat::ChannelId) -> Result<(), ChatError> {
        Ok(())
    }
}

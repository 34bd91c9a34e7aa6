//! The rooms of events, and who makes them.
use super::cast::{app_with_clock, app_with_queue, cast, channel, deliver_now, worker};
use domain::{
    chat::room::{RoomStatus, StreamState},
    events::{
        event::EventStatus,
        participation::EventParticipationStatus::{Registered, WaitingList},
    },
};
use ports::chat::{ChatError, Sender};
use serde_json::json;
use testkit::{app::App, both};

async fn room(app: &App, event: &domain::events::event::Model) -> Option<domain::chat::room::Model> {
    let core = &app.services.core;
    core.stores.rooms_of.of_event(&core.db, event.gym_id, event.id).await.unwrap()
}

both! {
    /// Edge case 20.
    async fn evt_82_a_chat_is_made_once_with_everybody_who_has_a_seat(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event_with(&c.gym, &c.tom, 5, |e| e.title = "A title of more than twenty characters".into()).await;
        app.world.takes_part(&event, c.ana.id, Registered).await;
        app.world.takes_part(&event, c.ben.id, WaitingList).await;
        let ask = json!({
            "event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id, "event_title": event.title,
            "first_message_chat": "hola",
        });
        let (first, second) = tokio::join!(
            worker(&app, "event-chat", ask.clone()),
            worker(&app, "event-chat", ask.clone()),
        );
        for answer in [first, second, worker(&app, "event-chat", ask).await] {
            let answer = answer.expect(200);
            assert_eq!(answer["success"], true, "{answer}");
            assert_eq!(answer["details"]["stream_channel_id"], channel(&event));
            assert_eq!(answer["details"]["room_id"], json!(room(&app, &event).await.unwrap().id));
        }
        assert_eq!(app.chats.count(), 1);
        let made = app.chats.channel(&channel(&event)).unwrap();
        assert_eq!(made.name, "Evento A title of more than");
        assert_eq!(made.people, [c.tom.id, c.ana.id].into());
        let said: Vec<_> = made.posts.iter().map(|post| (post.sender, post.text.as_str())).collect();
        assert_eq!(said, [(Sender::Person(c.tom.id), "hola")]);
        let row = room(&app, &event).await.unwrap();
        assert_eq!((row.status, row.stream_state, row.creator_id), (RoomStatus::Active, StreamState::Ready, Some(c.tom.id)));
    }

    async fn evt_81_evt_82_what_has_no_chat_is_an_answer_and_no_failure(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let over = app.world.event_with(&c.gym, &c.tom, 5, |e| e.status = EventStatus::Cancelled).await;
        for (id, gym, code) in [
            (domain::EventId(999_999), c.gym.id, "event_not_found"),
            (event.id, there.id, "event_not_found"),
            (over.id, c.gym.id, "event_not_scheduled"),
        ] {
            let answer = worker(&app, "event-chat", json!({"event_id": id, "creator_id": c.tom.id, "gym_id": gym})).await;
            let answer = answer.expect(200);
            assert_eq!((&answer["success"], &answer["details"]), (&json!(false), &json!({"retryable": false, "code": code})));
        }
        app.chats.fail(ChatError::Unavailable { reason: "away".into(), retry_after: None });
        let ask = json!({"event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id});
        let answer = worker(&app, "event-chat", ask.clone()).await.expect(200);
        assert_eq!(answer["details"], json!({"retryable": true, "code": "chat_unavailable"}));
        assert_eq!(worker(&app, "event-chat", ask).await.expect(200)["success"], true);
        assert_eq!(app.chats.count(), 1);
    }

    async fn evt_82_the_first_message_may_be_the_gyms_and_its_loss_fails_nothing(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        let c = cast(&app).await;
        // the failures of calls that follow each other, the last one first
        for (n, errors, said) in [
            (1, vec![ChatError::SenderGone], vec![Sender::Bot]),
            (2, vec![ChatError::Refused("no".into())], vec![]),
        ] {
            let event = app.world.event(&c.gym, &c.tom, 5).await;
            let ask = json!({"event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id});
            // made first without a message, so that what fails is the message alone
            worker(&app, "event-chat", ask.clone()).await.expect(200);
            let core = &app.services.core;
            let row = room(&app, &event).await.unwrap();
            let pending = domain::chat::room::Update { stream_state: Some(StreamState::Pending), ..Default::default() };
            core.stores.chat_rooms.update(&core.db, c.gym.id, row.id, pending).await.unwrap();
            app.chats.fail_posts(errors);
            let ask = json!({
                "event_id": event.id, "creator_id": c.tom.id, "gym_id": c.gym.id, "first_message_chat": "hola",
            });
            assert_eq!(worker(&app, "event-chat", ask).await.expect(200)["success"], true, "{n}");
            let posts = app.chats.channel(&channel(&event)).unwrap().posts;
            assert_eq!(posts.iter().map(|post| post.sender).collect::<Vec<_>>(), said, "{n}");
        }
    }

    async fn evt_44_evt_70_without_a_queue_the_relay_makes_the_chat_and_a_failure_is_tried_again(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        app.chats.fail(ChatError::Unavailable { reason: "away".into(), retry_after: None });
        c.create(&app, &c.tom, json!({})).await.expect(201);
        deliver_now(&app, t).await;
        assert_eq!(app.chats.count(), 0);
        deliver_now(&app, t).await;
        assert_eq!(app.chats.count(), 1);
    }

    /// Edge case 22: whoever cancels takes back what they can; what is left does nothing.
    async fn evt_76_a_message_of_an_event_that_is_over_does_nothing(t: TestDb) {
        let (app, queue) = app_with_queue(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        c.put(&app, &c.tom, &event, json!({"title": "x"})).await.expect(200);
        deliver_now(&app, t).await;
        let core = &app.services.core;
        let cancelled = domain::events::event::Update { status: Some(EventStatus::Cancelled), ..Default::default() };
        core.stores.events.update(&core.db, c.gym.id, event.id, cancelled).await.unwrap();
        let consumer = app.services.consumer().unwrap();
        assert_eq!(consumer.run_once().await.unwrap(), 1);
        assert_eq!((app.chats.count(), room(&app, &event).await), (0, None));
        assert_eq!(consumer.run_once().await.unwrap(), 0, "it is acknowledged");
        assert!(ports::Queue::dead_letters(queue.as_ref(), 10).await.unwrap().is_empty());
    }
}

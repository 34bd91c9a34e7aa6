//! Events are cancelled.
use super::cast::{EVENTS, app_with_queue, cast, channel, deliver_now, participations};
use domain::{
    UserId,
    events::{
        event::EventStatus,
        participation::{
            EventParticipationStatus::{Cancelled, PendingPayment, Registered, WaitingList},
            PaymentStatus,
        },
    },
};
use serde_json::{Value, json};
use testkit::{app::App, both, events::paid};

both! {
    /// Edge case 15.
    async fn evt_30_a_free_event_is_its_creators_and_a_paid_one_the_administrators(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let free = app.world.event(&c.gym, &c.tom, 5).await;
        app.world.takes_part(&free, c.ana.id, Registered).await;
        let priced = app.world.event_with(&c.gym, &c.tom, 5, |e| paid(e, 1000)).await;
        app.world.takes_part(&priced, c.ana.id, WaitingList).await;
        for (event, who, outcome) in [
            (&free, &c.ana, (403, "role_too_low")),
            (&free, &c.tina, (403, "not_event_creator")),
            (&priced, &c.tina, (403, "not_event_creator")),
            (&priced, &c.tom, (403, "paid_event_admin_only")),
            (&free, &c.tom, (200, "")),
            (&priced, &c.admin, (200, "")),
            (&free, &c.tom, (400, "already_cancelled")),
        ] {
            let answer = c.cancel(&app, who, event).await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()), "{} {}", who.email, event.is_paid);
        }
        let over = app.world.event_with(&c.gym, &c.tom, 5, |e| e.status = EventStatus::Completed).await;
        assert_eq!(c.cancel(&app, &c.admin, &over).await.outcome(), (400, "event_completed".into()));
        let older = app.world.event(&c.gym, &c.tom, 5).await;
        let path = format!("{EVENTS}admin/{}", older.id);
        app.delete(&path).by(&c.admin).at(c.gym.id).send().await.expect(200);
        let long = format!("{EVENTS}{}?reason={}", older.id, "x".repeat(501));
        assert_eq!(app.delete(&long).by(&c.admin).at(c.gym.id).send().await.outcome(), (422, "validation_error".into()));
    }

    /// Edge case 12.
    async fn evt_31_only_what_nobody_joined_and_has_no_chat_is_removed(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let bare = app.world.event(&c.gym, &c.tom, 5).await;
        let answer = c.cancel(&app, &c.tom, &bare).await.expect(200);
        assert_eq!((&answer["event_id"], &answer["participants_count"]), (&json!(bare.id), &json!(0)));
        assert_eq!(answer["notifications_sent"], json!({"push": 0, "email": 0, "chat": 0}));
        assert_eq!(app.world.event_now(&bare).await, None);
        for status in [Registered, Cancelled] {
            let joined = app.world.event(&c.gym, &c.tom, 5).await;
            app.world.takes_part(&joined, c.ana.id, status).await;
            c.cancel(&app, &c.tom, &joined).await.expect(200);
            let row = app.world.event_now(&joined).await.unwrap();
            assert_eq!((row.status, row.cancelled_by_user_id), (EventStatus::Cancelled, Some(c.tom.id)), "{status:?}");
            assert_eq!(row.cancellation_reason.as_deref(), Some("Rain"));
            assert!(row.cancellation_date.is_some());
        }
        let answer = c.create(&app, &c.admin, json!({})).await.expect(201);
        app.deliver_effects().await;
        let path = format!("{EVENTS}{}", answer["id"]);
        app.delete(&path).by(&c.admin).at(c.gym.id).send().await.expect(200);
        let kept = app.get(&path).by(&c.ana).at(c.gym.id).send().await.expect(200);
        assert_eq!(kept["status"], "CANCELLED", "it has a chat");
    }

    /// Edge case 11; NTF-46, NTF-73, NTF-74, NTF-75, NTF-78.
    async fn evt_32_evt_34_evt_35_evt_36_everybody_is_told_once_with_their_own_refund(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        c.takes_payments(t).await;
        let event = app.world.event_with(&c.gym, &c.admin, 9, |e| paid(e, 1000)).await;
        app.world.takes_part(&event, c.ana.id, Registered).await;
        app.world.takes_part(&event, c.ben.id, PendingPayment).await;
        app.world.takes_part(&event, c.tom.id, WaitingList).await;
        app.world.takes_part(&event, c.tina.id, Cancelled).await;
        let answer = c.cancel(&app, &c.admin, &event).await.expect(200);
        assert_eq!((&answer["participants_count"], &answer["currency"]), (&json!(3), &json!("EUR")));
        assert_eq!((&answer["cancellation_reason"], &answer["event_title"]), (&json!("Rain"), &json!("Open day")));
        assert_eq!((&answer["notifications_sent"]["push"], &answer["notifications_sent"]["chat"]), (&json!(3), &json!(0)));
        let rows = participations(&app, &event).await;
        assert!(rows.iter().all(|row| row.status == Cancelled), "{rows:?}");
        let unpaid = rows.iter().filter(|row| row.payment_status == Some(PaymentStatus::Expired)).count();
        assert_eq!(unpaid, 2, "{rows:?}");
        app.deliver_effects().await;
        let mut told: Vec<(UserId, Value)> = Vec::new();
        for message in app.pushes.of_type("event_cancelled") {
            assert_eq!((&message.data["event_id"], &message.data["currency"]), (&json!(event.id), &json!("EUR")));
            assert_eq!((&message.data["gym_id"], &message.data["gym_name"]), (&json!(c.gym.id), &json!("Gym box")));
            told.extend(message.users.iter().map(|user| (*user, message.data["refund_cents"].clone())));
        }
        told.sort_by_key(|(user, _)| *user);
        let mut expected = vec![(c.ana.id, json!(1000)), (c.ben.id, json!(0)), (c.tom.id, json!(0))];
        expected.sort_by_key(|(user, _)| *user);
        assert_eq!(told, expected);
        assert_eq!(c.cancel(&app, &c.admin, &event).await.outcome(), (400, "already_cancelled".into()));
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("event_cancelled").len(), 3, "nobody is told twice");
    }

    /// NTF-77: what is said first, then nothing any more.
    async fn evt_36_the_chat_hears_of_it_and_is_frozen(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        c.put(&app, &c.tom, &event, json!({"title": "Race"})).await.expect(200);
        app.deliver_effects().await;
        let answer = c.cancel(&app, &c.tom, &event).await.expect(200);
        assert_eq!(answer["notifications_sent"], json!({"push": 0, "email": 0, "chat": 1}));
        app.deliver_effects().await;
        let room = app.chats.channel(&channel(&event)).unwrap();
        let said: Vec<_> = room.posts.iter().map(|post| post.text.clone()).collect();
        assert_eq!(said, ["Se ha cancelado «Race». Motivo: Rain\n“Race” was cancelled. Reason: Rain"]);
        assert!(room.is_frozen);
    }

    async fn evt_38_without_an_account_the_cancellation_happens_and_the_refund_is_told_as_failed(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event_with(&c.gym, &c.admin, 9, |e| paid(e, 1000)).await;
        let row = app.world.takes_part(&event, c.ana.id, Registered).await;
        let answer = c.cancel(&app, &c.admin, &event).await.expect(200);
        assert_eq!((&answer["refunds_failed"], &answer["refunds_processed"]), (&json!(1), &json!(0)));
        assert_eq!(answer["failed_refunds"], json!([{
            "participation_id": row.id, "member_id": c.ana.id, "error": "stripe_not_connected",
            "error_code": "stripe_not_connected",
        }]));
        assert_eq!(app.world.event_now(&event).await.unwrap().status, EventStatus::Cancelled);
    }

    async fn evt_37_what_waits_for_the_event_is_taken_back(t: TestDb) {
        let (app, queue) = app_with_queue(t).await;
        let c = cast(&app).await;
        let (kept, gone) = (app.world.event(&c.gym, &c.tom, 5).await, app.world.event(&c.gym, &c.tom, 5).await);
        for event in [&kept, &gone] {
            c.put(&app, &c.tom, event, json!({"title": "x"})).await.expect(200);
        }
        deliver_now(&app, t).await;
        // one that is in the queue, and one that is not sent yet
        c.put(&app, &c.tom, &gone, json!({"title": "y"})).await.expect(200);
        c.cancel(&app, &c.tom, &gone).await.expect(200);
        deliver_now(&app, t).await;
        let left = ports::Queue::receive(queue.as_ref(), 10, std::time::Duration::ZERO).await.unwrap();
        let groups: Vec<_> = left.iter().map(|delivery| delivery.group.clone()).collect();
        assert_eq!(groups, [kept.id.to_string()]);
    }
}

//! Events are cancelled.
use super::{
    cast::{EVENTS, app_with_queue, cast, channel, deliver_now, participations},
    deeds::{set_row, sql},
};
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
use ports::{chat::ChatError, mail::MailError, push::PushError};
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

    async fn evt_36_ntf_76_everybody_gets_a_mail_of_their_own_with_all_that_concerns_them(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        c.takes_payments(t).await;
        sql(t, &format!("UPDATE gyms SET email = 'hi@box.test', phone = '600 000 000' WHERE id = {}", c.gym.id)).await;
        sql(t, &format!("UPDATE users SET locale = 'en' WHERE id IN ({}, {})", c.ana.id, c.ben.id)).await;
        let event = app.world.event_with(&c.gym, &c.admin, 9, |e| {
            paid(e, 1000);
            e.title = "Open <day>".into();
            e.location = Some("Sala <1>".into());
            e.start_time = "2031-06-01T16:30:00Z".parse().unwrap();
            e.end_time = "2031-06-01T18:30:00Z".parse().unwrap();
        }).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        app.world.takes_part(&event, c.ana.id, Registered).await;
        let cash = app.world.takes_part(&event, c.ben.id, Registered).await;
        set_row(t, &cash, "stripe_payment_intent_id = NULL").await;
        let dearer = app.world.takes_part(&event, zoe.id, Registered).await;
        set_row(t, &dearer, "amount_paid_cents = 2500").await;
        app.world.takes_part(&event, c.tom.id, WaitingList).await;
        app.world.takes_part(&event, c.tina.id, Cancelled).await;
        let path = format!("{EVENTS}{}?reason=%3Ci%3ERain%3C%2Fi%3E", event.id);
        let answer = app.delete(&path).by(&c.admin).at(c.gym.id).send().await.expect(200);
        assert_eq!(answer["notifications_sent"]["email"], 4);
        app.deliver_effects().await;
        assert_eq!(app.mails.sent().len(), 4, "{:?}", app.mails.sent());
        let escaped = |text: &str| text.replace('<', "&lt;").replace('>', "&gt;").replace('/', "&#x2f;");
        let (en, es) = (("Event cancelled: Open <day>", "Jun 1, 2031, 18:30"), ("Evento cancelado: Open <day>", "01/06/2031, 18:30"));
        for (who, (subject, when), refund) in [
            (&c.ana, en, "10.00 EUR are refunded to the payment method that you paid with. It usually takes 5 to 10 business days."),
            (&c.ben, en, "Your refund could not be made yet. Our support will get in touch with you."),
            (&zoe, es, "Se devuelven 25.00 EUR al método con el que pagaste. Suele tardar de 5 a 10 días hábiles."),
            (&c.tom, es, ""),
        ] {
            let mail = app.mails.to(&who.email).remove(0);
            assert_eq!((mail.subject.as_str(), mail.reply_to.as_deref()), (subject, Some("hi@box.test")));
            for written in ["Open <day>", "Sala <1>", "<i>Rain</i>", when] {
                assert!(mail.text.contains(written), "{written}: {}", mail.text);
                assert!(mail.html.contains(&escaped(written)), "{written}: {}", mail.html);
            }
            for body in [&mail.text, &mail.html] {
                assert!(body.contains(refund) && body.contains("hi@box.test, 600 000 000"), "{body}");
                // of nobody else's refund
                let others = ["10.00 EUR", "25.00 EUR", "could not be made", "no se ha podido"];
                assert!(others.iter().all(|other| refund.contains(other) || !body.contains(other)), "{body}");
            }
            assert!(!mail.html.contains("<i>") && !mail.html.contains("<day>"), "{}", mail.html);
        }
    }

    async fn evt_36_ntf_79_a_channel_that_fails_leaves_the_others_untouched(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let channels = ["push", "email", "chat"];
        for broken in channels {
            let event = app.world.event(&c.gym, &c.tom, 5).await;
            app.world.takes_part(&event, c.ana.id, Registered).await;
            c.put(&app, &c.tom, &event, json!({"title": broken})).await.expect(200);
            app.deliver_effects().await;
            match broken {
                "push" => app.pushes.fail(PushError::Refused("no".into())),
                "email" => app.mails.fail(MailError::Refused("550".into())),
                _ => app.chats.fail(ChatError::Refused("no".into())),
            }
            let answer = c.cancel(&app, &c.tom, &event).await.expect(200);
            assert_eq!(answer["notifications_sent"], json!({"push": 1, "email": 1, "chat": 1}), "{broken}");
            app.deliver_effects().await;
            let pushes = app.pushes.of_type("event_cancelled");
            let delivered = [
                pushes.iter().any(|push| push.data["event_id"] == json!(event.id)),
                app.mails.to(&c.ana.email).iter().any(|mail| mail.subject.ends_with(broken)),
                !app.chats.channel(&channel(&event)).unwrap().posts.is_empty(),
            ];
            assert_eq!(delivered, channels.map(|channel| channel != broken), "{broken}");
            assert_eq!(app.world.event_now(&event).await.unwrap().status, EventStatus::Cancelled);
        }
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

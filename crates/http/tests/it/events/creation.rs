//! Events are made.
use super::cast::{EVENTS, body, cast, channel, in_days, participations};
use domain::{
    EventId,
    events::{event, participation::EventParticipationStatus as S},
    identity::GymRole,
};
use serde_json::{Value, json};
use testkit::{app::App, both};

async fn made(app: &App, gym: domain::GymId, answer: &Value) -> event::Model {
    let core = &app.services.core;
    let id = EventId(answer["id"].as_i64().unwrap());
    core.stores.events.get(&core.db, gym, id).await.unwrap().unwrap()
}

both! {
    /// Edge case 15.
    async fn evt_10_staff_make_events_and_members_do_not(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let owner = app.world.person(&c.gym, "own", GymRole::Owner).await;
        for (who, status) in [(&c.ana, 403), (&c.tom, 201), (&c.admin, 201), (&owner, 201)] {
            let answer = c.create(&app, who, json!({"status": "COMPLETED"})).await;
            assert_eq!(answer.status.as_u16(), status, "{}", who.email);
            if status == 201 {
                let event = answer.json();
                assert_eq!((&event["creator_id"], &event["status"]), (&json!(who.id), &json!("SCHEDULED")));
                assert_eq!(event["gym_id"], json!(c.gym.id));
            }
        }
        let root = app.world.super_admin("root").await;
        c.create(&app, &root, json!({})).await.expect(201);
        let without = app.post(EVENTS).by_with(&c.tom, &["resource:read"]).at(c.gym.id).json(body(json!({}))).send().await;
        assert_eq!(without.outcome(), (403, "missing_scope".into()));
    }

    /// Edge case 14.
    async fn evt_10_evt_11_evt_12_evt_14_what_does_not_fit_is_refused(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        for change in [
            json!({"start_time": "2099-05-04T10:00:00", "end_time": "2099-05-04T12:00:00Z"}),
            json!({"start_time": in_days(-1)}),
            json!({"start_time": in_days(5)}),
            json!({"is_paid": true}),
            json!({"price_cents": 100}),
            json!({"refund_policy": "FULL_REFUND"}),
            json!({"colour": "red"}),
            json!({"title": "x".repeat(101)}),
            json!({"title": "   "}),
            json!({"location": "x".repeat(101)}),
            json!({"max_participants": -1}),
            json!({"currency": "euro"}),
            json!({"partial_refund_percentage": 101}),
            json!({"refund_deadline_hours": -1}),
            json!({"first_message_chat": "x".repeat(501)}),
        ] {
            let answer = c.create(&app, &c.tom, change.clone()).await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()), "{change}");
        }
        let listed = c.get(&app, &c.ana, "").await;
        assert_eq!(listed, json!([]), "nothing was made");
    }

    async fn evt_5_evt_11_an_event_is_answered_whole_and_in_utc(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let answer = c.create(&app, &c.admin, json!({
            "title": "  Fiesta ", "start_time": "2099-05-04T12:00:00+02:00", "end_time": "2099-05-04T14:30:00+02:00",
            "location": "Sala 1", "description": "d", "max_participants": 7, "first_message_chat": "hola",
        })).await.expect(201);
        for (field, value) in [
            ("title", json!("Fiesta")), ("start_time", json!("2099-05-04T10:00:00Z")),
            ("end_time", json!("2099-05-04T12:30:00Z")), ("location", json!("Sala 1")), ("description", json!("d")),
            ("max_participants", json!(7)), ("is_paid", json!(false)), ("price_cents", Value::Null),
            ("currency", json!("EUR")), ("refund_policy", Value::Null), ("refund_deadline_hours", json!(24)),
            ("partial_refund_percentage", json!(50)), ("participants_count", json!(0)),
            ("stripe_product_id", Value::Null), ("stripe_price_id", Value::Null), ("cancellation_date", Value::Null),
            ("cancelled_by_user_id", Value::Null), ("cancellation_reason", Value::Null),
            ("total_refunded_cents", Value::Null), ("creator_id", json!(c.admin.id)),
        ] {
            assert_eq!(answer[field], value, "{field}");
        }
        assert!(answer.get("first_message_chat").is_none(), "it is not kept with the event");
    }

    async fn evt_13_a_paid_event_needs_a_gym_that_takes_payments(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let paid = json!({"is_paid": true, "price_cents": 1500, "refund_policy": "CREDIT", "currency": "usd"});
        assert_eq!(c.create(&app, &c.tom, paid.clone()).await.outcome(), (400, "payments_not_configured".into()));
        c.takes_payments(t).await;
        let event = c.create(&app, &c.tom, paid).await.expect(201);
        assert_eq!((&event["price_cents"], &event["currency"]), (&json!(1500), &json!("USD")));
        assert_eq!(event["refund_policy"], "CREDIT");
        let row = made(&app, c.gym.id, &event).await;
        assert!(participations(&app, &row).await.is_empty(), "nobody takes a seat that costs money");
    }

    async fn evt_15_a_trainer_takes_a_seat_in_a_free_event_of_theirs(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        for (who, seats) in [(&c.tom, 1), (&c.admin, 0)] {
            let event = c.create(&app, who, json!({})).await.expect(201);
            assert_eq!(event["participants_count"], seats, "{}", who.email);
            let rows = participations(&app, &made(&app, c.gym.id, &event).await).await;
            let seated: Vec<_> = rows.iter().map(|row| (row.member_id, row.status, row.payment_status)).collect();
            let expected = if seats == 1 { vec![(who.id, S::Registered, None)] } else { vec![] };
            assert_eq!(seated, expected);
        }
    }

    async fn evt_14_evt_16_the_chat_follows_the_event_with_its_first_message(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.create(&app, &c.tom, json!({"first_message_chat": "¡Bienvenidos!"})).await.expect(201);
        let row = made(&app, c.gym.id, &event).await;
        assert_eq!(app.chats.count(), 0, "nobody waits for the chat service");
        app.deliver_effects().await;
        let room = app.chats.channel(&channel(&row)).unwrap();
        assert_eq!(room.name, "Evento Open day");
        assert_eq!(room.posts.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), ["¡Bienvenidos!"]);
        assert!(room.people.contains(&c.tom.id));
    }

    async fn ntf_45_members_hear_of_a_new_event_where_their_gym_wants_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        c.create(&app, &c.tom, json!({})).await.expect(201);
        app.deliver_effects().await;
        assert!(app.pushes.of_type("event_created").is_empty(), "a gym that says nothing wants it not");
        let wanted = json!({"announce_events": true});
        app.put("/api/v1/notifications/settings").by(&c.admin).at(c.gym.id).json(wanted).send().await.expect(200);
        let made = c.create(&app, &c.tom, json!({"title": "Race"})).await.expect(201);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("event_created"), [c.ana.id, c.ben.id]);
        let message = app.pushes.of_type("event_created").remove(0);
        assert_eq!((&message.data["event_id"], &message.data["event_title"]), (&made["id"], &json!("Race")));
    }
}

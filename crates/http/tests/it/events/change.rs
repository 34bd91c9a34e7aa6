//! Events are changed.
use super::cast::{app_with_clock, cast, channel, in_days, participations};
use chrono::TimeDelta;
use domain::events::{
    event::EventStatus,
    participation::EventParticipationStatus::{self, Cancelled, Registered, WaitingList},
};
use domain::{UserId, events::event};
use serde_json::{Value, json};
use testkit::{app::App, both, events::paid};

async fn states(app: &App, event: &event::Model) -> Vec<(UserId, EventParticipationStatus)> {
    participations(app, event).await.into_iter().map(|row| (row.member_id, row.status)).collect()
}

both! {
    async fn evt_20_the_creator_and_administrators_change_an_event_and_nobody_else(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        for (who, outcome) in [
            (&c.tom, (200, "")), (&c.admin, (200, "")), (&c.tina, (403, "not_event_creator")), (&c.ana, (403, "role_too_low")),
        ] {
            let answer = c.put(&app, who, &event, json!({"description": "d"})).await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()), "{}", who.email);
        }
        assert_eq!(c.put(&app, &c.tom, &event, json!({})).await.outcome(), (400, "empty_update".into()));
        for status in [EventStatus::Cancelled, EventStatus::Completed] {
            let closed = app.world.event_with(&c.gym, &c.tom, 5, |e| e.status = status).await;
            let answer = c.put(&app, &c.admin, &closed, json!({"title": "x"})).await;
            assert_eq!(answer.outcome(), (400, "event_not_editable".into()), "{status:?}");
        }
        // a creator who works there no more is a member like any other
        let core = &app.services.core;
        let row = core.stores.people.of_user(&core.db, c.gym.id, c.tom.id).await.unwrap().unwrap();
        let down = domain::identity::membership::Update { role: Some(domain::identity::GymRole::Member), ..Default::default() };
        core.stores.memberships.update(&core.db, c.gym.id, row.id, down).await.unwrap();
        core.committed(&[services::kernel::cache_key::CacheKey::UserGymMembership(c.tom.id, c.gym.id)]).await;
        assert_eq!(c.put(&app, &c.tom, &event, json!({"title": "x"})).await.outcome(), (403, "role_too_low".into()));
    }

    /// Edge case 13.
    async fn evt_21_what_is_sent_changes_and_the_event_must_fit_together(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event_with(&c.gym, &c.tom, 5, |e| e.description = Some("d".into())).await;
        let changed = c.put(&app, &c.tom, &event, json!({"title": " New ", "description": null})).await.expect(200);
        assert_eq!((&changed["title"], &changed["description"]), (&json!("New"), &Value::Null));
        assert_eq!((&changed["location"], &changed["max_participants"]), (&json!("Sala 1"), &json!(5)));
        for change in [
            json!({"end_time": event.start_time}),
            json!({"start_time": event.end_time + TimeDelta::hours(1)}),
            json!({"start_time": in_days(-1)}),
            json!({"is_paid": true}),
            json!({"price_cents": 100}),
            json!({"colour": 1}),
            json!({"max_participants": -1}),
        ] {
            let answer = c.put(&app, &c.tom, &event, change.clone()).await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()), "{change}");
        }
        let running = app.world.event_with(&c.gym, &c.tom, 5, |e| {
            e.start_time = in_days(-1);
            e.end_time = in_days(1);
        }).await;
        let same = json!({"start_time": running.start_time, "location": "Sala 2"});
        assert_eq!(c.put(&app, &c.tom, &running, same).await.expect(200)["location"], "Sala 2");
    }

    async fn evt_13_evt_22_who_takes_part_agreed_to_a_price(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let to_paid = json!({"is_paid": true, "price_cents": 500, "refund_policy": "NO_REFUND"});
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        assert_eq!(c.put(&app, &c.tom, &event, to_paid.clone()).await.outcome(), (400, "payments_not_configured".into()));
        c.takes_payments(t).await;
        for (status, outcome) in [(Registered, (409, "has_participants")), (WaitingList, (409, "has_participants")), (Cancelled, (200, ""))] {
            let event = app.world.event(&c.gym, &c.tom, 5).await;
            app.world.takes_part(&event, c.ana.id, status).await;
            let answer = c.put(&app, &c.tom, &event, to_paid.clone()).await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()), "{status:?}");
        }
        let priced = app.world.event_with(&c.gym, &c.tom, 5, |e| paid(e, 1000)).await;
        app.world.takes_part(&priced, c.ana.id, Registered).await;
        assert_eq!(c.put(&app, &c.tom, &priced, json!({"currency": "USD"})).await.outcome(), (409, "has_participants".into()));
        assert_eq!(c.put(&app, &c.tom, &priced, json!({"price_cents": 2000})).await.expect(200)["price_cents"], 2000);
    }

    async fn evt_23_a_status_cancels_completes_or_changes_nothing(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        app.world.takes_part(&event, c.ana.id, Registered).await;
        assert_eq!(c.put(&app, &c.tom, &event, json!({"status": "SCHEDULED"})).await.expect(200)["status"], "SCHEDULED");
        assert_eq!(c.put(&app, &c.tom, &event, json!({"status": "COMPLETED"})).await.outcome(), (400, "status_change_not_allowed".into()));
        let cancelled = c.put(&app, &c.tom, &event, json!({"status": "CANCELLED"})).await.expect(200);
        assert_eq!((&cancelled["status"], &cancelled["cancelled_by_user_id"]), (&json!("CANCELLED"), &json!(c.tom.id)));
        assert_eq!(states(&app, &event).await, [(c.ana.id, Cancelled)]);
        // one that nobody joined stays as well: it was not asked to be removed
        let bare = app.world.event(&c.gym, &c.tom, 5).await;
        assert_eq!(c.put(&app, &c.tom, &bare, json!({"status": "CANCELLED"})).await.expect(200)["status"], "CANCELLED");
        let priced = app.world.event_with(&c.gym, &c.tom, 5, |e| paid(e, 1000)).await;
        let answer = c.put(&app, &c.tom, &priced, json!({"status": "CANCELLED", "title": "x"})).await;
        assert_eq!(answer.outcome(), (403, "paid_event_admin_only".into()));
        assert_eq!(app.world.event_now(&priced).await.unwrap().title, "Open day", "nothing else changed either");
        let begun = app.world.event_with(&c.gym, &c.tom, 5, |e| e.start_time = in_days(-1)).await;
        let done = c.put(&app, &c.tom, &begun, json!({"status": "COMPLETED", "description": "d"})).await.expect(200);
        assert_eq!((&done["status"], &done["description"]), (&json!("COMPLETED"), &json!("d")));
    }

    /// Edge case 2.
    async fn evt_24_more_seats_are_filled_from_the_queue_and_fewer_evict_nobody(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        app.world.takes_part(&event, c.ana.id, Registered).await;
        let mut waiting = Vec::new();
        for n in 0..4 {
            let user = app.world.member(&c.gym, &format!("w{n}")).await;
            app.world.takes_part(&event, user.id, WaitingList).await;
            waiting.push(user.id);
        }
        let seated = async || {
            let rows = states(&app, &event).await;
            rows.into_iter().filter(|(_, status)| *status == Registered).map(|(user, _)| user).collect::<Vec<_>>()
        };
        assert_eq!(c.put(&app, &c.tom, &event, json!({"max_participants": 3})).await.expect(200)["participants_count"], 3);
        assert_eq!(seated().await, [c.ana.id, waiting[0], waiting[1]]);
        c.put(&app, &c.tom, &event, json!({"max_participants": 1})).await.expect(200);
        assert_eq!(seated().await.len(), 3, "nobody loses a seat");
        c.put(&app, &c.tom, &event, json!({"max_participants": 0})).await.expect(200);
        assert_eq!(seated().await.len(), 5);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("waitlist_promoted"), waiting);
    }

    /// NTF-90.
    async fn evt_25_who_comes_or_waits_is_told_once_of_a_change_of_time_or_place(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        for (who, status) in [(&c.ana, Registered), (&c.ben, WaitingList), (&c.tina, Cancelled)] {
            app.world.takes_part(&event, who.id, status).await;
        }
        c.put(&app, &c.tom, &event, json!({"title": "x", "location": "Sala 1", "start_time": event.start_time})).await.expect(200);
        app.deliver_effects().await;
        assert!(app.pushes.of_type("event_updated").is_empty());
        c.put(&app, &c.tom, &event, json!({"location": "Sala 2"})).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("event_updated"), [c.ana.id, c.ben.id]);
        let message = app.pushes.of_type("event_updated").remove(0);
        assert_eq!(message.data["event_id"], json!(event.id));
        assert!(message.contents.es.contains("Sala 2") && message.contents.en.contains("Sala 2"), "{:?}", message.contents);
        c.put(&app, &c.tom, &event, json!({"end_time": event.end_time + TimeDelta::hours(1)})).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("event_updated").len(), 4, "another change is another message");
    }

    async fn evt_26_an_event_without_a_chat_asks_for_it_again(t: TestDb) {
        let (app, _) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        app.deliver_effects().await;
        assert_eq!(app.chats.count(), 0);
        c.put(&app, &c.tom, &event, json!({"title": "Renamed"})).await.expect(200);
        app.deliver_effects().await;
        let room = app.chats.channel(&channel(&event)).unwrap();
        assert_eq!((room.name.as_str(), room.posts.len()), ("Evento Renamed", 0));
        c.put(&app, &c.tom, &event, json!({"title": "Again"})).await.expect(200);
        app.deliver_effects().await;
        assert_eq!(app.chats.channel(&channel(&event)).unwrap().name, "Evento Renamed", "it has one");
    }
}

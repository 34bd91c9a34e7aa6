//! Events are listed, and one is looked at.
use super::cast::{Cast, EVENTS, cast, in_days};
use chrono::TimeDelta;
use domain::{
    events::{
        event::EventStatus,
        participation::EventParticipationStatus::{Cancelled, PendingPayment, Registered, WaitingList},
    },
    identity::{GymRole, user},
};
use serde_json::{Value, json};
use testkit::{app::App, both, events::paid};

async fn titles(c: &Cast, app: &App, query: &str) -> Vec<String> {
    let listed = c.get(app, &c.ana, query).await;
    listed.as_array().unwrap().iter().map(|e| e["title"].as_str().unwrap().to_owned()).collect()
}

both! {
    async fn evt_1_evt_3_filters_hold_together_and_the_order_is_by_start(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = async |title: &str, creator: &user::Model, days: i64, seats: i32, status: EventStatus, place: &str| {
            app.world.event_with(&c.gym, creator, seats, |e| {
                e.title = title.into();
                e.start_time = in_days(days);
                e.end_time = in_days(days) + TimeDelta::hours(2);
                e.status = status;
                e.location = Some(place.into());
            }).await
        };
        let full = event("Ñandú RACE", &c.tom, 5, 1, EventStatus::Scheduled, "Hall 100%").await;
        event("Open day", &c.tina, 2, 0, EventStatus::Scheduled, "Garden").await;
        event("Old 100_ race", &c.tom, -9, 5, EventStatus::Completed, "Garden").await;
        event("Off", &c.tom, 9, 5, EventStatus::Cancelled, "Hall 1000").await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Trainer).await;
        app.world.event(&there, &far, 0).await;
        app.world.takes_part(&full, c.ana.id, Registered).await;
        let day = |days: i64| in_days(days).to_rfc3339().replace('+', "%2B");
        for (query, expected) in [
            (String::new(), vec!["Old 100_ race", "Open day", "Ñandú RACE", "Off"]),
            ("?limit=2&skip=1".into(), vec!["Open day", "Ñandú RACE"]),
            ("?limit=9999".into(), vec!["Old 100_ race", "Open day", "Ñandú RACE", "Off"]),
            ("?status=SCHEDULED".into(), vec!["Open day", "Ñandú RACE"]),
            ("?title_contains=race".into(), vec!["Old 100_ race", "Ñandú RACE"]),
            ("?title_contains=100_".into(), vec!["Old 100_ race"]),
            ("?location_contains=100%25".into(), vec!["Ñandú RACE"]),
            ("?location_contains=GARDEN&status=SCHEDULED".into(), vec!["Open day"]),
            (format!("?created_by={}", c.tina.id), vec!["Open day"]),
            ("?only_available=true".into(), vec!["Old 100_ race", "Open day", "Off"]),
            (format!("?start_date={}", day(3)), vec!["Ñandú RACE", "Off"]),
            (format!("?end_date={}", day(3)), vec!["Old 100_ race", "Open day"]),
            (format!("?start_date={}&end_date={}", day(1), day(6)), vec!["Open day", "Ñandú RACE"]),
        ] {
            assert_eq!(titles(&c, &app, &query).await, expected, "{query}");
        }
        for query in ["?limit=0", "?skip=-1", "?status=OVER", "?start_date=2026-01-01"] {
            let answer = app.get(&format!("{EVENTS}{query}")).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()), "{query}");
        }
    }

    async fn evt_4_evt_5_only_who_has_a_seat_is_counted_wherever_an_event_is_shown(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event_with(&c.gym, &c.tom, 5, |e| paid(e, 1500)).await;
        for (who, status) in [(&c.ana, Registered), (&c.ben, Cancelled), (&c.tina, WaitingList), (&c.admin, PendingPayment)] {
            app.world.takes_part(&event, who.id, status).await;
        }
        let listed = c.get(&app, &c.ana, "").await;
        let mine = c.get(&app, &c.tom, "me").await;
        let detail = c.get(&app, &c.ana, &event.id.to_string()).await;
        for shown in [&listed[0], &mine[0], &detail] {
            assert_eq!((&shown["id"], &shown["participants_count"]), (&json!(event.id), &json!(1)));
            assert_eq!((&shown["is_paid"], &shown["price_cents"]), (&json!(true), &json!(1500)));
            assert_eq!((&shown["refund_policy"], &shown["gym_id"]), (&json!("FULL_REFUND"), &json!(c.gym.id)));
        }
        assert_eq!(c.get(&app, &c.ana, "me").await, json!([]));
    }

    /// Edge case 16: the cache is the same for all of them, what they see is not.
    async fn evt_6_what_somebody_paid_is_seen_by_them_and_by_staff(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event_with(&c.gym, &c.admin, 5, |e| paid(e, 1500)).await;
        let ana = app.world.takes_part(&event, c.ana.id, Registered).await;
        let ben = app.world.takes_part(&event, c.ben.id, Registered).await;
        let eva = app.world.member(&c.gym, "eva").await;
        app.world.takes_part(&event, eva.id, WaitingList).await;
        let path = event.id.to_string();
        let seen = async |who: &user::Model| {
            let detail = c.get(&app, who, &path).await;
            let rows = detail["participants"].as_array().unwrap().clone();
            rows.iter().map(|row| (row["member_id"].clone(), row["amount_paid_cents"].clone())).collect::<Vec<_>>()
        };
        let (a, b, e) = (json!(c.ana.id), json!(c.ben.id), json!(eva.id));
        let paid = json!(1500);
        for _ in 0..2 {
            // in an order in which a leak would show
            assert_eq!(seen(&c.tom).await, [(a.clone(), paid.clone()), (b.clone(), paid.clone()), (e.clone(), Value::Null)]);
            assert_eq!(seen(&c.ana).await, [(a.clone(), paid.clone()), (b.clone(), Value::Null)]);
            assert_eq!(seen(&c.ben).await, [(a.clone(), Value::Null), (b.clone(), paid.clone())]);
            assert_eq!(seen(&eva).await, [(a.clone(), Value::Null), (b.clone(), Value::Null), (e.clone(), Value::Null)]);
        }
        let detail = c.get(&app, &eva, &path).await;
        for field in ["payment_status", "payment_date", "stripe_payment_intent_id", "refund_date", "refund_amount_cents", "payment_expiry"] {
            assert_eq!(detail["participants"][0][field], Value::Null, "{field}");
        }
        let text = detail.to_string();
        for intent in [&ana, &ben].map(|row| row.stripe_payment_intent_id.clone().unwrap()) {
            assert!(!text.contains(&intent), "{text}");
        }
    }

    async fn evt_1_an_event_of_another_gym_is_not_found(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Admin).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let path = format!("{EVENTS}{}", event.id);
        for call in [app.get(&path), app.delete(&path), app.put(&path).json(json!({"title": "x"}))] {
            assert_eq!(call.by(&far).at(there.id).send().await.outcome(), (404, "event_not_found".into()));
        }
    }

    /// Edge case 17.
    async fn evt_16_what_changes_is_seen_at_once_and_other_gyms_keep_what_they_have(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let there = app.world.gym("there").await;
        let far = app.world.person(&there, "far", GymRole::Admin).await;
        let list = async |by: &user::Model, gym: domain::GymId| app.get(EVENTS).by(by).at(gym).send().await;
        assert_eq!(list(&c.ana, c.gym.id).await.expect(200), json!([]));
        list(&far, there.id).await.expect(200);
        let made = c.create(&app, &c.tom, json!({"title": "First"})).await.expect(201);
        let path = format!("{EVENTS}{}", made["id"]);
        let detail = async || app.get(&path).by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(list(&c.ana, c.gym.id).await.json()[0]["title"], "First");
        assert_eq!(detail().await.json()["title"], "First");
        app.put(&path).by(&c.tom).at(c.gym.id).json(json!({"title": "Second"})).send().await.expect(200);
        assert_eq!(list(&c.ana, c.gym.id).await.json()[0]["title"], "Second");
        assert_eq!(detail().await.json()["title"], "Second");
        let hit = list(&c.ana, c.gym.id).await;
        assert_eq!(hit.json()[0]["title"], "Second");
        assert!(hit.header("x-cache-hits").parse::<u32>().unwrap() > 0, "the second look is at the cache");
        app.delete(&path).by(&c.tom).at(c.gym.id).send().await.expect(200);
        assert_eq!(detail().await.json()["status"], "CANCELLED");
        let other = list(&far, there.id).await;
        assert_eq!(other.header("x-cache-misses"), "0", "the other gym's list is still kept");
    }

    async fn evt_3_a_list_is_one_statement_and_a_detail_two(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        // who calls is known from here on
        c.get(&app, &c.ana, "me").await;
        for (path, most) in [(EVENTS.to_owned(), 1), (format!("{EVENTS}{}", event.id), 2)] {
            let answer = app.get(&path).by(&c.ana).at(c.gym.id).send().await;
            let statements: u32 = answer.header("x-database-statements").parse().unwrap();
            assert!((1..=most).contains(&statements), "{path}: {statements}");
            let again = app.get(&path).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(again.header("x-database-statements"), "0", "{path}");
        }
    }

    async fn evt_2_no_module_closes_the_events_of_a_gym(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let root = app.world.super_admin("root").await;
        app.world.join(c.gym.id, root.id, GymRole::Admin).await;
        app.patch("/api/v1/modules/events/deactivate").by(&root).at(c.gym.id).send().await.expect(200);
        c.create(&app, &c.tom, json!({})).await.expect(201);
        assert_eq!(titles(&c, &app, "").await, ["Open day"]);
    }
}

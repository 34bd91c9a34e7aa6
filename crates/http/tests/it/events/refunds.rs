//! What goes back, when, how often it is tried, and what administrators may do about it.
use super::{cast::*, deeds::*};
use chrono::TimeDelta;
use domain::events::{
    event::RefundPolicy,
    participation::{EventParticipationStatus as S, PaymentStatus as Pay},
};
use ports::payments::{NewRefund, Payments};
use serde_json::{Value, json};
use testkit::{app::App, both};

both! {
    async fn evt_60_evt_62_what_was_paid_goes_back_by_the_policy(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        c.takes_payments(t).await;
        for (policy, change, back, payment) in [
            (RefundPolicy::NoRefund, "", 0, Pay::Paid),
            (RefundPolicy::FullRefund, "", 1001, Pay::Refunded),
            (RefundPolicy::FullRefund, "refund_deadline_hours = 80", 0, Pay::Paid),
            (RefundPolicy::PartialRefund, "partial_refund_percentage = 33", 330, Pay::Refunded),
            (RefundPolicy::PartialRefund, "partial_refund_percentage = 0", 0, Pay::Paid),
            (RefundPolicy::Credit, "", 0, Pay::Credited),
        ] {
            let event = c.another_paid_event(&app, 5, policy).await;
            if !change.is_empty() {
                set(t, &event, change).await;
            }
            let paid = joins_and_pays(&app, &event, &c.ana).await;
            leave(&app, &c.ana, &event).await.expect(204);
            let row = part(&app, &event, &c.ana).await;
            assert_eq!((row.status, row.payment_status), (S::Cancelled, Some(payment)), "{policy:?} {change}");
            let sent: i64 = given_back(&app).iter().filter(|(intent, _)| *intent == paid.id).map(|(_, n)| n).sum();
            assert_eq!(sent, back, "{policy:?} {change}");
            let total = app.world.event_now(&event).await.unwrap().total_refunded_cents;
            assert_eq!(i64::from(total.unwrap_or_default()), back);
            let noted = if policy == RefundPolicy::Credit { Some(PRICE) } else { i32::try_from(back).ok().filter(|n| *n > 0) };
            assert_eq!((row.refund_amount_cents, row.refund_date.is_some()), (noted, noted.is_some()));
        }
        let core = &app.services.core;
        let credits = core.stores.event_credits.list(&core.db, c.gym.id, services::Page::default()).await.unwrap();
        let credits: Vec<_> = credits.into_iter().map(|credit| (credit.user_id, credit.amount, credit.currency)).collect();
        assert_eq!(credits, [(c.ana.id, PRICE, "EUR".to_owned())]);
        assert_eq!(told(t, "event_refunded").await, [c.ana.id, c.ana.id], "NTF-48: of each refund");
    }

    async fn evt_60_nothing_goes_back_once_the_event_has_begun(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        set(t, &event, "refund_deadline_hours = 0").await;
        joins_and_pays(&app, &event, &c.ana).await;
        starts(t, &event, -1).await;
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!((standing(&app, &event, &[&c.ana]).await, given_back(&app)), (vec![(S::Cancelled, Some(Pay::Paid))], vec![]));
    }

    async fn evt_41_nobody_takes_part_again_while_their_refund_is_not_through(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        joins_and_pays(&app, &event, &c.ana).await;
        app.payments.fail(refused());
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Cancelled, Some(Pay::Paid))]);
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (409, "refund_pending".into()));
        let body = json!({"event_id": event.id, "user_ids": [c.ana.id]});
        let bulk = app.post(&format!("{PART}/bulk")).by(&c.admin).at(c.gym.id).json(body).send().await;
        assert_eq!(bulk.outcome(), (409, "refund_pending".into()));
        clock.advance(TimeDelta::minutes(1));
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app).len(), 1);
        assert_eq!(join(&app, &c.ana, &event).await.expect(201)["status"], "PENDING_PAYMENT");
    }

    async fn evt_63_a_refund_is_tried_ten_times_ever_less_often_and_then_told(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        joins_and_pays(&app, &event, &c.ana).await;
        app.payments.fail(refused());
        leave(&app, &c.ana, &event).await.expect(204);
        let pauses = [1, 5, 30, 120, 720, 720, 720, 720, 720];
        for (n, minutes) in pauses.into_iter().enumerate() {
            let attempts = i32::try_from(n).unwrap() + 1;
            assert_eq!(tasks(t).await, [("policy".to_owned(), "pending".to_owned(), PRICE, attempts)]);
            clock.advance(TimeDelta::minutes(minutes) - TimeDelta::seconds(1));
            run_job(&app, "refund_retry").await;
            assert_eq!(tasks(t).await[0].3, attempts, "not yet");
            assert_eq!(told(t, "refund_failed").await, []);
            clock.advance(TimeDelta::seconds(1));
            app.payments.fail(refused());
            run_job(&app, "refund_retry").await;
        }
        assert_eq!(tasks(t).await, [("policy".to_owned(), "failed".to_owned(), PRICE, 10)]);
        assert_eq!(told(t, "refund_failed").await, [c.admin.id], "NTF-91: the gym's own, once");
        clock.advance(TimeDelta::days(9));
        run_job(&app, "refund_retry").await;
        assert_eq!((tasks(t).await[0].3, given_back(&app)), (10, vec![]));
        let payments = app.get(&format!("{ADMIN}/events/{}/payments", event.id)).by(&c.admin).at(c.gym.id).send().await.expect(200);
        assert_eq!(payments[0]["open_refund"], json!({
            "state": "failed", "amount_cents": PRICE, "attempts": 10, "last_error": "payment refused: no balance",
        }));
        // an administrator has it tried again
        let row = part(&app, &event, &c.ana).await;
        let made = refund(&app, &c.admin, &row, json!({"reason": "by hand"})).await.expect(200);
        assert_eq!((&made["amount"], &made["status"]), (&json!(PRICE), &json!("PROCESSED")));
        assert_eq!((tasks(t).await[0].1.as_str(), given_back(&app).len()), ("done", 1));
    }

    async fn evt_62_a_process_that_dies_after_the_refund_makes_no_second_one(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let paid = joins_and_pays(&app, &event, &c.ana).await;
        app.payments.fail(refused());
        leave(&app, &c.ana, &event).await.expect(204);
        // the next attempt takes the task, makes the refund, and is never heard of again
        clock.advance(TimeDelta::minutes(1));
        let (core, now) = (&app.services.core, ports::Clock::now(&clock));
        let wanted = testkit::events::Wanted::Due;
        let taken = core.stores.refund_tasks.claim(&core.db, wanted, now, now + TimeDelta::minutes(2), 5).await.unwrap();
        let key = format!("refund:{}:{}", taken[0].participation_id, paid.id);
        let new = NewRefund { intent: paid.id.clone(), amount: PRICE.into(), metadata: Default::default(), key };
        app.payments.refund(ACCOUNT, &new).await.unwrap();
        run_job(&app, "refund_retry").await;
        assert_eq!(tasks(t).await[0].1, "pending", "another worker leaves it alone meanwhile");
        clock.advance(TimeDelta::minutes(2));
        run_job(&app, "refund_retry").await;
        assert_eq!(tasks(t).await[0].1, "done");
        assert_eq!(given_back(&app), [(paid.id, i64::from(PRICE))], "once");
        assert_eq!(app.world.event_now(&event).await.unwrap().total_refunded_cents, Some(PRICE));
        assert_eq!(told(t, "event_refunded").await, [c.ana.id]);
    }

    async fn evt_63_two_workers_at_once_make_one_refund(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        for who in [&c.ana, &c.ben, &c.tina] {
            joins_and_pays(&app, &event, who).await;
            app.payments.fail(refused());
            leave(&app, who, &event).await.expect(204);
        }
        clock.advance(TimeDelta::minutes(1));
        let now = ports::Clock::now(&clock);
        let core = &app.services.core;
        let take = || async {
            let wanted = testkit::events::Wanted::Due;
            let claim = async |tx: testkit::events::Tx| core.stores.refund_tasks.claim(&tx, wanted, now, now + TimeDelta::minutes(2), 5).await;
            core.db.run(claim).await.unwrap().len()
        };
        let (one, two) = futures::join!(take(), take());
        assert_eq!(one + two, 3, "{one} and {two}");
    }

    async fn evt_56_who_paid_and_waits_when_it_begins_gets_everything_back(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::NoRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        // as the replaced system left it
        let paid = pay_quietly(&app, &event, &c.ana).await;
        let row = part(&app, &event, &c.ana).await;
        set_row(t, &row, "status = 'WAITING_LIST', queued_at = registered_at, payment_status = 'PAID', amount_paid_cents = 1001").await;
        run_job(&app, "unseated_refund").await;
        assert_eq!(tasks(t).await, [], "it may still have a seat");
        starts(t, &event, -1).await;
        run_job(&app, "unseated_refund").await;
        run_job(&app, "unseated_refund").await;
        assert_eq!(tasks(t).await, [("unseated".to_owned(), "pending".to_owned(), PRICE, 0)]);
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app), [(paid.id, i64::from(PRICE))]);
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::WaitingList, Some(Pay::Refunded))]);
    }

    async fn evt_64_an_administrator_refunds_by_the_policy_or_so_much_and_the_seat_stays(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 0, RefundPolicy::PartialRefund).await;
        for who in [&c.ana, &c.ben] {
            joins_and_pays(&app, &event, who).await;
        }
        let (ana, ben) = (part(&app, &event, &c.ana).await, part(&app, &event, &c.ben).await);
        assert_eq!(refund(&app, &c.tom, &ana, json!({"reason": "x"})).await.outcome(), (403, "role_too_low".into()));
        for wrong in [json!({"reason": " "}), json!({"reason": "x", "amount_cents": 0}), json!({"reason": "x", "y": 1}), json!({})] {
            assert_eq!(refund(&app, &c.admin, &ana, wrong).await.status, 422);
        }
        let more = refund(&app, &c.admin, &ana, json!({"reason": "x", "amount_cents": PRICE + 1})).await;
        assert_eq!(more.outcome(), (400, "more_than_paid".into()));
        let half = refund(&app, &c.admin, &ana, json!({"reason": "ill"})).await.expect(200);
        assert_eq!(half, json!({
            "refund_id": "re_1", "amount": 500, "type": "PARTIAL_REFUND", "status": "PROCESSED", "reason": "ill", "percentage": 50,
        }));
        let now = part(&app, &event, &c.ana).await;
        assert_eq!((now.status, now.payment_status, now.refund_amount_cents), (S::Registered, Some(Pay::Refunded), Some(500)));
        assert_eq!(refund(&app, &c.admin, &ana, json!({"reason": "ill"})).await.outcome(), (400, "not_paid".into()));
        assert_eq!(app.payments.refunds()[0].0.metadata["refund_reason"], "ill");
        app.payments.fail(refused());
        let failed = refund(&app, &c.admin, &ben, json!({"reason": "x", "amount_cents": PRICE})).await;
        assert_eq!(failed.outcome(), (502, "refund_failed".into()));
        let soon = refund(&app, &c.admin, &ben, json!({"reason": "x"})).await;
        assert_eq!(soon.outcome(), (409, "refund_pending".into()), "the clock does it");
    }

    async fn evt_64_where_the_policy_gives_nothing_nothing_changes(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 0, RefundPolicy::NoRefund).await;
        joins_and_pays(&app, &event, &c.ana).await;
        let row = part(&app, &event, &c.ana).await;
        let nothing = refund(&app, &c.admin, &row, json!({"reason": "x"})).await.expect(200);
        assert_eq!(nothing, json!({
            "refund_id": null, "amount": 0, "type": "NO_REFUND", "status": "PROCESSED", "reason": "x",
        }));
        assert_eq!(part(&app, &event, &c.ana).await, row);
        let all = refund(&app, &c.admin, &row, json!({"reason": "x", "amount_cents": PRICE})).await.expect(200);
        assert_eq!(all["type"], "FULL_REFUND");
    }

    async fn evt_65_cash_is_told_by_hand_and_seats_and_goes_back_by_hand(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        let (ana, ben) = (part(&app, &event, &c.ana).await, part(&app, &event, &c.ben).await);
        assert_eq!(set_status(&app, &c.tom, &ana, "PAID").await.outcome(), (403, "role_too_low".into()));
        let cash = set_status(&app, &c.admin, &ana, "PAID").await.expect(200);
        assert_eq!((&cash["status"], &cash["amount_paid_cents"], &cash["stripe_payment_intent_id"]), (&json!("REGISTERED"), &json!(PRICE), &Value::Null));
        assert_eq!(set_status(&app, &c.admin, &ana, "PAID").await.expect(200), cash, "the same again changes nothing");
        // no seat is left: they wait, before everybody who has not paid
        assert_eq!(set_status(&app, &c.admin, &ben, "PAID").await.expect(200)["status"], "WAITING_LIST");
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&c.ana, &c.ben]).await, [(S::Cancelled, Some(Pay::Paid)), (S::Registered, Some(Pay::Paid))]);
        assert_eq!(tasks(t).await, [("policy".to_owned(), "failed".to_owned(), PRICE, 0)]);
        assert_eq!(told(t, "refund_failed").await, [c.admin.id]);
        let by_refund = refund(&app, &c.admin, &ben, json!({"reason": "x"})).await;
        assert_eq!(by_refund.outcome(), (400, "no_payment_intent".into()));
        assert_eq!(set_status(&app, &c.admin, &ana, "REFUNDED").await.expect(200)["refund_amount_cents"], json!(PRICE));
        assert_eq!(tasks(t).await[0].1, "done");
        assert_eq!((told(t, "event_refunded").await, given_back(&app)), (vec![c.ana.id], vec![]));
        assert_eq!(set_status(&app, &c.admin, &ben, "CREDITED").await.expect(200)["payment_status"], "CREDITED");
        // what could still be paid is cancelled
        app.deliver_effects().await;
        assert!(intents(&app).iter().all(|(_, state)| *state == ports::payments::IntentState::Canceled));
    }

    async fn evt_65_no_other_change_is_made_by_hand(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let free = app.world.event(&c.gym, &c.tom, 1).await;
        join(&app, &c.ana, &free).await.expect(201);
        let row = part(&app, &free, &c.ana).await;
        assert_eq!(set_status(&app, &c.admin, &row, "PAID").await.outcome(), (400, "event_is_free".into()));
        joins_and_pays(&app, &event, &c.ana).await;
        let paid = part(&app, &event, &c.ana).await;
        assert_eq!(set_status(&app, &c.admin, &paid, "REFUNDED").await.outcome(), (409, "use_refund".into()));
        for to in ["CREDITED", "PENDING", "EXPIRED"] {
            assert_eq!(set_status(&app, &c.admin, &paid, to).await.outcome(), (409, "payment_status_conflict".into()), "{to}");
        }
        assert_eq!(set_status(&app, &c.admin, &paid, "NONE").await.status, 422);
        join(&app, &c.ben, &event).await.expect(201);
        leave(&app, &c.ana, &event).await.expect(204);
        let due = part(&app, &event, &c.ben).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        join(&app, &zoe, &event).await.expect(201);
        let ended = set_status(&app, &c.admin, &due, "EXPIRED").await.expect(200);
        assert_eq!((&ended["status"], &ended["payment_status"]), (&json!("CANCELLED"), &json!("EXPIRED")));
        assert_eq!(seated(&app, &event).await, [zoe.id]);
        assert_eq!(set_status(&app, &c.admin, &due, "PAID").await.outcome(), (409, "payment_status_conflict".into()));
    }

    async fn evt_49_who_leaves_the_gym_gets_back_what_the_policy_says(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let paid = joins_and_pays(&app, &event, &c.ana).await;
        join(&app, &c.ben, &event).await.expect(201);
        let gone = app.delete(&format!("/api/v1/gyms/users/{}", c.ana.id)).by(&c.admin).at(c.gym.id).send().await;
        assert!(gone.status.is_success(), "{gone:?}");
        assert_eq!(given_back(&app), [], "nothing outside is called while rows are held (EVT-98)");
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app), [(paid.id, i64::from(PRICE))]);
        assert_eq!(standing(&app, &event, &[&c.ana, &c.ben]).await, [(S::Cancelled, Some(Pay::Refunded)), (S::Registered, Some(Pay::Pending))]);
    }

    async fn evt_64_administrators_see_events_that_cost_and_who_paid(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let later = c.another_paid_event(&app, 5, RefundPolicy::FullRefund).await;
        let gone = c.another_paid_event(&app, 5, RefundPolicy::FullRefund).await;
        let free = app.world.event(&c.gym, &c.tom, 5).await;
        set(t, &gone, "status = 'CANCELLED'").await;
        starts(t, &later, 9999).await;
        joins_and_pays(&app, &event, &c.ana).await;
        join(&app, &c.ben, &event).await.expect(201);
        let list = async |query: &str| {
            let all = app.get(&format!("{ADMIN}/payments/events{query}")).by(&c.admin).at(c.gym.id).send().await.expect(200);
            all.as_array().unwrap().iter().map(|e| (e["id"].as_i64().unwrap(), e["participants_count"].as_i64().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(list("").await, [(later.id.0, 0), (event.id.0, 1)]);
        assert_eq!(list("?only_active=false").await.len(), 3);
        let payments = async |id, query: &str| app.get(&format!("{ADMIN}/events/{id}/payments{query}")).by(&c.admin).at(c.gym.id).send().await;
        assert_eq!(payments(event.id, "").await.expect(200).as_array().unwrap().len(), 2);
        let paid = payments(event.id, "?payment_status=PAID").await.expect(200);
        assert_eq!((paid.as_array().unwrap().len(), &paid[0]["member_id"], &paid[0]["open_refund"]), (1, &json!(c.ana.id), &Value::Null));
        assert_eq!(payments(free.id, "").await.outcome(), (400, "event_is_free".into()));
        let member = app.get(&format!("{ADMIN}/events/{}/payments", event.id)).by(&c.tom).at(c.gym.id).send().await;
        assert_eq!(member.outcome(), (403, "role_too_low".into()));
    }
}

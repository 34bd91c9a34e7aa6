//! Seats that become free, and who gets them (EVT-24, EVT-45).
use super::{cast::*, deeds::*};
use chrono::TimeDelta;
use domain::events::{
    event::RefundPolicy,
    participation::{EventParticipationStatus as S, PaymentStatus as Pay},
};
use serde_json::json;
use testkit::{app::App, both, events::paid};

both! {
    async fn evt_24_evt_45_more_seats_go_to_the_first_of_the_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let m = c.members(&app, "m", 15).await;
        for who in &m {
            join(&app, who, &event).await.expect(201);
        }
        let first = |n: usize| m[..n].iter().map(|who| who.id).collect::<Vec<_>>();
        assert_eq!(seated(&app, &event).await, first(5));
        c.put(&app, &c.tom, &event, json!({"max_participants": 8})).await.expect(200);
        assert_eq!(seated(&app, &event).await, first(8));
        assert_eq!(told(t, "waitlist_promoted").await, m[5..8].iter().map(|who| who.id).collect::<Vec<_>>());
        // fewer seats take nobody's away, and nobody comes in until there is room again
        c.put(&app, &c.tom, &event, json!({"max_participants": 2})).await.expect(200);
        leave(&app, &m[0], &event).await.expect(204);
        assert_eq!(seated(&app, &event).await, first(8)[1..]);
        c.put(&app, &c.tom, &event, json!({"max_participants": 0})).await.expect(200);
        assert_eq!(seated(&app, &event).await, first(15)[1..]);
    }

    async fn evt_45_a_promoted_member_of_a_paid_event_holds_the_seat_until_they_must_have_paid(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        joins_and_pays(&app, &event, &c.ana).await;
        for who in [&c.ben, &zoe] {
            let waits = join(&app, who, &event).await.expect(201);
            assert_eq!((&waits["status"], &waits["payment_status"]), (&json!("WAITING_LIST"), &json!("PENDING")));
            assert_eq!((&waits["payment_required"], &waits["stripe_payment_intent_id"]), (&json!(false), &json!(null)));
        }
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&c.ben, &zoe]).await, [(S::Registered, Some(Pay::Pending)), (S::WaitingList, Some(Pay::Pending))]);
        assert_eq!(told(t, "waitlist_promoted").await, [c.ben.id]);
        let due = part(&app, &event, &c.ben).await;
        assert_eq!(due.payment_expiry.unwrap() - ports::Clock::now(&clock), TimeDelta::hours(24));
        // asking gives no more time
        clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
        ask_intent(&app, &c.ben, &due).await.expect(200);
        run_job(&app, "payment_expiry").await;
        assert_eq!(part(&app, &event, &c.ben).await.payment_expiry, due.payment_expiry);
        clock.advance(TimeDelta::seconds(2));
        assert_eq!(ask_intent(&app, &c.ben, &due).await.outcome(), (400, "payment_expired".into()));
        run_job(&app, "payment_expiry").await;
        assert_eq!(standing(&app, &event, &[&c.ben, &zoe]).await, [(S::Cancelled, Some(Pay::Expired)), (S::Registered, Some(Pay::Pending))]);
        assert_eq!(told(t, "waitlist_promoted").await, [c.ben.id, zoe.id]);
        pay_after_asking(&app, &event, &zoe).await;
        assert_eq!(standing(&app, &event, &[&zoe]).await, [(S::Registered, Some(Pay::Paid))]);
    }

    async fn evt_45_a_promotion_close_to_the_start_is_paid_before_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        joins_and_pays(&app, &event, &c.ana).await;
        join(&app, &c.ben, &event).await.expect(201);
        starts(t, &event, 120).await;
        leave(&app, &c.ana, &event).await.expect(204);
        let start = app.world.event_now(&event).await.unwrap().start_time;
        assert_eq!(part(&app, &event, &c.ben).await.payment_expiry, Some(start));
    }

    async fn evt_45_nobody_is_promoted_in_an_event_that_has_begun(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        starts(t, &event, -10).await;
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(seated(&app, &event).await, []);
        // who comes now finds the seat
        let zoe = app.world.member(&c.gym, "zoe").await;
        assert_eq!(join(&app, &zoe, &event).await.expect(201)["status"], "REGISTERED");
    }

    async fn evt_45_who_has_paid_already_is_first_and_pays_no_more(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        joins_and_pays(&app, &event, &c.ana).await;
        join(&app, &c.ben, &event).await.expect(201);
        // as the replaced system left it: paid, and waiting
        app.world.takes_part(&event, zoe.id, S::WaitingList).await;
        let row = part(&app, &event, &zoe).await;
        set_row(t, &row, "payment_status = 'PAID', amount_paid_cents = 1001, stripe_payment_intent_id = 'pi_old'").await;
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&zoe, &c.ben]).await, [(S::Registered, Some(Pay::Paid)), (S::WaitingList, Some(Pay::Pending))]);
        assert_eq!(part(&app, &event, &zoe).await.payment_expiry, None);
    }

    async fn evt_45_who_left_the_gym_is_passed_over(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        let stranger = app.world.user("stranger").await;
        join(&app, &c.ana, &event).await.expect(201);
        app.world.takes_part(&event, stranger.id, S::WaitingList).await;
        join(&app, &c.ben, &event).await.expect(201);
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(seated(&app, &event).await, [c.ben.id]);
        assert_eq!(part(&app, &event, &stranger).await.status, S::Cancelled);
    }

    async fn evt_54_evt_45_two_pay_for_the_last_seat_and_the_other_is_given_back_or_the_next_seat(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        pay(&app, &event, &c.ben).await;
        let late = pay(&app, &event, &c.ana).await;
        assert_eq!(standing(&app, &event, &[&c.ben, &c.ana]).await, [(S::Registered, Some(Pay::Paid)), (S::WaitingList, Some(Pay::Paid))]);
        assert_eq!(tasks(t).await, [("unseated".into(), "pending".into(), PRICE, 0)]);
        assert_eq!(told(t, "event_payment_confirmed").await, [c.ben.id]);
        // a seat before the money is sent: it stays, and so does the payment
        leave(&app, &c.ben, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Registered, Some(Pay::Paid))]);
        assert_eq!(tasks(t).await[0].1, "withdrawn");
        run_job(&app, "refund_retry").await;
        assert!(!given_back(&app).iter().any(|(intent, _)| *intent == late.id));
        // and what is cancelled after that goes back once
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(given_back(&app).iter().filter(|(intent, _)| *intent == late.id).count(), 1);
    }

    async fn evt_54_evt_45_after_the_money_is_back_a_seat_is_to_be_paid_anew(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        pay(&app, &event, &c.ben).await;
        let first = pay(&app, &event, &c.ana).await;
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app), [(first.id.clone(), i64::from(PRICE))]);
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::WaitingList, Some(Pay::Refunded))]);
        assert_eq!(told(t, "event_refunded").await, [c.ana.id]);
        leave(&app, &c.ben, &event).await.expect(204);
        let row = part(&app, &event, &c.ana).await;
        assert_eq!((row.status, row.payment_status), (S::Registered, Some(Pay::Pending)));
        assert_eq!((row.stripe_payment_intent_id, row.refund_amount_cents, row.refund_date), (None, None, None));
        let second = pay_after_asking(&app, &event, &c.ana).await;
        assert_ne!(first.id, second);
        // the first payment does not count again, whoever tells of it
        let told_again = app.payments.intents().into_iter().find(|(_, intent)| intent.id == first.id).unwrap().1;
        app.services.event_payments.succeeded(ACCOUNT, &told_again).await.unwrap();
        let row = part(&app, &event, &c.ana).await;
        assert_eq!((row.payment_status, row.stripe_payment_intent_id), (Some(Pay::Paid), Some(second)));
    }

    async fn evt_45_a_refund_that_may_be_sent_already_is_not_taken_back(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        join(&app, &c.ana, &event).await.expect(201);
        joins_and_pays(&app, &event, &c.ben).await;
        pay(&app, &event, &c.ana).await;
        join(&app, &zoe, &event).await.expect(201);
        app.payments.fail(ports::payments::PaymentError::Unavailable("time-out".into()));
        run_job(&app, "refund_retry").await;
        leave(&app, &c.ben, &event).await.expect(204);
        // the seat goes to who waits behind
        assert_eq!(standing(&app, &event, &[&c.ana, &zoe]).await, [(S::WaitingList, Some(Pay::Paid)), (S::Registered, Some(Pay::Pending))]);
    }

    async fn evt_45_a_free_event_that_was_paid_for_once_seats_without_payment(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event_with(&c.gym, &c.tom, 1, |e| paid(e, 500)).await;
        set(t, &event, "is_paid = false, price_cents = NULL, refund_policy = NULL").await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&c.ben]).await, [(S::Registered, None)]);
    }
}

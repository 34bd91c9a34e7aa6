//! What the payment service tells, once, twice, late, or of something else (EVT-54, EVT-55, EVT-59, EVT-66).
use super::{cast::*, deeds::*};
use domain::events::{
    event::RefundPolicy,
    participation::{EventParticipationStatus as S, PaymentStatus as Pay},
};
use ports::payments::Intent;
use serde_json::json;
use services::events::event_payments::ChargeRefunded;
use testkit::{app::App, both};

both! {
    async fn evt_54_evt_66_a_payment_counts_once_whoever_tells_of_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let paid = joins_and_pays(&app, &event, &c.ana).await;
        let row = part(&app, &event, &c.ana).await;
        assert_eq!((row.status, row.payment_status), (S::Registered, Some(Pay::Paid)));
        app.services.event_payments.succeeded(ACCOUNT, &paid).await.unwrap();
        confirm(&app, &c.ana, &row, json!({})).await.expect(200);
        assert_eq!(part(&app, &event, &c.ana).await, row);
        assert_eq!(told(t, "event_payment_confirmed").await, [c.ana.id]);
        // the row is found though the intent was never kept
        join(&app, &c.ben, &event).await.expect(201);
        let quiet = pay_quietly(&app, &event, &c.ben).await;
        set_row(t, &part(&app, &event, &c.ben).await, "stripe_payment_intent_id = NULL").await;
        app.services.event_payments.succeeded(ACCOUNT, &quiet).await.unwrap();
        assert_eq!(part(&app, &event, &c.ben).await.stripe_payment_intent_id, Some(quiet.id));
    }

    async fn evt_53_evt_66_what_is_not_for_this_row_or_this_gym_is_passed_over(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        let paid = pay_quietly(&app, &event, &c.ana).await;
        let before = part(&app, &event, &c.ana).await;
        let wrong = |change: &dyn Fn(&mut Intent)| {
            let mut intent = paid.clone();
            change(&mut intent);
            intent
        };
        let tell = app.services.event_payments.clone();
        tell.succeeded("acct_other", &paid).await.unwrap();
        for intent in [
            wrong(&|i| i.amount -= 1),
            wrong(&|i| i.currency = "usd".into()),
            wrong(&|i| drop(i.metadata.insert("user_id".into(), c.ben.id.to_string()))),
            wrong(&|i| drop(i.metadata.insert("gym_id".into(), "999".into()))),
            wrong(&|i| i.metadata.clear()),
            wrong(&|i| {
                i.id = "pi_unknown".into();
                i.metadata.insert("participation_id".into(), "999".into());
            }),
        ] {
            tell.succeeded(ACCOUNT, &intent).await.unwrap();
            assert_eq!(part(&app, &event, &c.ana).await, before, "{intent:?} {:?}", intent.metadata);
        }
        tell.succeeded(ACCOUNT, &paid).await.unwrap();
        assert_ne!(part(&app, &event, &c.ana).await, before);
    }

    async fn evt_55_a_payment_that_comes_too_late_goes_back(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::NoRefund).await;
        // after the member has left
        join(&app, &c.ana, &event).await.expect(201);
        let left = intent(&app, &event, &c.ana).await;
        leave(&app, &c.ana, &event).await.expect(204);
        app.payments.put(&left.id, ports::payments::IntentState::Succeeded);
        app.services.event_payments.succeeded(ACCOUNT, &left).await.unwrap();
        app.services.event_payments.succeeded(ACCOUNT, &left).await.unwrap();
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Cancelled, Some(Pay::Expired))]);
        // a second payment of somebody who has paid
        let first = joins_and_pays(&app, &event, &c.ben).await;
        let second = Intent { id: "pi_second".into(), ..first.clone() };
        app.services.event_payments.succeeded(ACCOUNT, &second).await.unwrap();
        assert_eq!(part(&app, &event, &c.ben).await.stripe_payment_intent_id, Some(first.id));
        // after the event was cancelled
        join(&app, &c.tina, &event).await.expect(201);
        let tina = pay_quietly(&app, &event, &c.tina).await;
        set(t, &event, "status = 'CANCELLED'").await;
        app.services.event_payments.succeeded(ACCOUNT, &tina).await.unwrap();
        let late = ("late_payment".to_owned(), "pending".to_owned(), PRICE, 0);
        assert_eq!(tasks(t).await, [late.clone(), late.clone(), late]);
        run_job(&app, "refund_retry").await;
        let back: Vec<_> = given_back(&app).into_iter().map(|(intent, _)| intent).collect();
        assert!(back.contains(&left.id) && back.contains(&tina.id), "{back:?}");
        assert_eq!(standing(&app, &event, &[&c.ana, &c.ben]).await, [(S::Cancelled, Some(Pay::Expired)), (S::Registered, Some(Pay::Paid))]);
    }

    async fn evt_66_an_intent_that_is_cancelled_ends_its_claim_and_gives_the_seat_on(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        joins_and_pays(&app, &event, &c.ana).await;
        for who in [&c.ben, &zoe] {
            join(&app, who, &event).await.expect(201);
        }
        leave(&app, &c.ana, &event).await.expect(204);
        let row = part(&app, &event, &c.ben).await;
        ask_intent(&app, &c.ben, &row).await.expect(200);
        let open = intent(&app, &event, &c.ben).await;
        // one that is not the row's, or was replaced for its price, ends nothing
        let other = Intent { id: "pi_other".into(), ..open.clone() };
        let cheaper = Intent { amount: 1, ..open.clone() };
        for passed_over in [other, cheaper] {
            app.services.event_payments.canceled(ACCOUNT, &passed_over).await.unwrap();
            assert_eq!(part(&app, &event, &c.ben).await.status, S::Registered);
        }
        app.services.event_payments.canceled(ACCOUNT, &open).await.unwrap();
        app.services.event_payments.canceled(ACCOUNT, &open).await.unwrap();
        assert_eq!(standing(&app, &event, &[&c.ben, &zoe]).await, [(S::Cancelled, Some(Pay::Expired)), (S::Registered, Some(Pay::Pending))]);
    }

    async fn evt_66_a_payment_that_failed_is_told_once_and_the_claim_stays(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        let before = part(&app, &event, &c.ana).await;
        let open = intent(&app, &event, &c.ana).await;
        app.services.event_payments.failed(ACCOUNT, &open).await.unwrap();
        app.services.event_payments.failed(ACCOUNT, &open).await.unwrap();
        assert_eq!(told(t, "event_payment_method_required").await, [c.ana.id], "NTF-49");
        assert_eq!(part(&app, &event, &c.ana).await, before);
        pay(&app, &event, &c.ana).await;
        app.services.event_payments.failed(ACCOUNT, &Intent { id: "pi_late".into(), ..open }).await.unwrap();
        assert_eq!(told(t, "event_payment_method_required").await.len(), 1);
    }

    async fn evt_66_what_went_back_at_the_payment_service_is_noted_here(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let paid = joins_and_pays(&app, &event, &c.ana).await;
        let tell = async |intent: &str, amount: i64, fully| {
            let charge = ChargeRefunded { intent: intent.to_owned(), amount_refunded: amount, fully };
            app.services.event_payments.refunded(ACCOUNT, &charge).await.unwrap();
        };
        let total = async || app.world.event_now(&event).await.unwrap().total_refunded_cents;
        tell(&paid.id, 400, false).await;
        tell(&paid.id, 400, false).await;
        let row = part(&app, &event, &c.ana).await;
        assert_eq!((row.status, row.payment_status, row.refund_amount_cents), (S::Registered, Some(Pay::Paid), Some(400)));
        assert_eq!(total().await, Some(400));
        tell(&paid.id, i64::from(PRICE), true).await;
        tell(&paid.id, i64::from(PRICE), true).await;
        let row = part(&app, &event, &c.ana).await;
        assert_eq!((row.payment_status, row.refund_amount_cents), (Some(Pay::Refunded), Some(PRICE)));
        assert_eq!(total().await, Some(PRICE));
        // it does not pay for another time
        leave(&app, &c.ana, &event).await.expect(204);
        join(&app, &c.ana, &event).await.expect(201);
        app.services.event_payments.succeeded(ACCOUNT, &paid).await.unwrap();
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::PendingPayment, Some(Pay::Pending))]);
        tell("pi_unknown", 1, true).await;
    }

    async fn evt_66_the_service_may_tell_of_a_refund_before_its_own_answer_was_written(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let paid = joins_and_pays(&app, &event, &c.ana).await;
        app.payments.fail(ports::payments::PaymentError::Unavailable("the answer was lost".into()));
        leave(&app, &c.ana, &event).await.expect(204);
        let charge = ChargeRefunded { intent: paid.id, amount_refunded: PRICE.into(), fully: true };
        app.services.event_payments.refunded(ACCOUNT, &charge).await.unwrap();
        assert_eq!(tasks(t).await[0].1, "done");
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Cancelled, Some(Pay::Refunded))]);
        assert_eq!(app.world.event_now(&event).await.unwrap().total_refunded_cents, Some(PRICE));
        assert_eq!(told(t, "event_refunded").await, [c.ana.id]);
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app), []);
    }
}

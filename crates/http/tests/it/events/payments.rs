//! What members pay: claims, intents, confirmations, and what ends a claim.
use super::{cast::*, deeds::*};
use chrono::TimeDelta;
use domain::events::{
    event::RefundPolicy,
    participation::{EventParticipationStatus as S, PaymentStatus as Pay},
};
use ports::{
    Clock, NoPayments,
    payments::{IntentState, PaymentError},
};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{app::App, both, events::paid};

fn away() -> PaymentError {
    PaymentError::Unavailable("time-out".into())
}

both! {
    async fn evt_40_evt_42_evt_51_a_seat_is_claimed_paid_and_had(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let claim = join(&app, &c.ana, &event).await.expect(201);
        assert_eq!((&claim["status"], &claim["payment_status"]), (&json!("PENDING_PAYMENT"), &json!("PENDING")));
        let made = intent(&app, &event, &c.ana).await;
        assert_eq!(claim["payment_required"], true);
        assert_eq!(claim["payment_client_secret"], json!(made.client_secret));
        assert_eq!((&claim["payment_amount"], &claim["payment_currency"]), (&json!(PRICE), &json!("EUR")));
        assert_eq!((&claim["stripe_account_id"], &claim["stripe_payment_intent_id"]), (&json!(ACCOUNT), &json!(made.id)));
        let deadline = (clock.now() + TimeDelta::hours(24)).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        assert_eq!((&claim["payment_deadline"], &claim["payment_expiry"]), (&json!(deadline), &json!(deadline)));
        assert_eq!((made.amount, made.currency.as_str()), (i64::from(PRICE), "eur"));
        let row = part(&app, &event, &c.ana).await;
        for (key, value) in [
            ("event_id", event.id.to_string()), ("user_id", c.ana.id.to_string()), ("gym_id", c.gym.id.to_string()),
            ("participation_id", row.id.to_string()), ("event_title", "Open day".into()),
        ] {
            assert_eq!(made.metadata.get(key), Some(&value), "{key}");
        }
        // a claim holds no seat
        assert_eq!(join(&app, &c.ben, &event).await.expect(201)["status"], "PENDING_PAYMENT");
        // asked again, the same
        let again = join(&app, &c.ana, &event).await.expect(201);
        assert_eq!(again["payment_client_secret"], claim["payment_client_secret"]);
        let info = ask_intent(&app, &c.ana, &row).await.expect(200);
        assert_eq!(info, json!({
            "client_secret": made.client_secret, "payment_intent_id": made.id, "amount": PRICE, "currency": "EUR",
            "payment_deadline": deadline, "stripe_account_id": ACCOUNT,
        }));
        assert_eq!(confirm(&app, &c.ana, &row, json!({})).await.outcome(), (400, "payment_not_completed".into()));
        pay_quietly(&app, &event, &c.ana).await;
        let seat = confirm(&app, &c.ana, &row, json!({})).await.expect(200);
        assert_eq!((&seat["status"], &seat["payment_status"]), (&json!("REGISTERED"), &json!("PAID")));
        assert_eq!((&seat["amount_paid_cents"], &seat["payment_expiry"]), (&json!(PRICE), &Value::Null));
        assert_eq!(told(t, "event_payment_confirmed").await, [c.ana.id], "NTF-47");
        assert_eq!(chat_work(t).await, [("add".to_owned(), vec![c.ana.id.0])]);
        // paid is paid (EVT-57)
        assert_eq!(confirm(&app, &c.ana, &row, json!({"payment_intent_id": "pi_none"})).await.expect(200), seat);
        assert_eq!(ask_intent(&app, &c.ana, &row).await.outcome(), (400, "payment_not_due".into()));
    }

    async fn evt_50_without_a_way_to_charge_a_paid_event_is_refused_and_nothing_is_written(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.another_paid_event(&app, 5, RefundPolicy::FullRefund).await;
        let refused = async || {
            assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "payments_not_configured".into()));
            assert_eq!(participations(&app, &event).await, []);
        };
        refused().await;
        c.takes_payments(t).await;
        for broken in ["charges_enabled = false", "is_active = false"] {
            sql(t, &format!("UPDATE gym_stripe_accounts SET {broken}")).await;
            refused().await;
            sql(t, "UPDATE gym_stripe_accounts SET charges_enabled = true, is_active = true").await;
        }
        let module = "(SELECT id FROM modules WHERE code = 'billing')";
        sql(t, &format!("UPDATE gym_modules SET active = false WHERE module_id = {module}")).await;
        refused().await;
        sql(t, &format!("UPDATE gym_modules SET active = true WHERE module_id = {module}")).await;
        join(&app, &c.ana, &event).await.expect(201);
    }

    async fn evt_50_without_a_payment_service_a_paid_event_is_refused(t: TestDb) {
        let app = App::with(t, |a| a.ports.payments = Arc::new(NoPayments)).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "payments_not_configured".into()));
        let body = json!({"event_id": event.id, "user_ids": [c.ana.id]});
        let bulk = app.post(&format!("{PART}/bulk")).by(&c.admin).at(c.gym.id).json(body).send().await;
        assert_eq!(bulk.outcome(), (400, "payments_not_configured".into()));
        assert_eq!(participations(&app, &event).await, []);
    }

    async fn evt_43_when_nothing_can_be_paid_the_row_is_as_it_was(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::NoRefund).await;
        app.payments.fail(away());
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "payment_error".into()));
        assert_eq!(participations(&app, &event).await, []);
        app.payments.fail(PaymentError::NotConfigured("no permission".into()));
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "payments_not_configured".into()));
        assert_eq!(participations(&app, &event).await, []);
        joins_and_pays(&app, &event, &c.ana).await;
        leave(&app, &c.ana, &event).await.expect(204);
        let before = part(&app, &event, &c.ana).await;
        assert_eq!((before.status, before.payment_status), (S::Cancelled, Some(Pay::Paid)));
        app.payments.fail(away());
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "payment_error".into()));
        let after = part(&app, &event, &c.ana).await;
        assert_eq!((after.status, after.payment_status, &after.stripe_payment_intent_id), (before.status, before.payment_status, &before.stripe_payment_intent_id));
        assert_eq!((after.amount_paid_cents, after.registered_at), (before.amount_paid_cents, before.registered_at));
    }

    async fn evt_43_a_claim_whose_request_died_is_finished_by_the_next(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        app.world.takes_part(&event, c.ana.id, S::PendingPayment).await;
        let claim = join(&app, &c.ana, &event).await.expect(201);
        assert_eq!(claim["payment_client_secret"], json!(intent(&app, &event, &c.ana).await.client_secret));
        assert_eq!(participations(&app, &event).await.len(), 1);
    }

    async fn evt_41_taking_part_again_is_paid_again(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::NoRefund).await;
        let first = joins_and_pays(&app, &event, &c.ana).await;
        leave(&app, &c.ana, &event).await.expect(204);
        let again = join(&app, &c.ana, &event).await.expect(201);
        assert_eq!((&again["status"], &again["payment_status"]), (&json!("PENDING_PAYMENT"), &json!("PENDING")));
        let row = part(&app, &event, &c.ana).await;
        // what was paid then does not pay for now
        let old = confirm(&app, &c.ana, &row, json!({"payment_intent_id": first.id})).await;
        assert_eq!(old.outcome(), (400, "payment_mismatch".into()));
        app.services.event_payments.succeeded(ACCOUNT, &first).await.unwrap();
        assert_eq!(confirm(&app, &c.ana, &row, json!({})).await.outcome(), (400, "payment_not_completed".into()));
        // nor does it go back: by the policy the gym keeps it
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app), []);
        assert_ne!(pay(&app, &event, &c.ana).await.id, first.id);
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Registered, Some(Pay::Paid))]);
    }

    async fn evt_41_an_open_intent_of_the_time_before_is_cancelled(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        let old = intent(&app, &event, &c.ana).await.id;
        leave(&app, &c.ana, &event).await.expect(204);
        join(&app, &c.ana, &event).await.expect(201);
        let new = intent(&app, &event, &c.ana).await.id;
        assert_eq!(intents(&app), [(old, IntentState::Canceled), (new, IntentState::RequiresPaymentMethod)]);
    }

    async fn evt_46_leaving_cancels_what_could_still_be_paid(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Cancelled, Some(Pay::Expired))]);
        app.deliver_effects().await;
        assert_eq!(intents(&app)[0].1, IntentState::Canceled);
    }

    async fn evt_22_evt_52_another_price_or_an_intent_that_ended_makes_a_new_one(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        let row = part(&app, &event, &c.ana).await;
        let first = intent(&app, &event, &c.ana).await.id;
        for state in [IntentState::RequiresConfirmation, IntentState::RequiresAction, IntentState::Processing] {
            app.payments.put(&first, state);
            assert_eq!(ask_intent(&app, &c.ana, &row).await.expect(200)["payment_intent_id"], json!(first));
        }
        app.payments.put(&first, IntentState::Canceled);
        let second = ask_intent(&app, &c.ana, &row).await.expect(200)["payment_intent_id"].as_str().unwrap().to_owned();
        assert_ne!(second, first);
        set(t, &event, "price_cents = 2000").await;
        let third = ask_intent(&app, &c.ana, &row).await.expect(200);
        assert_eq!(third["amount"], 2000);
        assert_eq!(intents(&app)[1], (second, IntentState::Canceled));
        // one that was paid at the old price before it could be replaced is accepted
        set(t, &event, "price_cents = 3000").await;
        pay_quietly(&app, &event, &c.ana).await;
        assert_eq!(ask_intent(&app, &c.ana, &row).await.outcome(), (400, "payment_not_due".into()));
        let paid = part(&app, &event, &c.ana).await;
        assert_eq!((paid.status, paid.payment_status, paid.amount_paid_cents), (S::Registered, Some(Pay::Paid), Some(2000)));
    }

    async fn evt_52_an_intent_that_was_paid_meanwhile_counts_at_once(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        pay_quietly(&app, &event, &c.ana).await;
        let again = join(&app, &c.ana, &event).await.expect(201);
        assert_eq!((&again["status"], &again["payment_required"]), (&json!("REGISTERED"), &json!(false)));
    }

    async fn evt_53_a_payment_for_something_else_pays_for_nothing_here(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let cheap = app.world.event_with(&c.gym, &c.tom, 5, |e| paid(e, 1)).await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ana, &cheap).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        let row = part(&app, &event, &c.ana).await;
        let cheaper = pay_quietly(&app, &cheap, &c.ana).await;
        let others = pay_quietly(&app, &event, &c.ben).await;
        for id in [cheaper.id, others.id, "pi_unknown".to_owned()] {
            let answer = confirm(&app, &c.ana, &row, json!({"payment_intent_id": id})).await;
            assert_eq!(answer.outcome(), (400, "payment_mismatch".into()), "{id}");
        }
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::PendingPayment, Some(Pay::Pending))]);
        let free = app.world.event(&c.gym, &c.tom, 5).await;
        join(&app, &c.ana, &free).await.expect(201);
        let row = part(&app, &free, &c.ana).await;
        assert_eq!(confirm(&app, &c.ana, &row, json!({})).await.outcome(), (400, "event_is_free".into()));
        assert_eq!(confirm(&app, &c.ben, &row, json!({})).await.outcome(), (404, "participation_not_found".into()));
    }

    async fn evt_57_a_payment_whose_intent_was_never_kept_is_found_by_what_it_is_for(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        let paid = pay_quietly(&app, &event, &c.ana).await;
        let row = part(&app, &event, &c.ana).await;
        set_row(t, &row, "stripe_payment_intent_id = NULL").await;
        assert_eq!(confirm(&app, &c.ana, &row, json!({})).await.outcome(), (400, "no_payment_intent".into()));
        set_row(t, &row, "stripe_payment_intent_id = 'pi_gone'").await;
        let seat = confirm(&app, &c.ana, &row, json!({})).await.expect(200);
        assert_eq!((&seat["status"], &seat["stripe_payment_intent_id"]), (&json!("REGISTERED"), &json!(paid.id)));
        join(&app, &c.ben, &event).await.expect(201);
        app.payments.fail(away());
        let row = part(&app, &event, &c.ben).await;
        assert_eq!(confirm(&app, &c.ben, &row, json!({})).await.outcome(), (400, "payment_error".into()));
    }

    async fn evt_58_a_claim_is_paid_with_the_same_intent_or_a_new_one_and_gains_no_time_by_asking(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        join(&app, &c.ana, &event).await.expect(201);
        let row = part(&app, &event, &c.ana).await;
        let first = intent(&app, &event, &c.ana).await.id;
        clock.advance(TimeDelta::hours(23));
        let reused = ask_intent(&app, &c.ana, &row).await.expect(200);
        assert_eq!((&reused["payment_intent_id"], &reused["payment_deadline"]), (&json!(first), &json!(row.payment_expiry)));
        app.payments.put(&first, IntentState::Canceled);
        let made = ask_intent(&app, &c.ana, &row).await.expect(200);
        let second = intent(&app, &event, &c.ana).await;
        assert_ne!(second.id, first);
        assert_eq!(made, json!({
            "client_secret": second.client_secret, "payment_intent_id": second.id, "amount": PRICE, "currency": "EUR",
            "payment_deadline": row.payment_expiry, "stripe_account_id": ACCOUNT,
        }));
        // another's claim is not there, whoever asks
        for other in [&c.ben, &c.admin] {
            assert_eq!(ask_intent(&app, other, &row).await.outcome(), (404, "participation_not_found".into()));
        }
        clock.advance(TimeDelta::hours(1));
        assert_eq!(ask_intent(&app, &c.ana, &row).await.expect(200), made, "exactly at its end");
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(ask_intent(&app, &c.ana, &row).await.outcome(), (400, "payment_expired".into()));
        let now = part(&app, &event, &c.ana).await;
        assert_eq!((now.status, now.payment_status, now.payment_expiry), (S::PendingPayment, Some(Pay::Pending), row.payment_expiry));
        assert_eq!(intents(&app).len(), 2);
    }

    async fn evt_58_who_was_promoted_asks_with_what_to_pay_and_where_nothing_is_due_nobody_pays(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        let not_due = (400, "payment_not_due".to_owned());
        joins_and_pays(&app, &event, &c.ben).await;
        join(&app, &c.ana, &event).await.expect(201);
        let (paid, waits) = (part(&app, &event, &c.ben).await, part(&app, &event, &c.ana).await);
        assert_eq!((waits.status, waits.payment_status), (S::WaitingList, Some(Pay::Pending)));
        assert_eq!(ask_intent(&app, &c.ana, &waits).await.outcome(), not_due, "waiting");
        assert_eq!(ask_intent(&app, &c.ben, &paid).await.outcome(), not_due, "paid");
        leave(&app, &c.ben, &event).await.expect(204);
        assert_eq!(ask_intent(&app, &c.ben, &paid).await.outcome(), not_due, "cancelled");
        let free = app.world.event(&c.gym, &c.tom, 5).await;
        let takes_part = app.world.takes_part(&free, c.ana.id, S::Registered).await;
        assert_eq!(ask_intent(&app, &c.ana, &takes_part).await.outcome(), not_due, "free");
        let seat = part(&app, &event, &c.ana).await;
        assert_eq!((seat.status, seat.payment_status, &seat.stripe_payment_intent_id), (S::Registered, Some(Pay::Pending), &None));
        assert!(seat.payment_expiry.is_some());
        clock.advance(TimeDelta::hours(1));
        let made = ask_intent(&app, &c.ana, &seat).await.expect(200);
        assert_eq!(made["payment_deadline"], json!(seat.payment_expiry));
        let now = part(&app, &event, &c.ana).await;
        assert_eq!((now.status, now.payment_status, now.payment_expiry), (S::Registered, Some(Pay::Pending), seat.payment_expiry));
        assert_eq!(json!(now.stripe_payment_intent_id), made["payment_intent_id"]);
        assert_eq!(ask_intent(&app, &c.ana, &seat).await.expect(200), made, "the same again");
    }

    async fn evt_59_what_is_not_paid_in_time_lapses_and_what_was_paid_in_the_last_moment_counts(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        for who in [&c.ana, &c.ben, &c.tina] {
            join(&app, who, &event).await.expect(201);
        }
        pay_quietly(&app, &event, &c.ben).await;
        clock.advance(TimeDelta::hours(24));
        run_job(&app, "payment_expiry").await;
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::PendingPayment, Some(Pay::Pending))], "exactly at its end");
        clock.advance(TimeDelta::seconds(1));
        // the service does not say: the claim waits for the next run
        app.payments.fail(away());
        run_job(&app, "payment_expiry").await;
        let waiting = (S::PendingPayment, Some(Pay::Pending));
        assert_eq!(standing(&app, &event, &[&c.ana, &c.ben, &c.tina]).await, [
            waiting, (S::Registered, Some(Pay::Paid)), (S::Cancelled, Some(Pay::Expired)),
        ]);
        run_job(&app, "payment_expiry").await;
        assert_eq!(standing(&app, &event, &[&c.ana]).await, [(S::Cancelled, Some(Pay::Expired))]);
        let states: Vec<_> = intents(&app).into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, [IntentState::Canceled, IntentState::Succeeded, IntentState::Canceled]);
    }
}

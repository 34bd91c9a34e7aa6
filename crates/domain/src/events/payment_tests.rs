use super::{
    super::admission::tests::{event, row},
    *,
};
use PaymentStatus::{Credited, Expired, Paid, Pending, Refunded};
use Status::{Cancelled, PendingPayment, Registered, WaitingList};
use proptest::prelude::*;

#[test]
fn evt_53_a_payment_counts_only_for_what_it_names() {
    let (event, row) = (event(1, Some(1000)), row(PendingPayment, Some(Pending)));
    let own = metadata(&event, &row);
    let purpose = |change: &[(&str, Option<&str>)]| {
        let mut metadata = own.clone();
        for (key, value) in change {
            match value {
                Some(value) => drop(metadata.insert((*key).to_owned(), (*value).to_owned())),
                None => drop(metadata.remove(*key)),
            }
        }
        Purpose::of(&metadata)
    };
    for (change, amount, currency, counts) in [
        (&[][..], 1000, "eur", true),
        (&[], 1000, "EUR", true),
        (&[], 1001, "eur", true),
        (&[], 999, "eur", false),
        (&[], 1000, "usd", false),
        (&[("event_id", Some("2"))], 1000, "eur", false),
        (&[("user_id", Some("4"))], 1000, "eur", false),
        (&[("gym_id", Some("2"))], 1000, "eur", false),
        (&[("participation_id", Some("8"))], 1000, "eur", false),
        (&[("participation_id", None)], 1000, "eur", true),
        // made when it cost less: that is accepted (EVT-22)
        (&[("price_cents", Some("800"))], 800, "eur", true),
        (&[("price_cents", None)], 999, "eur", false),
    ] {
        let is_for = purpose(change).unwrap().is_for(&event, &row, amount, currency);
        assert_eq!(is_for, counts, "{change:?} {amount} {currency}");
    }
    for missing in ["event_id", "user_id", "gym_id"] {
        assert_eq!(purpose(&[(missing, None)]), None, "{missing}");
    }
}

#[test]
fn evt_41_a_payment_of_an_earlier_time_is_told_from_one_of_now() {
    let row = participation::Model { payment_attempt: 3, ..row(PendingPayment, Some(Pending)) };
    let event = event(1, Some(1000));
    let now = Purpose::of(&metadata(&event, &row)).unwrap();
    assert!(now.is_current(&row));
    assert!(!Purpose { attempt: Some(2), ..now.clone() }.is_current(&row));
    assert!(Purpose { attempt: None, ..now }.is_current(&row), "of the replaced system");
}

#[test]
fn evt_51_an_intent_has_a_key_of_its_attempt() {
    let row = participation::Model { payment_attempt: 3, ..row(PendingPayment, Some(Pending)) };
    assert_eq!(intent_key(&row), "pi:7:3");
}

#[test]
fn evt_54_evt_55_a_payment_seats_or_goes_back() {
    let scheduled = event(1, Some(1000));
    for (status, payment, seat, current, expected) in [
        (PendingPayment, Some(Pending), true, true, Success::Seated),
        (PendingPayment, Some(Pending), false, true, Success::Unseated),
        (PendingPayment, Some(Pending), true, false, Success::Late),
        // the seat of a promoted member is held
        (Registered, Some(Pending), false, true, Success::Seated),
        (Registered, Some(Paid), true, true, Success::Late),
        (Registered, Some(Refunded), true, true, Success::Late),
        (Cancelled, Some(Expired), true, true, Success::Late),
        (Cancelled, Some(Paid), true, true, Success::Late),
        (WaitingList, Some(Pending), true, true, Success::Late),
    ] {
        let row = row(status, payment);
        assert_eq!(success(&scheduled, &row, seat, current), expected, "{status:?} {payment:?} {seat} {current}");
    }
    for status in [EventStatus::Cancelled, EventStatus::Completed] {
        let over = event::Model { status, ..scheduled.clone() };
        assert_eq!(success(&over, &row(PendingPayment, Some(Pending)), true, true), Success::Late);
    }
}

#[test]
fn evt_65_only_these_changes_are_made_by_hand() {
    let paid_event = event(1, Some(1000));
    let all = [Pending, Paid, Refunded, Credited, Expired];
    let with_intent =
        |row: participation::Model| participation::Model { stripe_payment_intent_id: Some("pi_1".into()), ..row };
    let allowed = [
        ((PendingPayment, Some(Pending), false, Paid), Change::Paid),
        ((PendingPayment, Some(Pending), true, Paid), Change::Paid),
        ((Registered, None, false, Paid), Change::Paid),
        ((WaitingList, Some(Pending), false, Paid), Change::Paid),
        ((Registered, Some(Pending), true, Expired), Change::Expired),
        ((Registered, Some(Paid), false, Refunded), Change::Refunded),
        ((Cancelled, Some(Paid), false, Refunded), Change::Refunded),
        ((Registered, Some(Paid), false, Credited), Change::Credited),
    ];
    for ((status, from, intent, to), expected) in allowed {
        let row = row(status, from);
        let row = if intent { with_intent(row) } else { row };
        assert_eq!(change(&paid_event, &row, to), Ok(expected), "{status:?} {from:?} {to:?}");
    }
    for from in all {
        assert_eq!(change(&paid_event, &row(Registered, Some(from)), from), Ok(Change::Same));
        assert_eq!(change(&event(1, None), &row(Registered, Some(from)), from), Err(ChangeRefusal::FreeEvent));
    }
    let refused = |row: participation::Model, to| change(&paid_event, &row, to).unwrap_err();
    let paid = with_intent(row(Registered, Some(Paid)));
    assert_eq!(refused(paid.clone(), Refunded), ChangeRefusal::UseRefund);
    assert_eq!(refused(paid, Credited), ChangeRefusal::NotAllowed);
    for (status, from, to) in [
        (Cancelled, Some(Expired), Paid),
        (Cancelled, None, Paid),
        (Registered, Some(Paid), Pending),
        (Registered, Some(Paid), Expired),
        (Registered, Some(Refunded), Paid),
        (Registered, Some(Credited), Refunded),
        (Registered, None, Expired),
        (Registered, Some(Pending), Refunded),
        (Registered, Some(Pending), Credited),
    ] {
        assert_eq!(refused(row(status, from), to), ChangeRefusal::NotAllowed, "{status:?} {from:?} {to:?}");
    }
}

proptest! {
    /// Whatever the row, a payment for what is over or was cancelled never seats anybody.
    #[test]
    fn evt_55_nothing_that_is_over_is_paid_for(status in 0usize..4, payment in 0usize..6, seat: bool, current: bool, over: bool) {
        let status = [Registered, PendingPayment, WaitingList, Cancelled][status];
        let payment = [None, Some(Pending), Some(Paid), Some(Refunded), Some(Credited), Some(Expired)][payment];
        let mut e = event(1, Some(1000));
        if over {
            e.status = EventStatus::Cancelled;
        }
        let outcome = success(&e, &row(status, payment), seat, current);
        if outcome != Success::Late {
            prop_assert!(!over && current && payment == Some(Pending));
            prop_assert!(matches!(status, Registered | PendingPayment));
        }
        if outcome == Success::Unseated {
            prop_assert!(!seat && status == PendingPayment);
        }
    }
}

use super::*;
use crate::kernel::validation::Invalid;
use serde_json::{Value, json};

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn new(change: Value) -> Result<NewEvent, serde_json::Error> {
    let mut body = json!({
        "title": "Open day", "start_time": "2026-05-04T10:00:00Z", "end_time": "2026-05-04T12:00:00+02:00",
    });
    body["end_time"] = json!("2026-05-04T14:00:00+02:00");
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(body)
}

fn row(change: Value) -> Model {
    let Create { title, description, start_time, end_time, location, max_participants, .. } =
        new(json!({})).unwrap().row(UserId(1));
    let paid = change["is_paid"] == json!(true);
    Model {
        id: EventId(1),
        gym_id: GymId(1),
        title,
        description,
        start_time,
        end_time,
        location,
        max_participants,
        status: EventStatus::Scheduled,
        is_paid: paid,
        price_cents: paid.then_some(1000),
        currency: "EUR".into(),
        refund_policy: paid.then_some(RefundPolicy::FullRefund),
        refund_deadline_hours: Some(24),
        partial_refund_percentage: Some(50),
        stripe_product_id: None,
        stripe_price_id: None,
        creator_id: UserId(1),
        completion_attempts: 0,
        cancellation_date: None,
        cancelled_by_user_id: None,
        cancellation_reason: None,
        total_refunded_cents: None,
        version: 3,
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-01T00:00:00Z"),
    }
}

fn fields(outcome: Result<(), Invalid>) -> Vec<String> {
    let broken = outcome.err().map(|invalid| invalid.0).unwrap_or_default();
    broken.into_iter().filter_map(|field| field.loc.last().cloned()).collect()
}

#[test]
fn evt_11_times_carry_an_offset_and_lie_ahead_in_their_order() {
    for unreadable in ["2026-05-04T10:00:00", "2026-05-04", "tomorrow"] {
        assert!(new(json!({ "start_time": unreadable })).is_err(), "{unreadable}");
    }
    let now = at("2026-05-04T09:00:00Z");
    for (start, end, broken) in [
        ("2026-05-04T11:00:00+01:00", "2026-05-04T12:00:00Z", vec![]),
        ("2026-05-04T09:00:00Z", "2026-05-04T12:00:00Z", vec!["start_time"]),
        ("2026-05-04T08:00:00Z", "2026-05-04T08:30:00Z", vec!["start_time", "end_time"]),
        ("2026-05-04T10:00:00Z", "2026-05-04T10:00:00Z", vec!["end_time"]),
        ("2026-05-04T10:00:00Z", "2026-05-04T11:00:00+02:00", vec!["end_time", "end_time"]),
    ] {
        let terms = new(json!({ "start_time": start, "end_time": end })).unwrap().terms();
        assert_eq!(fields(terms.check(GivenTimes { start: true, end: true }, now)), broken, "{start} {end}");
    }
}

#[test]
fn evt_12_what_an_event_costs_fits_together() {
    let now = at("2026-05-01T00:00:00Z");
    for (change, broken) in [
        (json!({}), vec![]),
        (json!({"price_cents": 0}), vec![]),
        (json!({"price_cents": 500}), vec!["price_cents"]),
        (json!({"refund_policy": "NO_REFUND"}), vec!["refund_policy"]),
        (json!({"is_paid": true}), vec!["price_cents", "refund_policy"]),
        (json!({"is_paid": true, "price_cents": 0, "refund_policy": "CREDIT"}), vec!["price_cents"]),
        (json!({"is_paid": true, "price_cents": -1, "refund_policy": "CREDIT"}), vec!["price_cents", "price_cents"]),
        (json!({"is_paid": true, "price_cents": 1, "refund_policy": "PARTIAL_REFUND"}), vec![]),
        (json!({"max_participants": -1}), vec!["max_participants"]),
        (json!({"currency": "eu"}), vec!["currency"]),
        (json!({"currency": "e1r"}), vec!["currency"]),
        (json!({"currency": "usd"}), vec![]),
        (json!({"currency": null, "refund_deadline_hours": null, "partial_refund_percentage": null}), vec![]),
        (json!({"refund_deadline_hours": -1}), vec!["refund_deadline_hours"]),
        (json!({"partial_refund_percentage": 101}), vec!["partial_refund_percentage"]),
        (json!({"partial_refund_percentage": -1}), vec!["partial_refund_percentage"]),
        (json!({"partial_refund_percentage": 0}), vec![]),
    ] {
        let given = GivenTimes { start: true, end: true };
        assert_eq!(fields(new(change.clone()).unwrap().terms().check(given, now)), broken, "{change}");
    }
}

#[test]
fn evt_10_evt_12_a_new_event_is_scheduled_and_has_the_defaults() {
    let row = new(json!({"title": "  Open day ", "status": "COMPLETED", "currency": "usd", "price_cents": 0}));
    let row = row.unwrap().row(UserId(7));
    assert_eq!((row.title.as_str(), row.status, row.currency.as_str()), ("Open day", EventStatus::Scheduled, "USD"));
    assert_eq!((row.refund_deadline_hours, row.partial_refund_percentage, row.price_cents), (Some(24), Some(50), None));
    assert_eq!((row.max_participants, row.is_paid, row.creator_id), (0, false, UserId(7)));
    assert!(new(json!({"colour": "red"})).is_err(), "unknown fields are refused");
}

#[test]
fn evt_21_a_change_is_judged_with_what_stays() {
    let now = at("2026-05-04T10:30:00Z");
    let (free, paid) = (row(json!({})), row(json!({"is_paid": true})));
    for (row, change, broken) in [
        // it has begun: its start may stay, but not move into the past
        (&free, json!({"location": "Sala 2"}), vec![]),
        (&free, json!({"start_time": "2026-05-04T10:00:00Z"}), vec![]),
        (&free, json!({"start_time": "2026-05-04T10:15:00Z"}), vec!["start_time"]),
        (&free, json!({"end_time": "2026-05-04T11:00:00Z"}), vec![]),
        (&free, json!({"end_time": "2026-05-04T10:15:00Z"}), vec!["end_time"]),
        (&free, json!({"start_time": "2026-05-04T13:00:00Z"}), vec!["end_time"]),
        (&free, json!({"is_paid": true}), vec!["price_cents", "refund_policy"]),
        (&free, json!({"price_cents": 100}), vec!["price_cents"]),
        (&paid, json!({"is_paid": false}), vec!["price_cents", "refund_policy"]),
        (&paid, json!({"is_paid": false, "price_cents": null, "refund_policy": null}), vec![]),
        (&paid, json!({"refund_policy": null}), vec!["refund_policy"]),
        (&paid, json!({"price_cents": 2000}), vec![]),
    ] {
        let patch: EventPatch = serde_json::from_value(change.clone()).unwrap();
        assert_eq!(fields(patch.terms(row).check(patch.given(row), now)), broken, "{change}");
    }
}

#[test]
fn evt_22_evt_25_a_change_knows_what_it_moves() {
    let event = row(json!({}));
    for (change, moves, pays) in [
        (json!({"title": "Other"}), false, false),
        (json!({"start_time": "2026-05-04T12:00:00+02:00"}), false, false),
        (json!({"start_time": "2026-05-04T10:00:01Z"}), true, false),
        (json!({"end_time": "2026-05-04T13:00:00Z"}), true, false),
        (json!({"location": null}), false, false),
        (json!({"location": "Sala 2"}), true, false),
        (json!({"currency": "eur"}), false, false),
        (json!({"currency": "usd"}), false, true),
        (json!({"is_paid": true}), false, true),
        (json!({"is_paid": false}), false, false),
    ] {
        let patch: EventPatch = serde_json::from_value(change.clone()).unwrap();
        assert_eq!((patch.moves(&event), patch.changes_payment(&event)), (moves, pays), "{change}");
        let update = patch.onto(&event);
        assert_eq!(update.version, moves.then_some(4), "{change}");
    }
    assert!(EventPatch::default().is_empty());
    assert!(serde_json::from_value::<EventPatch>(json!({"colour": 1})).is_err());
}

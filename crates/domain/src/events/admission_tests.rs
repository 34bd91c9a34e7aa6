use super::*;
use crate::{EventId, EventParticipationId, GymId, UserId, events::event::RefundPolicy};
use proptest::prelude::*;

const START: &str = "2026-03-02T18:00:00Z";

/// So many minutes after the start; the event takes two hours.
pub(in crate::events) fn minute(n: i64) -> DateTime<Utc> {
    START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(n)
}

pub(in crate::events) fn event(seats: i32, price: Option<i32>) -> event::Model {
    event::Model {
        id: EventId(1),
        gym_id: GymId(1),
        title: "Open day".into(),
        description: None,
        start_time: minute(0),
        end_time: minute(120),
        location: None,
        max_participants: seats,
        status: EventStatus::Scheduled,
        is_paid: price.is_some(),
        price_cents: price,
        currency: "EUR".into(),
        refund_policy: price.map(|_| RefundPolicy::FullRefund),
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
        version: 0,
        created_at: minute(-9999),
        updated_at: minute(-9999),
    }
}

pub(in crate::events) fn row(status: Status, payment: Option<PaymentStatus>) -> participation::Model {
    participation::Model {
        id: EventParticipationId(7),
        gym_id: GymId(1),
        event_id: EventId(1),
        member_id: UserId(3),
        status,
        attended: false,
        payment_status: payment,
        stripe_payment_intent_id: None,
        amount_paid_cents: None,
        refund_amount_cents: None,
        payment_date: None,
        refund_date: None,
        payment_expiry: None,
        registered_at: minute(-500),
        queued_at: None,
        payment_attempt: 1,
        created_at: minute(-500),
        updated_at: minute(-500),
    }
}

#[test]
fn evt_40_a_seat_or_a_claim_where_one_is_free_and_the_queue_where_none_is() {
    let claim = Joining::Claim(minute(-60) + PAYMENT_WINDOW.min(TimeDelta::minutes(180)));
    for (seats, price, registered, expected) in [
        (2, None, 1, Joining::Seat),
        (2, None, 2, Joining::Queue),
        (2, None, 5, Joining::Queue),
        (0, None, 500, Joining::Seat),
        (2, Some(1000), 1, claim),
        (0, Some(1000), 99, claim),
        (2, Some(1000), 2, Joining::Queue),
    ] {
        let joined = join(&event(seats, price), registered, Own::default(), true, minute(-60));
        assert_eq!(joined, Ok(expected), "{seats} {price:?} {registered}");
    }
}

#[test]
fn evt_40_the_first_thing_against_joining_is_said() {
    use JoinRefusal as R;
    let pending = Some(PaymentStatus::Pending);
    let paid = event(1, Some(1000));
    for (status, now, own, refund_open, enabled, expected) in [
        (EventStatus::Cancelled, -1, Some(row(Status::Registered, None)), true, false, Err(R::NotOpen)),
        (EventStatus::Completed, -1, None, false, true, Err(R::NotOpen)),
        (EventStatus::Scheduled, 120, Some(row(Status::Registered, None)), true, false, Err(R::NotOpen)),
        (EventStatus::Scheduled, 119, Some(row(Status::Registered, None)), true, false, Err(R::AlreadyRegistered)),
        (EventStatus::Scheduled, -1, Some(row(Status::Registered, pending)), true, false, Ok(Joining::ToBePaid)),
        (EventStatus::Scheduled, -1, Some(row(Status::WaitingList, pending)), true, false, Err(R::AlreadyWaiting)),
        (EventStatus::Scheduled, -1, Some(row(Status::PendingPayment, pending)), true, false, Ok(Joining::ToBePaid)),
        (EventStatus::Scheduled, -1, Some(row(Status::Cancelled, None)), true, false, Err(R::PaymentsNotConfigured)),
        (EventStatus::Scheduled, -1, Some(row(Status::Cancelled, None)), true, true, Err(R::RefundPending)),
        (EventStatus::Scheduled, -1, Some(row(Status::Cancelled, None)), false, true, Ok(Joining::Claim(minute(120)))),
    ] {
        let event = event::Model { status, ..paid.clone() };
        let own = own.as_ref();
        let joined = join(&event, 0, Own { row: own, refund_open }, enabled, minute(now));
        assert_eq!(joined, expected, "{status:?} {now} {own:?}");
    }
}

#[test]
fn evt_42_a_claim_lasts_a_day_and_no_longer_than_the_event() {
    let event = event(1, Some(1000));
    let day = 24 * 60;
    assert_eq!(claim_expiry(&event, minute(-2 * day)), minute(-day));
    assert_eq!(claim_expiry(&event, minute(-day + 120)), minute(120));
    assert_eq!(claim_expiry(&event, minute(60)), minute(120));
}

#[test]
fn evt_45_a_promoted_member_pays_within_a_day_and_before_the_start() {
    let event = event(1, Some(1000));
    assert_eq!(promotion_expiry(&event, minute(-48 * 60)), minute(-24 * 60));
    assert_eq!(promotion_expiry(&event, minute(-120)), minute(0));
    let waits = |payment| row(Status::WaitingList, payment);
    for (price, payment, expected) in [
        (None, None, Promotion::Seated),
        (Some(1000), Some(PaymentStatus::Paid), Promotion::Seated),
        (Some(1000), Some(PaymentStatus::Pending), Promotion::ToBePaid(minute(0))),
        (Some(1000), Some(PaymentStatus::Refunded), Promotion::ToBePaid(minute(0))),
    ] {
        assert_eq!(promotion(&super::tests::event(1, price), &waits(payment), minute(-60)), expected, "{payment:?}");
    }
}

#[test]
fn evt_45_who_has_paid_is_first_in_the_queue_then_who_came_first() {
    let waits = |id, payment, queued| participation::Model {
        id: EventParticipationId(id),
        queued_at: Some(minute(queued)),
        ..row(Status::WaitingList, payment)
    };
    let mut queue = [
        waits(1, Some(PaymentStatus::Pending), -90),
        waits(5, Some(PaymentStatus::Paid), -10),
        waits(4, Some(PaymentStatus::Refunded), -90),
        waits(2, None, -95),
        waits(3, Some(PaymentStatus::Paid), -20),
    ];
    queue.sort_by_key(queue_key);
    assert_eq!(queue.map(|row| row.id.0), [3, 5, 2, 1, 4]);
}

#[test]
fn evt_45_nobody_is_promoted_once_the_event_has_begun() {
    let e = event(3, None);
    for (now, registered, expected) in [(-1, 1, 2), (-1, 3, 0), (-1, 9, 0), (0, 1, 0), (60, 0, 0)] {
        assert_eq!(promotable(&e, registered, minute(now)), expected, "{now} {registered}");
    }
    assert_eq!(promotable(&event(0, None), 9, minute(-1)), i64::MAX);
    let cancelled = event::Model { status: EventStatus::Cancelled, ..e };
    assert_eq!(promotable(&cancelled, 0, minute(-1)), 0);
}

proptest! {
    /// However many come, no more are seated than there are seats, and nobody waits while one is free.
    #[test]
    fn evt_95_seats_are_never_more_than_there_are(seats in 0i32..20, people in 0i64..60) {
        let e = event(seats, None);
        let (mut registered, mut waiting) = (0i64, 0i64);
        for _ in 0..people {
            match place(&e, registered, minute(-60)) {
                Joining::Seat => registered += 1,
                _ => waiting += 1,
            }
        }
        prop_assert_eq!(registered + waiting, people);
        prop_assert!(seats == 0 || registered <= i64::from(seats));
        prop_assert!(waiting == 0 || !has_seat(&e, registered));
        prop_assert_eq!(promotable(&e, registered, minute(-60)).min(waiting), 0);
    }

    #[test]
    fn evt_42_no_claim_outlives_its_event(now in -9000i64..120) {
        let e = event(1, Some(1));
        prop_assert!(claim_expiry(&e, minute(now)) <= e.end_time);
        prop_assert!(claim_expiry(&e, minute(now)) > minute(now));
        prop_assert!(promotion_expiry(&e, minute(now)) <= e.start_time);
    }
}

use super::{
    super::{
        admission::tests::{event, minute, row},
        event::RefundPolicy,
        participation::PaymentStatus,
    },
    *,
};
use EventParticipationStatus::{Registered, WaitingList};
use proptest::prelude::*;

fn paid(status: EventParticipationStatus, cents: i32) -> participation::Model {
    participation::Model { amount_paid_cents: Some(cents), ..row(status, Some(PaymentStatus::Paid)) }
}

fn with(policy: Option<RefundPolicy>, deadline: Option<i32>, percentage: Option<i32>) -> event::Model {
    event::Model {
        refund_policy: policy,
        refund_deadline_hours: deadline,
        partial_refund_percentage: percentage,
        ..event(1, Some(1001))
    }
}

#[test]
fn evt_60_what_goes_back_depends_on_the_policy_and_the_time() {
    use RefundPolicy::{Credit, FullRefund, NoRefund, PartialRefund};
    let day = -24 * 60;
    for (policy, deadline, percentage, now, expected) in [
        (None, Some(24), None, 10 * day, Back::Nothing),
        (Some(NoRefund), Some(0), None, 10 * day, Back::Nothing),
        (Some(FullRefund), Some(24), None, day - 1, Back::Money(1001)),
        // EVT-61: exactly at the deadline
        (Some(FullRefund), Some(24), None, day, Back::Money(1001)),
        (Some(FullRefund), Some(24), None, day + 1, Back::Nothing),
        (Some(FullRefund), Some(0), None, -1, Back::Money(1001)),
        (Some(FullRefund), Some(0), None, 0, Back::Money(1001)),
        // never after the start
        (Some(FullRefund), Some(0), None, 1, Back::Nothing),
        (Some(FullRefund), None, None, -1, Back::Money(1001)),
        (Some(FullRefund), None, None, 1, Back::Nothing),
        (Some(PartialRefund), Some(24), Some(33), day, Back::Money(330)),
        (Some(PartialRefund), Some(24), Some(100), day, Back::Money(1001)),
        (Some(PartialRefund), Some(24), Some(0), day, Back::Nothing),
        (Some(PartialRefund), Some(24), None, day, Back::Money(500)),
        (Some(PartialRefund), Some(24), Some(33), day + 1, Back::Nothing),
        (Some(Credit), Some(24), None, day, Back::Credit(1001)),
        (Some(Credit), Some(24), None, day + 1, Back::Nothing),
    ] {
        let event = with(policy, deadline, percentage);
        let back = on_cancellation(&event, &paid(Registered, 1001), minute(now));
        assert_eq!(back, expected, "{policy:?} {deadline:?} {percentage:?} {now}");
    }
}

#[test]
fn evt_60_who_waits_gets_everything_back_and_who_paid_nothing_gets_nothing() {
    let never = with(Some(RefundPolicy::NoRefund), Some(24), None);
    assert_eq!(on_cancellation(&never, &paid(WaitingList, 1001), minute(-1)), Back::Money(1001));
    assert_eq!(on_cancellation(&event(1, Some(1001)), &paid(Registered, 0), minute(-9999)), Back::Nothing);
    assert_eq!(on_cancellation(&never, &paid(WaitingList, 0), minute(-1)), Back::Nothing);
}

#[test]
fn evt_64_a_refund_is_named_by_what_it_gives() {
    for (back, kind) in [
        (Back::Nothing, RefundType::NoRefund),
        (Back::Money(1000), RefundType::FullRefund),
        (Back::Money(999), RefundType::PartialRefund),
        (Back::Credit(1000), RefundType::Credit),
    ] {
        assert_eq!(kind_of(back, 1000), kind);
    }
}

#[test]
fn evt_63_a_refund_waits_longer_each_time_and_ends_after_ten() {
    let minutes: Vec<_> = (1..=11).map(|n| pause_after(n).map(|pause| pause.num_minutes())).collect();
    let half_a_day = Some(720);
    let expected = [Some(1), Some(5), Some(30), Some(120), half_a_day, half_a_day, half_a_day, half_a_day, half_a_day];
    assert_eq!(minutes, expected.into_iter().chain([None, None]).collect::<Vec<_>>());
}

#[test]
fn evt_62_each_payment_of_a_participation_has_a_key_of_its_own() {
    assert_eq!(key(crate::EventParticipationId(7), "pi_1"), "refund:7:pi_1");
}

proptest! {
    #[test]
    fn evt_60_nobody_gets_back_more_than_they_paid(
        cents in 0i32..i32::MAX,
        percentage in proptest::option::of(0i32..=100),
        deadline in proptest::option::of(0i32..1000),
        now in -99_999i64..9999,
        policy in 0usize..4,
        waits: bool,
    ) {
        let policy = [RefundPolicy::NoRefund, RefundPolicy::FullRefund, RefundPolicy::PartialRefund, RefundPolicy::Credit][policy];
        let status = if waits { WaitingList } else { Registered };
        let event = with(Some(policy), deadline, percentage);
        match on_cancellation(&event, &paid(status, cents), minute(now)) {
            Back::Nothing => {}
            Back::Money(back) | Back::Credit(back) => {
                prop_assert!(back > 0 && back <= cents);
                prop_assert!(waits || now <= 0, "after the start only who waits gets anything");
            }
        }
    }
}

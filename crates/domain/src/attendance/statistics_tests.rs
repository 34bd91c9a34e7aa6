use super::*;
use crate::{GymId, MembershipId, UserId, attendance::period::PeriodType, identity::GymRole, kernel::timezone::or_utc};
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn row() -> membership::Model {
    membership::Model {
        id: MembershipId(1),
        gym_id: GymId(1),
        user_id: UserId(1),
        role: GymRole::Member,
        is_active: true,
        membership_expires_at: None,
        membership_type: membership::MembershipType::Free,
        stripe_customer_id: None,
        stripe_subscription_id: None,
        last_payment_at: None,
        notes: None,
        last_app_access: None,
        total_app_opens: 0,
        monthly_app_opens: 0,
        monthly_reset_date: None,
        app_streak_days: 0,
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-01T00:00:00Z"),
    }
}

#[test]
fn att_48_a_tenth_more_or_less_is_a_trend() {
    use TrendDirection::*;
    for (before, now, direction) in [
        (0.0, 0.0, Stable),
        (0.0, 1.0, Increasing),
        (10.0, 11.0, Stable),
        (10.0, 11.1, Increasing),
        (10.0, 9.0, Stable),
        (10.0, 8.9, Decreasing),
        (10.0, 0.0, Decreasing),
        (30.0, 33.0, Stable),
    ] {
        assert_eq!(trend(before, now), direction, "{before} {now}");
    }
}

/// Edge case 19.
#[test]
fn att_40_att_41_shares_stay_percentages() {
    for (part, whole, percent) in [(0, 0, 0.0), (3, 0, 0.0), (1, 3, 33.3), (2, 3, 66.7), (3, 3, 100.0), (5, 3, 100.0)] {
        assert_eq!(rate(part, whole), percent, "{part} of {whole}");
    }
    assert_eq!((hours(95), calories(95), average(100, 3), average(0, 0)), (1.6, 760, Some(33.3), None));
}

#[test]
fn att_31_the_month_is_four_times_the_week() {
    for (week, percent) in [(0, 0.0), (3, 100.0), (9, 100.0)] {
        assert_eq!(monthly_goal_progress(week), percent);
    }
    assert!((monthly_goal_progress(1) - 33.333).abs() < 0.001);
}

#[test]
fn att_40_favourites_by_number_then_by_name() {
    let attended = [("Yoga", 2), ("Boxing", 2), ("Spin", 5), ("Zumba", 1), ("None", 0)];
    let attended = attended.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    assert_eq!(favourites(&attended, 3), ["Spin", "Boxing", "Yoga"]);
    assert_eq!(favourites(&attended, 9), ["Spin", "Boxing", "Yoga", "Zumba"]);
}

#[test]
fn att_40_peak_hours_are_those_of_the_gyms_clock() {
    let starts = [
        ("2026-03-02T17:05:00Z", 2),
        ("2026-07-02T16:30:00Z", 2),
        ("2026-03-02T22:00:00Z", 3),
        ("2026-03-03T06:00:00Z", 1),
    ];
    let starts = starts.map(|(start, n)| (at(start), n));
    assert_eq!(peak_times(starts, or_utc("Europe/Madrid")), ["18:00-19:00", "23:00-00:00"]);
    assert_eq!(peak_times(starts, or_utc("UTC")), ["22:00-23:00", "16:00-17:00"]);
    assert!(peak_times([], or_utc("UTC")).is_empty());
}

/// Edge case 19.
#[test]
fn att_41_kinds_of_events_by_their_titles() {
    for (titles, types) in [
        (&["Taller de yoga", "WORKSHOP", "Competencia local"][..], &["Workshop", "Competition"][..]),
        (&["Entrenamiento social", "Cena social", "", "  ", "ÉPICA marcha"], &["Training", "Social", "Épica"]),
        (&["a", "b", "c", "d"], &["A", "B", "C"]),
        (&["a", "A", "a", "a", "a", "sixth"], &["A"]),
        (&[], &[]),
    ] {
        let titles: Vec<_> = titles.iter().map(|t| (*t).to_owned()).collect();
        assert_eq!(event_types(&titles), types, "{titles:?}");
    }
}

#[test]
fn att_44_the_social_score_and_its_bounds() {
    for (rooms, messages, days, score) in [
        (0, 0, 0, 0.0),
        (1, 0, 0, 0.5),
        (2, 12, 1, 1.7),
        (99, 0, 0, 4.0),
        (0, 999, 0, 3.0),
        (0, 0, 99, 3.0),
        (99, 999, 99, 10.0),
    ] {
        assert_eq!(social_score(rooms, messages, days), score, "{rooms} {messages} {days}");
    }
}

/// Edge case 23.
#[test]
fn att_45_use_and_value_of_a_membership() {
    let days = |n: i64| {
        let end = at("2026-03-31T00:00:00Z");
        Period { start: end - TimeDelta::days(n), end }
    };
    for (attended, period, percent) in
        [(0, 0, 0.0), (1, 0, 100.0), (1, 1, 50.0), (3, 1, 100.0), (10, 30, 16.7), (99, 30, 100.0)]
    {
        assert_eq!(utilization_rate(attended, days(period)), percent, "{attended} in {period}");
    }
    for (percent, attended, plan, score) in [
        (0.0, 0, false, 1.0),
        (0.0, 0, true, 2.0),
        (16.7, 10, false, 3.7),
        (100.0, 99, false, 9.0),
        (100.0, 99, true, 10.0),
    ] {
        assert_eq!(value_score(percent, attended, plan), score, "{percent} {attended} {plan}");
    }
    let now = at("2026-03-10T22:30:00Z");
    for (ends, zone, left) in [
        (None, "UTC", None),
        (Some("2026-03-11T00:30:00Z"), "UTC", Some(1)),
        (Some("2026-03-11T00:30:00Z"), "Europe/Madrid", Some(1)),
        (Some("2026-03-10T22:59:00Z"), "Europe/Madrid", Some(0)),
        (Some("2026-03-10T23:01:00Z"), "Europe/Madrid", Some(1)),
        (Some("2026-01-01T00:00:00Z"), "UTC", Some(0)),
    ] {
        assert_eq!(days_until(ends.map(at), now, zone), left, "{ends:?} {zone}");
    }
}

#[test]
fn att_32_a_membership_is_active_until_it_expires() {
    let now = at("2026-03-10T12:00:00Z");
    let expiring = |ends: &str| membership::Model { membership_expires_at: Some(at(ends)), ..row() };
    assert!(is_active(Some(&row()), now) && is_active(Some(&expiring("2026-03-10T12:00:01Z")), now));
    assert!(!is_active(Some(&expiring("2026-03-10T12:00:00Z")), now));
    assert!(!is_active(Some(&membership::Model { is_active: false, ..row() }), now) && !is_active(None, now));
}

#[test]
fn att_37_the_apps_use_by_the_gyms_days() {
    let now = at("2026-03-10T23:30:00Z"); // in Madrid, 00:30 of the 11th
    let used = |last: &str, reset: &str| {
        let row = membership::Model {
            last_app_access: Some(at(last)),
            monthly_reset_date: Some(at(reset)),
            total_app_opens: 25,
            monthly_app_opens: 7,
            app_streak_days: 4,
            ..row()
        };
        let seen = AppUsage::of(&row, now, "Europe/Madrid");
        assert_eq!((seen.total_sessions, seen.avg_sessions_per_week), (25, 2.8)); // nine whole weeks
        (seen.sessions_this_month, seen.consecutive_days, seen.is_active_today)
    };
    assert_eq!(used("2026-03-10T23:10:00Z", "2026-03-01T00:00:00Z"), (7, 4, true));
    assert_eq!(used("2026-03-10T22:50:00Z", "2026-03-01T00:00:00Z"), (7, 4, false));
    assert_eq!(used("2026-03-09T23:00:00Z", "2026-02-28T00:00:00Z"), (0, 4, false));
    assert_eq!(used("2026-03-09T22:59:00Z", "2025-03-02T00:00:00Z"), (0, 0, false));
    let never = AppUsage::of(&row(), now, "Europe/Madrid");
    assert_eq!((never.last_access, never.consecutive_days, never.is_active_today), (None, 0, false));
}

/// Edge case 16.
#[test]
fn att_33_the_next_class_on_the_gyms_clock() {
    let now = at("2026-03-10T22:30:00Z");
    for (start, zone, label) in [
        ("2026-03-10T22:45:00Z", "Europe/Madrid", "Spin - Hoy 23:45"),
        ("2026-03-10T23:00:00Z", "Europe/Madrid", "Spin - Mañana 00:00"),
        ("2026-03-11T22:59:00Z", "Europe/Madrid", "Spin - Mañana 23:59"),
        ("2026-03-11T23:00:00Z", "Europe/Madrid", "Spin - 12/03 00:00"),
        ("2026-03-10T23:00:00Z", "UTC", "Spin - Hoy 23:00"),
        ("2026-12-31T09:05:00Z", "UTC", "Spin - 31/12 09:05"),
    ] {
        assert_eq!(next_class("Spin", at(start), now, or_utc(zone)), label);
    }
}

proptest! {
    #[test]
    fn att_44_att_45_scores_never_leave_their_scales(rooms in 0i64..999, messages in 0i64..99_999, days in 0i64..99, plan: bool) {
        prop_assert!((0.0..=10.0).contains(&social_score(rooms, messages, days)));
        let month = PeriodType::Month.until(at("2026-03-20T00:00:00Z"), or_utc("UTC"));
        let used = utilization_rate(messages, month);
        prop_assert!((0.0..=100.0).contains(&used) && (0.0..=10.0).contains(&value_score(used, messages, plan)));
    }
}

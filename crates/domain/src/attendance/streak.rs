//! Attended days, and runs of them (ATT-20, ATT-28 … ATT-30). Days are those of the gym's calendar.
use crate::kernel::timezone::local_day;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// How many days before a period's end the longest run is looked for (ATT-29).
pub const LONGEST_LOOKS_BACK: u64 = 180;

/// The days on which somebody attended, each once, in order. `attended` are the instants of ATT-20, `zone` is the
/// gym's.
pub fn days(attended: impl IntoIterator<Item = DateTime<Utc>>, zone: &str) -> BTreeSet<NaiveDate> {
    attended.into_iter().map(|at| local_day(at, zone)).collect()
}

/// How many attended days in a row end today, or yesterday while today has none yet (ATT-28).
pub fn current(days: &BTreeSet<NaiveDate>, today: NaiveDate) -> u32 {
    let last = if days.contains(&today) { Some(today) } else { today.pred_opt() };
    let back = std::iter::successors(last, NaiveDate::pred_opt);
    back.take_while(|day| days.contains(day)).map(|_| 1).sum()
}

/// The longest run of attended days among these; 1 for a single day, 0 for none.
pub fn longest(days: &BTreeSet<NaiveDate>) -> u32 {
    let (mut best, mut run, mut previous) = (0, 0, None);
    for day in days {
        run = if previous.is_some_and(|p: NaiveDate| p.succ_opt() == Some(*day)) { run + 1 } else { 1 };
        best = best.max(run);
        previous = Some(*day);
    }
    best
}

/// The longest run within the days before a period's end, that day included (ATT-29).
pub fn longest_before(days: &BTreeSet<NaiveDate>, end: NaiveDate) -> u32 {
    let from = end.checked_sub_days(Days::new(LONGEST_LOOKS_BACK)).unwrap_or(NaiveDate::MIN);
    longest(&days.range(from..=end).copied().collect())
}

/// Monday to Sunday of the week of a day (ATT-30).
pub fn week_of(day: NaiveDate) -> RangeInclusive<NaiveDate> {
    let since_monday = Days::new(day.weekday().num_days_from_monday().into());
    let monday = day.checked_sub_days(since_monday).unwrap_or(NaiveDate::MIN);
    monday..=monday.checked_add_days(Days::new(6)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn set(days: &[&str]) -> BTreeSet<NaiveDate> {
        days.iter().map(|d| day(d)).collect()
    }

    #[test]
    fn att_28_a_run_ends_today_or_yesterday() {
        for (attended, today, streak) in [
            (&[][..], "2026-03-10", 0),
            (&["2026-03-10"], "2026-03-10", 1),
            (&["2026-03-09"], "2026-03-10", 1),
            (&["2026-03-08"], "2026-03-10", 0),
            (&["2026-03-07", "2026-03-09", "2026-03-10"], "2026-03-10", 2),
            (&["2026-03-07", "2026-03-08", "2026-03-09"], "2026-03-10", 3),
            (&["2026-02-27", "2026-02-28", "2026-03-01"], "2026-03-01", 3),
            (&["2025-12-30", "2025-12-31", "2026-01-01"], "2026-01-02", 3),
            (&["2024-02-28", "2024-02-29", "2024-03-01"], "2024-03-01", 3),
            (&["2024-02-28", "2024-03-01"], "2024-03-01", 1),
            // a day to come is no part of it
            (&["2026-03-10", "2026-03-11"], "2026-03-10", 1),
        ] {
            assert_eq!(current(&set(attended), day(today)), streak, "{attended:?} on {today}");
        }
    }

    #[test]
    fn att_28_no_run_is_too_long() {
        let today = day("2026-03-10");
        let long: BTreeSet<_> = today.pred_opt().unwrap().iter_days().rev().take(400).collect();
        assert_eq!((current(&long, today), longest(&long)), (400, 400));
    }

    #[test]
    fn att_20_days_are_the_gyms_and_two_classes_are_one() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let attended = [at("2026-03-09T10:30:00Z"), at("2026-03-09T11:30:00Z"), at("2026-03-09T20:00:00Z")];
        for (zone, expected) in [
            ("UTC", &["2026-03-09"][..]),
            ("Pacific/Tongatapu", &["2026-03-09", "2026-03-10"]), // UTC+13: the day begins at 11:00
            ("Pacific/Honolulu", &["2026-03-09"]),
            ("Mars/Base", &["2026-03-09"]),
        ] {
            assert_eq!(days(attended, zone), set(expected), "{zone}");
        }
    }

    #[test]
    fn att_29_the_longest_run_of_the_last_180_days() {
        for (attended, end, longest) in [
            (&[][..], "2026-03-10", 0),
            (&["2026-03-01"], "2026-03-10", 1),
            (&["2026-02-01", "2026-02-02", "2026-02-04"], "2026-03-10", 2),
            // 180 days before is in, 181 is not, and neither is what comes after the end
            (&["2025-09-10", "2025-09-11", "2025-09-12"], "2026-03-10", 2),
            (&["2026-03-10", "2026-03-11"], "2026-03-10", 1),
        ] {
            assert_eq!(longest_before(&set(attended), day(end)), longest, "{attended:?} by {end}");
        }
    }

    #[test]
    fn att_30_weeks_begin_on_monday() {
        for (of, monday, sunday) in [
            ("2026-03-02", "2026-03-02", "2026-03-08"),
            ("2026-03-08", "2026-03-02", "2026-03-08"),
            ("2026-01-01", "2025-12-29", "2026-01-04"),
        ] {
            assert_eq!(week_of(day(of)), day(monday)..=day(sunday));
        }
    }

    proptest! {
        #[test]
        fn att_28_att_29_runs_are_what_counting_by_hand_says(offsets in prop::collection::btree_set(0u64..40, 0..40)) {
            let start = day("2026-02-10");
            let days: BTreeSet<_> = offsets.iter().map(|n| start + Days::new(*n)).collect();
            let today = start + Days::new(39);
            let by_hand = |until: u64| (0..=until).rev().take_while(|n| offsets.contains(n)).count() as u32;
            let expected = if offsets.contains(&39) { by_hand(39) } else { by_hand(38) };
            prop_assert_eq!(current(&days, today), expected);
            prop_assert_eq!(longest(&days), (0..40).map(by_hand).max().unwrap_or(0));
            prop_assert!(longest(&days) >= current(&days, today));
        }
    }
}

//! Sessions that repeat every week: which dates they fall on, and at which instants (SCH-47, SCH-48).
use super::lifecycle::Slot;
use crate::kernel::timezone::resolve;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// How many days a request may span, the first and the last included.
pub const MOST_DAYS: i64 = 366;

/// Why nothing is repeated over these days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecurrenceRefusal {
    BeginsInThePast,
    EndsBeforeStart,
    TooLong,
}

/// A class on some days of the week, at a time of the gym's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weekly {
    pub from: NaiveDate,
    /// Included.
    pub to: NaiveDate,
    /// 0 is Monday.
    pub days: Vec<i32>,
    pub at: NaiveTime,
    pub lasts: TimeDelta,
}

impl Weekly {
    /// Whether the days lie ahead, in order and within a year. `today` is the gym's.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn within_bounds(&self, today: NaiveDate) -> Result<(), RecurrenceRefusal> {
        if self.from < today {
            return Err(RecurrenceRefusal::BeginsInThePast);
        }
        if self.to < self.from {
            return Err(RecurrenceRefusal::EndsBeforeStart);
        }
        if (self.to - self.from).num_days() >= MOST_DAYS { Err(RecurrenceRefusal::TooLong) } else { Ok(()) }
    }

    /// `WEEKLY:0,2,4`.
    pub fn pattern(&self) -> String {
        let mut days = self.days.clone();
        days.sort_unstable();
        let days: Vec<_> = days.iter().map(i32::to_string).collect();
        format!("WEEKLY:{}", days.join(","))
    }

    /// Every session that lies ahead and on no `closed` day, in order. Each date's wall time is resolved on its own: the
    /// hour of the gym's clock stays, whatever happens to its offset.
    pub fn slots(&self, zone: Tz, now: DateTime<Utc>, closed: &[NaiveDate]) -> Vec<Slot> {
        let weekday = |date: &NaiveDate| i32::try_from(date.weekday().num_days_from_monday()).unwrap_or_default();
        self.from
            .iter_days()
            .take_while(|date| *date <= self.to)
            .filter(|date| self.days.contains(&weekday(date)) && !closed.contains(date))
            .map(|date| resolve(date.and_time(self.at), zone))
            .filter(|start| *start > now)
            .map(|start| Slot { start, end: start + self.lasts })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::timezone::or_utc;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn weekly(from: &str, to: &str, days: &[i32], at: &str, minutes: i64) -> Weekly {
        Weekly {
            from: day(from),
            to: day(to),
            days: days.to_vec(),
            at: at.parse().unwrap(),
            lasts: TimeDelta::minutes(minutes),
        }
    }

    /// `05-03 18:00 16:00Z 60`: local date and time, UTC, minutes.
    fn told(weekly: &Weekly, zone: &str, now: &str, closed: &[NaiveDate]) -> Vec<String> {
        let zone = or_utc(zone);
        let line = |slot: &Slot| {
            let local = slot.start.with_timezone(&zone).format("%m-%d %H:%M");
            format!("{local} {}Z {}", slot.start.format("%H:%M"), slot.lasts().num_minutes())
        };
        weekly.slots(zone, now.parse().unwrap(), closed).iter().map(line).collect()
    }

    /// Edge case 9.
    #[test]
    fn sch_47_the_local_hour_stays_over_every_change_of_the_clock() {
        let long_ago = "2020-01-01T00:00:00Z";
        for (from, to, zone, expected) in [
            (
                "2026-03-22",
                "2026-04-05",
                "Europe/Madrid",
                ["03-22 18:00 17:00Z 60", "03-29 18:00 16:00Z 60", "04-05 18:00 16:00Z 60"],
            ),
            (
                "2026-10-18",
                "2026-11-01",
                "Europe/Madrid",
                ["10-18 18:00 16:00Z 60", "10-25 18:00 17:00Z 60", "11-01 18:00 17:00Z 60"],
            ),
            (
                "2022-03-27",
                "2022-04-10",
                "America/Mexico_City",
                ["03-27 18:00 00:00Z 60", "04-03 18:00 23:00Z 60", "04-10 18:00 23:00Z 60"],
            ),
            (
                "2022-10-23",
                "2022-11-06",
                "America/Mexico_City",
                ["10-23 18:00 23:00Z 60", "10-30 18:00 00:00Z 60", "11-06 18:00 00:00Z 60"],
            ),
            (
                "2026-03-29",
                "2026-04-12",
                "America/Mexico_City",
                ["03-29 18:00 00:00Z 60", "04-05 18:00 00:00Z 60", "04-12 18:00 00:00Z 60"],
            ),
            (
                "2026-03-29",
                "2026-04-12",
                "Australia/Lord_Howe",
                ["03-29 18:00 07:00Z 60", "04-05 18:00 07:30Z 60", "04-12 18:00 07:30Z 60"],
            ),
            (
                "2026-09-27",
                "2026-10-11",
                "Australia/Lord_Howe",
                ["09-27 18:00 07:30Z 60", "10-04 18:00 07:00Z 60", "10-11 18:00 07:00Z 60"],
            ),
        ] {
            assert_eq!(told(&weekly(from, to, &[6], "18:00:00", 60), zone, long_ago, &[]), expected, "{zone} {from}");
        }
    }

    #[test]
    fn sch_47_a_late_class_ends_the_next_day_and_a_skipped_hour_moves_on() {
        let long_ago = "2020-01-01T00:00:00Z";
        let late = weekly("2026-05-01", "2026-05-01", &[4], "23:30:00", 60);
        let slots = late.slots(or_utc("Europe/Madrid"), long_ago.parse().unwrap(), &[]);
        assert_eq!(slots[0].end.to_rfc3339(), "2026-05-01T22:30:00+00:00");
        let skipped = weekly("2026-03-28", "2026-03-30", &[5, 6, 0], "02:30:00", 45);
        let expected = ["03-28 02:30 01:30Z 45", "03-29 03:30 01:30Z 45", "03-30 02:30 00:30Z 45"];
        assert_eq!(told(&skipped, "Europe/Madrid", long_ago, &[]), expected);
        let half = weekly("2026-10-03", "2026-10-05", &[5, 6, 0], "02:15:00", 45);
        let expected = ["10-03 02:15 15:45Z 45", "10-04 02:45 15:45Z 45", "10-05 02:15 15:15Z 45"];
        assert_eq!(told(&half, "Australia/Lord_Howe", long_ago, &[]), expected);
    }

    /// Edge case 10.
    #[test]
    fn sch_48_what_is_past_and_what_is_closed_is_skipped() {
        let all = weekly("2026-05-04", "2026-05-11", &[0, 2], "09:00:00", 60);
        assert_eq!(all.pattern(), "WEEKLY:0,2");
        assert_eq!(Weekly { days: vec![4, 0, 2], ..all.clone() }.pattern(), "WEEKLY:0,2,4");
        let zone = "Europe/Madrid";
        let expected = ["05-04 09:00 07:00Z 60", "05-06 09:00 07:00Z 60", "05-11 09:00 07:00Z 60"];
        assert_eq!(told(&all, zone, "2026-05-04T06:59:59Z", &[]), expected);
        assert_eq!(told(&all, zone, "2026-05-04T07:00:00Z", &[]), expected[1..]);
        assert_eq!(told(&all, zone, "2026-05-04T07:00:00Z", &[day("2026-05-06")]), expected[2..]);
        assert!(told(&all, zone, "2026-06-01T00:00:00Z", &[]).is_empty());
    }

    #[test]
    fn sch_47_the_days_lie_ahead_and_within_a_year() {
        let today = day("2026-05-04");
        let bounds = |from, to| weekly(from, to, &[0], "09:00:00", 60).within_bounds(today);
        assert_eq!(bounds("2026-05-04", "2026-05-04"), Ok(()));
        assert_eq!(bounds("2026-05-03", "2026-05-10"), Err(RecurrenceRefusal::BeginsInThePast));
        assert_eq!(bounds("2026-05-10", "2026-05-09"), Err(RecurrenceRefusal::EndsBeforeStart));
        assert_eq!(bounds("2026-05-04", "2027-05-04"), Ok(()));
        assert_eq!(bounds("2026-05-04", "2027-05-05"), Err(RecurrenceRefusal::TooLong));
    }
}

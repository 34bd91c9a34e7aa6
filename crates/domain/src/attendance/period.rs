//! The periods that statistics are about (ATT-38). They begin by the gym's calendar and end now.
use crate::kernel::timezone::day_start;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far back the statistics look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodType {
    /// Seven days up to now.
    Week,
    /// From the first of the month.
    #[default]
    Month,
    Quarter,
    Year,
}

/// From `start` up to `end`, which is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

impl PeriodType {
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// How long statistics of it are kept (ATT-50).
    pub fn kept(self) -> Duration {
        Duration::from_secs(match self {
            Self::Week => 1800,
            Self::Month => 3600,
            Self::Quarter => 7200,
            Self::Year => 14_400,
        })
    }

    /// The period that ends now.
    pub fn until(self, now: DateTime<Utc>, zone: Tz) -> Period {
        let today = now.with_timezone(&zone).date_naive();
        let first_of = |month| NaiveDate::from_ymd_opt(today.year(), month, 1).unwrap_or(today);
        let start = match self {
            Self::Week => now - TimeDelta::days(7),
            Self::Month => day_start(first_of(today.month()), zone),
            Self::Quarter => day_start(first_of(today.month0() / 3 * 3 + 1), zone),
            Self::Year => day_start(first_of(1), zone),
        };
        Period { start, end: now }
    }
}

impl Period {
    /// The one of equal length before it (ATT-48).
    pub fn before(self) -> Self {
        Self { start: self.start - (self.end - self.start), end: self.start }
    }

    /// Whole days.
    pub fn days(self) -> i64 {
        (self.end - self.start).num_days()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::timezone::or_utc;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Edge case 17.
    #[test]
    fn att_38_periods_begin_at_the_gyms_midnight() {
        use PeriodType::*;
        let madrid = "Europe/Madrid";
        for (kind, now, zone, start) in [
            (Week, "2026-03-03T10:00:00Z", madrid, "2026-02-24T10:00:00Z"),
            (Month, "2026-03-03T10:00:00Z", madrid, "2026-02-28T23:00:00Z"),
            // the first second of the month there, and the last of the one before
            (Month, "2026-02-28T23:00:00Z", madrid, "2026-02-28T23:00:00Z"),
            (Month, "2026-02-28T22:59:59Z", madrid, "2026-01-31T23:00:00Z"),
            (Quarter, "2026-03-31T22:00:00Z", madrid, "2026-03-31T22:00:00Z"),
            (Quarter, "2026-03-31T21:59:59Z", madrid, "2025-12-31T23:00:00Z"),
            (Quarter, "2026-12-31T12:00:00Z", "UTC", "2026-10-01T00:00:00Z"),
            (Year, "2025-12-31T23:00:00Z", madrid, "2025-12-31T23:00:00Z"),
            (Year, "2025-12-31T22:59:59Z", madrid, "2024-12-31T23:00:00Z"),
            (Year, "2026-12-31T11:00:00Z", "Pacific/Tongatapu", "2026-12-31T11:00:00Z"),
        ] {
            let period = kind.until(at(now), or_utc(zone));
            assert_eq!(period, Period { start: at(start), end: at(now) }, "{kind:?} {now} {zone}");
        }
    }

    #[test]
    fn att_48_the_period_before_is_as_long() {
        let march = PeriodType::Month.until(at("2026-03-11T00:00:00Z"), or_utc("UTC"));
        assert_eq!(march.days(), 10);
        assert_eq!(march.before(), Period { start: at("2026-02-19T00:00:00Z"), end: at("2026-03-01T00:00:00Z") });
        let young = PeriodType::Month.until(at("2026-03-01T09:00:00Z"), or_utc("UTC"));
        assert_eq!((young.days(), young.before().start), (0, at("2026-02-28T15:00:00Z")));
    }

    #[test]
    fn att_50_how_long_they_are_kept() {
        assert_eq!(PeriodType::ALL.map(|p| p.kept().as_secs()), [1800, 3600, 7200, 14_400]);
        assert_eq!(PeriodType::ALL.map(PeriodType::as_str), ["week", "month", "quarter", "year"]);
    }
}

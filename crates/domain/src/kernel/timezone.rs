//! IANA time zones. A zone changes how instants are read, never which instants are stored (IDN-43).
use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de};

/// The zone of this name, `None` when the tz database has none.
pub fn parse(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The zone of this name; one that is not known, or no longer, reads as UTC (SCH-10).
pub fn or_utc(name: &str) -> Tz {
    parse(name).unwrap_or(Tz::UTC)
}

/// The calendar day of an instant in a zone; a zone that is no longer known reads as UTC.
pub fn local_day(at: DateTime<Utc>, zone: &str) -> NaiveDate {
    at.with_timezone(&or_utc(zone)).date_naive()
}

/// The instant of a wall clock's time. One that the spring change skips moves on by what is skipped (02:30 is 03:30),
/// and of one that the autumn change shows twice the later is meant (SCH-11).
pub fn resolve(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(_, at) => at.to_utc(),
        LocalResult::None => {
            // read with the offset that held before the change
            let before = zone.offset_from_utc_datetime(&(local - TimeDelta::hours(24))).fix();
            (local - TimeDelta::seconds(before.local_minus_utc().into())).and_utc()
        }
    }
}

/// The first instant of a day in a zone.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    resolve(day.and_time(NaiveTime::MIN), zone)
}

/// The instants of the days `from` to `to`, both included: from the first of `from` to the first of the day after
/// `to` (SCH-14).
pub fn days(from: NaiveDate, to: NaiveDate, zone: Tz) -> std::ops::Range<DateTime<Utc>> {
    day_start(from, zone)..day_start(to.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX), zone)
}

/// A time as clients write it: with an offset an instant, without one the wall clock of the gym (SCH-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenTime {
    Wall(NaiveDateTime),
    Instant(DateTime<Utc>),
}

impl GivenTime {
    pub fn at(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Wall(local) => resolve(local, zone),
            Self::Instant(at) => at,
        }
    }
}

impl std::str::FromStr for GivenTime {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WALL: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
        const OFFSET: [&str; 3] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
        let instant = DateTime::parse_from_rfc3339(text).ok();
        let instant = instant.or_else(|| OFFSET.iter().find_map(|f| DateTime::parse_from_str(text, f).ok()));
        let given = match instant {
            Some(at) => Some(Self::Instant(at.to_utc())),
            None => WALL.iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok()).map(Self::Wall),
        };
        // what lies beyond is refused by some database or client
        let years = NaiveDate::from_ymd_opt(1970, 1, 2)..NaiveDate::from_ymd_opt(9999, 1, 1);
        let day = |given: &Self| match given {
            Self::Wall(local) => local.date(),
            Self::Instant(at) => at.date_naive(),
        };
        given.filter(|g| years.contains(&Some(day(g)))).ok_or("not a date and time, as in 2026-03-29T18:30:00")
    }
}

impl<'de> Deserialize<'de> for GivenTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// For garde: `#[garde(custom(timezone::valid))]`.
pub fn valid(name: &str, _: &()) -> garde::Result {
    match parse(name) {
        Some(_) if name.len() <= 50 => Ok(()),
        _ => Err(garde::Error::new("not a time zone of the IANA database")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: &str, zone: &str) -> String {
        let given: GivenTime = wall.parse().unwrap();
        given.at(or_utc(zone)).to_rfc3339()
    }

    #[test]
    fn sch_10_without_an_offset_the_gyms_clock_with_one_that_instant() {
        for (given, zone, expected) in [
            ("2026-01-15T09:00:00", "America/New_York", "2026-01-15T14:00:00+00:00"),
            ("2026-07-15T09:00", "America/New_York", "2026-07-15T13:00:00+00:00"),
            ("2026-07-15 09:00:00", "America/New_York", "2026-07-15T13:00:00+00:00"),
            ("2026-07-15T09:00:00Z", "America/New_York", "2026-07-15T09:00:00+00:00"),
            ("2026-07-15T09:00:00+02:00", "America/New_York", "2026-07-15T07:00:00+00:00"),
            ("2026-07-15T09:00:00+0200", "America/New_York", "2026-07-15T07:00:00+00:00"),
            ("2026-07-15T09:00:00", "", "2026-07-15T09:00:00+00:00"),
            ("2026-07-15T09:00:00", "Mars/Base", "2026-07-15T09:00:00+00:00"),
        ] {
            assert_eq!(at(given, zone), expected, "{given} {zone}");
        }
        for rubbish in ["", "2026-07-15", "09:00", "tomorrow", "2026-13-01T00:00:00", "0000-01-01T00:00:00Z"] {
            assert!(rubbish.parse::<GivenTime>().is_err(), "{rubbish}");
        }
    }

    #[test]
    fn sch_11_gaps_move_on_and_twice_shown_times_are_the_later() {
        for (wall, zone, expected) in [
            ("2026-03-29T02:30:00", "Europe/Madrid", "2026-03-29T01:30:00+00:00"), // 03:30 summer time
            ("2026-10-25T02:30:00", "Europe/Madrid", "2026-10-25T01:30:00+00:00"), // winter time
            ("2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:30:00+00:00"),
            ("2026-11-01T01:30:00", "America/New_York", "2026-11-01T06:30:00+00:00"),
            ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00+00:00"), // 02:45, half an hour on
            ("2026-04-05T01:45:00", "Australia/Lord_Howe", "2026-04-04T15:15:00+00:00"),
            ("2026-04-05T02:30:00", "America/Mexico_City", "2026-04-05T08:30:00+00:00"), // has none now
            ("2022-04-03T02:30:00", "America/Mexico_City", "2022-04-03T08:30:00+00:00"), // had one then
        ] {
            assert_eq!(at(wall, zone), expected, "{wall} {zone}");
        }
    }

    #[test]
    fn sch_14_days_are_those_of_the_gyms_calendar() {
        let zone = or_utc("Europe/Madrid");
        let day = |d: &str| d.parse::<NaiveDate>().unwrap();
        let change = days(day("2026-03-29"), day("2026-03-29"), zone);
        assert_eq!((change.end - change.start).num_hours(), 23);
        assert_eq!(change.start.to_rfc3339(), "2026-03-28T23:00:00+00:00");
        assert_eq!(
            (day_start(day("2026-09-06"), or_utc("America/Santiago"))).to_rfc3339(),
            "2026-09-06T04:00:00+00:00"
        );
    }
}

//! Days of a calendar, as clients write them.
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, de};
use std::str::FromStr;

/// A day as in `2026-12-24`. Years are 1970 … 9999: what lies beyond is refused by some database or client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarDate(pub NaiveDate);

impl FromStr for CalendarDate {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // chrono's own reading lets blanks, signs and single digits pass
        let shape = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
        let day = (text.len() == 10 && text.bytes().enumerate().all(shape)).then(|| text.parse().ok()).flatten();
        day.filter(|day: &NaiveDate| (1970..=9999).contains(&day.year()))
            .map(Self)
            .ok_or("not a date, as in 2026-12-24")
    }
}

impl<'de> Deserialize<'de> for CalendarDate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_ten_characters_of_a_sensible_year() {
        let day: CalendarDate = "2028-02-29".parse().unwrap();
        assert_eq!(day.0, NaiveDate::from_ymd_opt(2028, 2, 29).unwrap());
        for rubbish in [
            "",
            "2026-02-29",
            "2026-2-9",
            "2026-12-24T00:00:00",
            "+026-12-24",
            " 026-12-24",
            "0000-01-01",
            "1969-12-31",
        ] {
            assert!(rubbish.parse::<CalendarDate>().is_err(), "{rubbish}");
        }
    }
}

//! IANA time zones. A zone changes how instants are read, never which instants are stored (IDN-43).
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// The zone of this name, `None` when the tz database has none.
pub fn parse(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The calendar day of an instant in a zone; a zone that is no longer known reads as UTC.
pub fn local_day(at: DateTime<Utc>, zone: &str) -> NaiveDate {
    at.with_timezone(&parse(zone).unwrap_or(Tz::UTC)).date_naive()
}

/// For garde: `#[garde(custom(timezone::valid))]`.
pub fn valid(name: &str, _: &()) -> garde::Result {
    match parse(name) {
        Some(_) if name.len() <= 50 => Ok(()),
        _ => Err(garde::Error::new("not a time zone of the IANA database")),
    }
}

//! When a gym is open on one day: what follows from its weekly template and from a day that is otherwise, without a
//! database (SCH-20 … SCH-24).
use super::{opening_hours, special_day};
use crate::kernel::{
    patch,
    validation::{FieldError, Invalid},
};
use chrono::{Datelike, NaiveDate, NaiveTime};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::str::FromStr;

/// A day of the week; 0 is Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i16", into = "i16")]
pub struct DayOfWeek(i16);

impl DayOfWeek {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..7).map(Self)
    }
    pub fn of(date: NaiveDate) -> Self {
        Self(date.weekday().num_days_from_monday() as i16)
    }
    pub fn number(self) -> i16 {
        self.0
    }
}

impl TryFrom<i16> for DayOfWeek {
    type Error = &'static str;
    fn try_from(day: i16) -> Result<Self, Self::Error> {
        if (0..7).contains(&day) { Ok(Self(day)) } else { Err("a day is 0 (Monday) to 6 (Sunday)") }
    }
}

impl From<DayOfWeek> for i16 {
    fn from(day: DayOfWeek) -> Self {
        day.0
    }
}

/// A time of a wall clock, sent as `HH:MM` or `HH:MM:SS` (SCH-23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ClockTime(pub NaiveTime);

impl FromStr for ClockTime {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':').map(|part| match part.as_bytes() {
            [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => part.parse::<u32>().ok(),
            _ => None,
        });
        let time = match (parts.next().flatten(), parts.next().flatten(), parts.next(), parts.next()) {
            (Some(hour), Some(minute), None, None) => NaiveTime::from_hms_opt(hour, minute, 0),
            (Some(hour), Some(minute), Some(Some(second)), None) => NaiveTime::from_hms_opt(hour, minute, second),
            _ => None,
        };
        time.map(Self).ok_or("not a time, as in 09:30 or 09:30:00")
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// What is sent about the hours of a day; what is not sent stays (SCH-22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[schema(as = GymHoursUpdate, example = json!({"open_time": "09:00", "close_time": "21:30"}))]
#[serde(default)]
pub struct HoursPatch {
    /// `HH:MM` or `HH:MM:SS`.
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, format = "time")]
    pub open_time: Option<Option<ClockTime>>,
    /// Later than `open_time`, on the same day.
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, format = "time")]
    pub close_time: Option<Option<ClockTime>>,
    /// True clears both times. Where it is not sent, a time that is sent opens the day.
    pub is_closed: Option<bool>,
}

/// Closed, or open between two times of the gym's wall clock (SCH-21). Hours over midnight cannot be expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayHours {
    Closed,
    Open { from: NaiveTime, to: NaiveTime },
}

fn broken(field: &str, msg: &str) -> Invalid {
    Invalid(vec![FieldError::body(field, msg)])
}

impl DayHours {
    /// Of a gym that never said otherwise (SCH-20): 09:00 to 21:00, and closed on Sundays.
    pub fn usual(day: DayOfWeek) -> Self {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        if day.0 == 6 { Self::Closed } else { Self::Open { from: at(9), to: at(21) } }
    }

    /// Of a row, which the database has checked.
    pub fn stored(open: Option<NaiveTime>, close: Option<NaiveTime>) -> Self {
        match (open, close) {
            (Some(from), Some(to)) => Self::Open { from, to },
            _ => Self::Closed,
        }
    }

    /// Of what somebody sent (SCH-21).
    ///
    /// # Errors
    /// A closed day with a time, an open one without both, or one that closes before it opens; by field.
    pub fn given(open: Option<NaiveTime>, close: Option<NaiveTime>, is_closed: bool) -> Result<Self, Invalid> {
        const NO_TIMES: &str = "a closed day has no times";
        const BOTH: &str = "an open day needs both times";
        match (is_closed, open, close) {
            (true, None, None) => Ok(Self::Closed),
            (true, Some(_), _) => Err(broken("open_time", NO_TIMES)),
            (true, None, Some(_)) => Err(broken("close_time", NO_TIMES)),
            (false, Some(from), Some(to)) if from < to => Ok(Self::Open { from, to }),
            (false, Some(_), Some(_)) => Err(broken("close_time", "must be later than open_time, on the same day")),
            (false, None, _) => Err(broken("open_time", BOTH)),
            (false, Some(_), None) => Err(broken("close_time", BOTH)),
        }
    }

    /// These hours with what was sent laid over them (SCH-22).
    ///
    /// # Errors
    /// What [`Self::given`] says of the outcome.
    pub fn merged(self, patch: &HoursPatch) -> Result<Self, Invalid> {
        let sent = |time: Option<Option<ClockTime>>| time.map(|time| time.map(|time| time.0));
        let (open, close) = (sent(patch.open_time), sent(patch.close_time));
        let opens = open.flatten().or(close.flatten()).is_some();
        let is_closed = patch.is_closed.unwrap_or(self.is_closed() && !opens);
        if is_closed {
            return Self::given(open.flatten(), close.flatten(), true);
        }
        Self::given(open.unwrap_or(self.open_time()), close.unwrap_or(self.close_time()), false)
    }

    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }
    pub fn open_time(self) -> Option<NaiveTime> {
        match self {
            Self::Closed => None,
            Self::Open { from, .. } => Some(from),
        }
    }
    pub fn close_time(self) -> Option<NaiveTime> {
        match self {
            Self::Closed => None,
            Self::Open { to, .. } => Some(to),
        }
    }
}

/// Where the hours of a date come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursSource {
    Special,
    Regular,
}

/// The hours that hold on a date, and the row that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    pub hours: DayHours,
    pub source: HoursSource,
    pub source_id: i64,
}

/// A special day replaces its weekday's hours entirely (SCH-24).
pub fn effective(regular: &opening_hours::Model, special: Option<&special_day::Model>) -> Effective {
    match special {
        Some(day) => Effective {
            hours: DayHours::stored(day.open_time, day.close_time),
            source: HoursSource::Special,
            source_id: day.id.0,
        },
        None => Effective {
            hours: DayHours::stored(regular.open_time, regular.close_time),
            source: HoursSource::Regular,
            source_id: regular.id.0,
        },
    }
}

#[cfg(test)]
#[path = "hours_tests.rs"]
mod tests;

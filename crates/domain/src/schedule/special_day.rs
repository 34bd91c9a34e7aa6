//! One day of a gym's calendar that is not as the week says (SCH-30 … SCH-34).
use super::hours::{ClockTime, DayHours, HoursPatch};
use crate::{
    GymId, SpecialDayId, UserId,
    kernel::{calendar_date::CalendarDate, patch, validation::Invalid},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gym_special_hours")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: SpecialDayId,
    pub gym_id: GymId,
    pub date: NaiveDate,
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub description: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("special day", SpecialDayId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub date: NaiveDate,
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub description: Option<String>,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub open_time: Option<Option<NaiveTime>>,
    pub close_time: Option<Option<NaiveTime>>,
    pub is_closed: Option<bool>,
    pub description: Option<Option<String>>,
}

/// A day to set (SCH-30).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GymSpecialHoursCreate,
    example = json!({"date": "2026-12-25", "is_closed": true, "description": "Christmas"}))]
pub struct NewSpecialDay {
    #[garde(skip)]
    #[schema(value_type = String, format = "date")]
    pub date: CalendarDate,
    /// `HH:MM` or `HH:MM:SS`; both times, unless the day is closed.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "time")]
    pub open_time: Option<ClockTime>,
    /// Later than `open_time`, on the same day.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "time")]
    pub close_time: Option<ClockTime>,
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    pub is_closed: Option<bool>,
    #[garde(inner(length(chars, max = 255)))]
    #[serde(default)]
    #[schema(max_length = 255)]
    pub description: Option<String>,
}

impl NewSpecialDay {
    /// # Errors
    /// What [`DayHours::given`] says of the times.
    pub fn hours(&self) -> Result<DayHours, Invalid> {
        let time = |time: Option<ClockTime>| time.map(|time| time.0);
        DayHours::given(time(self.open_time), time(self.close_time), self.is_closed.unwrap_or(false))
    }
}

/// What is sent about a special day; what is not sent stays (SCH-33).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GymSpecialHoursUpdate, example = json!({"open_time": "10:00", "close_time": "14:00"}))]
#[serde(default)]
pub struct SpecialDayPatch {
    /// `HH:MM` or `HH:MM:SS`.
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, format = "time")]
    pub open_time: Option<Option<ClockTime>>,
    /// Later than `open_time`, on the same day.
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, format = "time")]
    pub close_time: Option<Option<ClockTime>>,
    /// True clears both times. Where it is not sent, a time that is sent opens the day.
    #[garde(skip)]
    pub is_closed: Option<bool>,
    #[garde(inner(inner(length(chars, max = 255))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub description: Option<Option<String>>,
}

impl SpecialDayPatch {
    pub fn hours(&self) -> HoursPatch {
        HoursPatch { open_time: self.open_time, close_time: self.close_time, is_closed: self.is_closed }
    }
}

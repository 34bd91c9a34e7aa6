//! The weekly template of a gym's opening hours (SCH-20 … SCH-23).
use super::hours::{DayHours, DayOfWeek};
use crate::{GymHoursId, GymId};
use chrono::{DateTime, NaiveTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gym_hours")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: GymHoursId,
    pub gym_id: GymId,
    /// 0 is Monday.
    pub day_of_week: i16,
    /// Of the wall clock of the gym.
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("opening hours", GymHoursId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub day_of_week: i16,
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub open_time: Option<Option<NaiveTime>>,
    pub close_time: Option<Option<NaiveTime>>,
    pub is_closed: Option<bool>,
}

impl Create {
    /// The hours of a day that nobody set yet (SCH-20).
    pub fn usual(day: DayOfWeek) -> Self {
        let hours = DayHours::usual(day);
        Self {
            day_of_week: day.number(),
            open_time: hours.open_time(),
            close_time: hours.close_time(),
            is_closed: hours.is_closed(),
        }
    }
}

impl From<DayHours> for Update {
    fn from(hours: DayHours) -> Self {
        Self {
            open_time: Some(hours.open_time()),
            close_time: Some(hours.close_time()),
            is_closed: Some(hours.is_closed()),
        }
    }
}

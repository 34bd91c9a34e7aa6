//! One day of a gym's calendar that is not as the week says (SCH-30 … SCH-34).
use crate::{GymId, SpecialDayId, UserId};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
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

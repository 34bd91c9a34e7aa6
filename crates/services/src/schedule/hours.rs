//! When a gym is open: its week, and what holds on a date (SCH-20 … SCH-26).
use super::special_days::SpecialDay;
use crate::{
    Actor, Core, Error, Ports, Refusal, Result, Settings,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use chrono::{Days, NaiveDate, NaiveTime};
use domain::{
    GymHoursId, GymId, SpecialDayId,
    identity::GymRole,
    kernel::validation::Invalid,
    schedule::{
        hours::{DayHours, DayOfWeek, Effective, HoursPatch, HoursSource, effective},
        opening_hours, special_day,
    },
};
use ports::cache::{Bytes, encode};
use repository::{Conn, StoreError};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use utoipa::ToSchema;

pub const DATES_REVERSED: Refusal = Refusal::bad_request(
    "invalid_date_range",
    "The end date lies before the start date.",
    "La fecha de fin es anterior a la de inicio.",
);
pub const RANGE_TOO_LONG: Refusal = Refusal::bad_request(
    "date_range_too_long",
    "At most 366 days can be asked for at once.",
    "Se pueden consultar como máximo 366 días a la vez.",
);

/// The most days of a range (SCH-25).
const MOST_DAYS: i64 = 366;
const WEEK_TTL: Duration = Duration::from_secs(86_400);
const DATE_TTL: Duration = Duration::from_secs(43_200);

/// The hours of one day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GymHours {
    pub id: GymHoursId,
    pub gym_id: GymId,
    /// 0 is Monday.
    pub day_of_week: i16,
    /// `HH:MM:SS` of the gym's clock, as all times here.
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
}

impl From<opening_hours::Model> for GymHours {
    fn from(row: opening_hours::Model) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            day_of_week: row.day_of_week,
            open_time: row.open_time,
            close_time: row.close_time,
            is_closed: row.is_closed,
        }
    }
}

/// What the week says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegularHours {
    pub id: GymHoursId,
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
}

/// What the special day says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpecialHours {
    pub id: SpecialDayId,
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub description: Option<String>,
}

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EffectiveHours {
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub source: HoursSource,
    /// Of the row that says so.
    pub source_id: i64,
}

impl From<Effective> for EffectiveHours {
    fn from(effective: Effective) -> Self {
        Self {
            open_time: effective.hours.open_time(),
            close_time: effective.hours.close_time(),
            is_closed: effective.hours.is_closed(),
            source: effective.source,
            source_id: effective.source_id,
        }
    }
}

/// The hours of a date, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HoursForDate {
    pub date: NaiveDate,
    pub day_of_week: i16,
    pub regular_hours: RegularHours,
    pub special_hours: Option<SpecialHours>,
    pub is_special: bool,
    pub effective_hours: EffectiveHours,
}

impl HoursForDate {
    fn of(date: NaiveDate, regular: opening_hours::Model, special: Option<special_day::Model>) -> Self {
        let effective = effective(&regular, special.as_ref());
        Self {
            date,
            day_of_week: regular.day_of_week,
            is_special: special.is_some(),
            effective_hours: effective.into(),
            regular_hours: RegularHours {
                id: regular.id,
                open_time: regular.open_time,
                close_time: regular.close_time,
                is_closed: regular.is_closed,
            },
            special_hours: special.map(|day| SpecialHours {
                id: day.id,
                open_time: day.open_time,
                close_time: day.close_time,
                is_closed: day.is_closed,
                description: day.description,
            }),
        }
    }
}

/// One day of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DailyScheduleResponse)]
pub struct DailySchedule {
    pub date: NaiveDate,
    pub day_of_week: i16,
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub is_special: bool,
    /// Of the special day.
    pub description: Option<String>,
    /// The special day's, else the weekday's.
    pub source_id: Option<i64>,
}

impl DailySchedule {
    fn of(date: NaiveDate, regular: &opening_hours::Model, special: Option<&special_day::Model>) -> Self {
        let effective = effective(regular, special);
        Self {
            date,
            day_of_week: regular.day_of_week,
            open_time: effective.hours.open_time(),
            close_time: effective.hours.close_time(),
            is_closed: effective.hours.is_closed(),
            is_special: special.is_some(),
            description: special.and_then(|day| day.description.clone()),
            source_id: Some(effective.source_id),
        }
    }
}

/// A gym's hours. What is cached comes as the JSON that is sent.
#[async_trait]
pub trait Hours: Send + Sync {
    /// The seven days from Monday on: `[GymHours]` (SCH-20). Member guard.
    async fn week(&self, actor: &Actor) -> Result<Bytes>;
    async fn day(&self, actor: &Actor, day: DayOfWeek) -> Result<GymHours>;
    /// Lays what is sent over the day's hours (SCH-22). Admin guard.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the outcome is neither closed nor open (SCH-21).
    async fn set_day(&self, actor: &Actor, day: DayOfWeek, patch: HoursPatch) -> Result<GymHours>;
    /// What holds on a date: [`HoursForDate`] (SCH-24).
    async fn on(&self, actor: &Actor, date: NaiveDate) -> Result<Bytes>;
    /// What holds on each day from `from` to `to`, both included: `[DailySchedule]` (SCH-25).
    ///
    /// # Errors
    /// [`DATES_REVERSED`], [`RANGE_TOO_LONG`].
    async fn between(&self, actor: &Actor, from: NaiveDate, to: NaiveDate) -> Result<Bytes>;
    /// Makes sure that the week is there, and answers with the special days that it made: none (SCH-26). Admin guard.
    async fn apply_defaults(&self, actor: &Actor, from: NaiveDate, to: NaiveDate) -> Result<Vec<SpecialDay>>;
}

pub struct HoursService {
    core: Core,
}

fn no_such_day(day: DayOfWeek) -> Error {
    StoreError::NotFound { entity: "opening hours", id: day.number().to_string() }.into()
}

impl HoursService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    /// The seven days. Those that nobody wrote yet get their defaults first; who reads at the same moment may have
    /// written them already.
    async fn ensured(&self, conn: &Conn, gym: GymId) -> Result<Vec<opening_hours::Model>> {
        let hours = &self.core.stores.hours;
        let week = hours.week(conn, gym).await?;
        let there = |day: &DayOfWeek| week.iter().any(|row| row.day_of_week == day.number());
        let missing: Vec<_> = DayOfWeek::all().filter(|day| !there(day)).map(opening_hours::Create::usual).collect();
        if missing.is_empty() {
            return Ok(week);
        }
        hours.add_missing(conn, gym, missing).await?;
        Ok(hours.week(conn, gym).await?)
    }

    async fn of_week(&self, gym: GymId) -> Result<Vec<GymHours>> {
        let week = self.ensured(&self.core.db, gym).await?;
        Ok(week.into_iter().map(GymHours::from).collect())
    }
}

#[async_trait]
impl Hours for HoursService {
    async fn week(&self, actor: &Actor) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let gym = actor.gym_id();
        let load = async || Ok(encode(&self.of_week(gym).await?));
        self.core.cache.bytes_or_load(&CacheKey::OpeningHours(gym).ns(), "week", WEEK_TTL, load).await
    }

    async fn day(&self, actor: &Actor, day: DayOfWeek) -> Result<GymHours> {
        actor.must_be(GymRole::Member)?;
        let gym = actor.gym_id();
        let load = async || self.of_week(gym).await;
        let week = self.core.cache.get_or_load(&CacheKey::OpeningHours(gym).ns(), "week", WEEK_TTL, load).await?;
        week.into_iter().find(|row| row.day_of_week == day.number()).ok_or_else(|| no_such_day(day))
    }

    async fn set_day(&self, actor: &Actor, day: DayOfWeek, patch: HoursPatch) -> Result<GymHours> {
        actor.must_be(GymRole::Admin)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let stale = [CacheKey::OpeningHours(gym)];
        let row = core
            .db
            .run(async |tx| {
                let hours = &core.stores.hours;
                let held = match hours.hold_day(&tx, gym, day).await? {
                    Some(row) => row,
                    None => {
                        hours.add_missing(&tx, gym, vec![opening_hours::Create::usual(day)]).await?;
                        hours.hold_day(&tx, gym, day).await?.ok_or_else(|| no_such_day(day))?
                    }
                };
                let now = DayHours::stored(held.open_time, held.close_time).merged(&patch)?;
                let row = core.stores.opening_hours.update(&tx, gym, held.id, now.into()).await?;
                // entries live for a day: they must go even when this process does not live to drop them
                core.effect_cache_drop(&tx, gym, &stale).await?;
                Ok::<_, Error>(row)
            })
            .await?;
        core.committed(&stale).await;
        Ok(row.into())
    }

    async fn on(&self, actor: &Actor, date: NaiveDate) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let day = DayOfWeek::of(date);
            let week = self.ensured(&core.db, gym).await?;
            let regular = week.into_iter().find(|row| row.day_of_week == day.number());
            let special = core.stores.hours.special_on(&core.db, gym, date).await?;
            Ok(encode(&HoursForDate::of(date, regular.ok_or_else(|| no_such_day(day))?, special)))
        };
        let key = format!("date:{date}");
        core.cache.bytes_or_load(&CacheKey::OpeningHours(gym).ns(), &key, DATE_TTL, load).await
    }

    async fn between(&self, actor: &Actor, from: NaiveDate, to: NaiveDate) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        if to < from {
            return Err(DATES_REVERSED.into());
        }
        if (to - from).num_days() >= MOST_DAYS {
            return Err(RANGE_TOO_LONG.into());
        }
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let week = self.ensured(&core.db, gym).await?;
            let special = core.stores.hours.special_between(&core.db, gym, from, to).await?;
            let special: BTreeMap<_, _> = special.into_iter().map(|day| (day.date, day)).collect();
            let days = std::iter::successors(Some(from), |day| day.checked_add_days(Days::new(1)));
            let shown = days.take_while(|day| *day <= to).filter_map(|date| {
                let regular = week.iter().find(|row| row.day_of_week == DayOfWeek::of(date).number())?;
                Some(DailySchedule::of(date, regular, special.get(&date)))
            });
            Ok(encode(&shown.collect::<Vec<_>>()))
        };
        let key = format!("range:{from}:{to}");
        core.cache.bytes_or_load(&CacheKey::OpeningHours(gym).ns(), &key, LIST_TTL, load).await
    }

    async fn apply_defaults(&self, actor: &Actor, from: NaiveDate, to: NaiveDate) -> Result<Vec<SpecialDay>> {
        actor.must_be(GymRole::Admin)?;
        if to < from {
            return Err(Invalid::field("end_date", "must not lie before start_date").into());
        }
        self.ensured(&self.core.db, actor.gym_id()).await?;
        Ok(Vec::new())
    }
}

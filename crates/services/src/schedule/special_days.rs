//! Days that are not as the week says (SCH-30 … SCH-35).
use super::seating::stale as stale_bookings;
use crate::{Actor, Core, Ports, Refusal, Result, Settings, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::{
    GymId, SpecialDayId, UserId,
    identity::GymRole,
    kernel::{timezone, validation::check},
    schedule::{
        hours::DayHours,
        special_day::{self, NewSpecialDay, SpecialDayPatch},
    },
};
use ports::cache::{Bytes, encode};
use repository::{Page, Tx};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

pub const SPECIAL_DAY_NOT_FOUND: Refusal =
    Refusal::not_found("special_day_not_found", "There is no such special day.", "El día especial no existe.");
pub const SPECIAL_DAY_EXISTS: Refusal = Refusal::conflict(
    "special_day_exists",
    "This date is a special day already; overwrite replaces it.",
    "Esta fecha ya es un día especial; overwrite lo reemplaza.",
);

const DAY_TTL: Duration = Duration::from_secs(43_200);
const UPCOMING_TTL: Duration = Duration::from_secs(21_600);

/// A date whose hours are its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GymSpecialHours)]
pub struct SpecialDay {
    pub id: SpecialDayId,
    pub gym_id: GymId,
    pub date: NaiveDate,
    /// `HH:MM:SS` of the gym's clock.
    pub open_time: Option<NaiveTime>,
    pub close_time: Option<NaiveTime>,
    pub is_closed: bool,
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
}

impl From<special_day::Model> for SpecialDay {
    fn from(row: special_day::Model) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            date: row.date,
            open_time: row.open_time,
            close_time: row.close_time,
            is_closed: row.is_closed,
            description: row.description,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
            created_by: row.created_by,
        }
    }
}

/// A special day as it is now, and how many sessions of its date were cancelled, if that was asked for (SCH-34).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub day: SpecialDay,
    pub cancelled_sessions: Option<usize>,
}

/// Which special day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Id(SpecialDayId),
    Date(NaiveDate),
}

/// A gym's special days. What is cached comes as the JSON that is sent.
#[async_trait]
pub trait SpecialDays: Send + Sync {
    /// From the gym's today on in the order of their dates, or all of them, latest first: `[SpecialDay]` (SCH-32).
    /// Member guard.
    async fn list(&self, actor: &Actor, upcoming_only: bool, page: Page) -> Result<Bytes>;
    /// [`SpecialDay`]. Member guard.
    ///
    /// # Errors
    /// [`SPECIAL_DAY_NOT_FOUND`].
    async fn get(&self, actor: &Actor, which: Which) -> Result<Bytes>;
    /// Makes a date special (SCH-30). Where it is closed, `cancel_sessions` cancels the date's sessions with it
    /// (SCH-34). Admin guard.
    ///
    /// # Errors
    /// [`SPECIAL_DAY_EXISTS`], unless `overwrite` is set.
    async fn create(
        &self,
        actor: &Actor,
        input: NewSpecialDay,
        overwrite: bool,
        cancel_sessions: bool,
    ) -> Result<Saved>;
    /// Lays what is sent over the day (SCH-33); `cancel_sessions` as above. Admin guard.
    ///
    /// # Errors
    /// [`SPECIAL_DAY_NOT_FOUND`].
    async fn update(&self, actor: &Actor, which: Which, patch: SpecialDayPatch, cancel_sessions: bool)
    -> Result<Saved>;
    /// The date is as its week says again; answers with the day that was. Admin guard.
    ///
    /// # Errors
    /// [`SPECIAL_DAY_NOT_FOUND`].
    async fn delete(&self, actor: &Actor, id: SpecialDayId) -> Result<SpecialDay>;
}

pub struct SpecialDayService {
    core: Core,
}

/// What a write leaves behind: the row, the sessions that it cancelled and the people concerned.
struct Written {
    row: special_day::Model,
    cancelled: Option<(usize, Vec<UserId>)>,
}

impl SpecialDayService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    async fn hold(&self, tx: &Tx, gym: GymId, which: Which) -> Result<special_day::Model> {
        let row = match which {
            Which::Id(id) => self.core.stores.special_days.get_for_update(tx, gym, id).await?,
            Which::Date(date) => self.core.stores.hours.hold_special_on(tx, gym, date).await?,
        };
        Ok(row.ok_or(SPECIAL_DAY_NOT_FOUND)?)
    }

    /// The part that every write shares, in its transaction: cancels the date's sessions when that is asked for and
    /// the day is closed (SCH-34), and sees to it that no cache keeps the old hours.
    async fn written(&self, tx: &Tx, actor: &Actor, row: special_day::Model, cancel: bool) -> Result<Written> {
        let (core, gym) = (&self.core, actor.gym_id());
        core.effect_cache_drop(tx, gym, &[CacheKey::OpeningHours(gym)]).await?;
        if !cancel {
            return Ok(Written { row, cancelled: None });
        }
        if !row.is_closed {
            return Ok(Written { row, cancelled: Some((0, Vec::new())) });
        }
        let day = timezone::days(row.date, row.date, timezone::or_utc(&actor.gym().timezone));
        let sessions = core.stores.seats.hold_starting_between(tx, gym, day).await?;
        let people = core.cancel_sessions(tx, gym, &sessions, core.clock.now()).await?;
        Ok(Written { row, cancelled: Some((sessions.len(), people)) })
    }

    async fn committed(&self, gym: GymId, written: Written) -> Saved {
        let mut stale = vec![CacheKey::OpeningHours(gym)];
        let cancelled_sessions = written.cancelled.map(|(sessions, people)| {
            if sessions > 0 {
                stale.extend(stale_bookings(gym, people));
            }
            sessions
        });
        self.core.committed(&stale).await;
        Saved { day: written.row.into(), cancelled_sessions }
    }
}

#[async_trait]
impl SpecialDays for SpecialDayService {
    async fn list(&self, actor: &Actor, upcoming_only: bool, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let today = timezone::local_day(core.clock.now(), &actor.gym().timezone);
        let since = upcoming_only.then_some(today);
        let load = async || {
            let rows = core.stores.hours.special_days(&core.db, gym, since, page).await?;
            Ok(encode(&rows.into_iter().map(SpecialDay::from).collect::<Vec<_>>()))
        };
        if !upcoming_only {
            return load().await;
        }
        // the day stands in the key: at the gym's midnight another list begins
        let key = format!("upcoming:{today}:skip:{}:limit:{}", page.skip, page.limit);
        core.cache.bytes_or_load(&CacheKey::OpeningHours(gym).ns(), &key, UPCOMING_TTL, load).await
    }

    async fn get(&self, actor: &Actor, which: Which) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let row = match which {
                Which::Id(id) => core.stores.special_days.get(&core.db, gym, id).await?,
                Which::Date(date) => core.stores.hours.special_on(&core.db, gym, date).await?,
            };
            Ok(encode(&SpecialDay::from(row.ok_or(SPECIAL_DAY_NOT_FOUND)?)))
        };
        let key = match which {
            Which::Id(id) => format!("special:id:{id}"),
            Which::Date(date) => format!("special:date:{date}"),
        };
        core.cache.bytes_or_load(&CacheKey::OpeningHours(gym).ns(), &key, DAY_TTL, load).await
    }

    async fn create(
        &self,
        actor: &Actor,
        input: NewSpecialDay,
        overwrite: bool,
        cancel_sessions: bool,
    ) -> Result<Saved> {
        actor.must_be(GymRole::Admin)?;
        check(&input)?;
        let hours = input.hours()?;
        let day = special_day::Create {
            date: input.date.0,
            open_time: hours.open_time(),
            close_time: hours.close_time(),
            is_closed: hours.is_closed(),
            description: input.description,
            created_by: Some(actor.user_id()),
        };
        let (core, gym) = (&self.core, actor.gym_id());
        let written = core
            .db
            .run(async |tx| {
                let row = core.stores.hours.put_special(&tx, gym, day.clone(), overwrite).await?;
                let row = row.ok_or(SPECIAL_DAY_EXISTS)?;
                self.written(&tx, actor, row, cancel_sessions).await
            })
            .await?;
        Ok(self.committed(gym, written).await)
    }

    async fn update(
        &self,
        actor: &Actor,
        which: Which,
        patch: SpecialDayPatch,
        cancel_sessions: bool,
    ) -> Result<Saved> {
        actor.must_be(GymRole::Admin)?;
        check(&patch)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let written = core
            .db
            .run(async |tx| {
                let held = self.hold(&tx, gym, which).await?;
                let hours = DayHours::stored(held.open_time, held.close_time).merged(&patch.hours())?;
                let change = special_day::Update {
                    open_time: Some(hours.open_time()),
                    close_time: Some(hours.close_time()),
                    is_closed: Some(hours.is_closed()),
                    description: patch.description.clone(),
                };
                let row = core.stores.special_days.update(&tx, gym, held.id, change).await?;
                self.written(&tx, actor, row, cancel_sessions).await
            })
            .await?;
        Ok(self.committed(gym, written).await)
    }

    async fn delete(&self, actor: &Actor, id: SpecialDayId) -> Result<SpecialDay> {
        actor.must_be(GymRole::Admin)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let written = core
            .db
            .run(async |tx| {
                self.hold(&tx, gym, Which::Id(id)).await?;
                let row = core.stores.special_days.remove(&tx, gym, id).await?;
                self.written(&tx, actor, row, false).await
            })
            .await?;
        Ok(self.committed(gym, written).await.day)
    }
}

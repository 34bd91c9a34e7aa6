//! The timetable: lists of sessions, and one of them (SCH-56 … SCH-61).
//!
//! What everybody in a gym sees alike is cached once for all of them, and each caller's own state is added to it from a
//! cache of their own (`timetable`). A list of what is to come is at most a minute behind the clock: the minute stands in
//! its key.
use super::{
    placing::{TRAINER_NOT_FOUND, zone_of},
    recurring::calendar_day,
    seating::SESSION_NOT_FOUND,
    timetable,
    view::{Class, SeatCount, Session, SessionDetails, SessionTz, SessionTzWithClass, SessionWithClass},
};
use crate::{Actor, Core, Error, Refusal, Result, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use aws_lc_rs::digest;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{SessionId, UserId, identity::GymRole, kernel::timezone, schedule::participation::ParticipationStatus};
use ports::cache::{Bytes, encode};
use repository::{
    Page,
    schedule::sessions::{Listed, Which},
};
use std::{collections::HashMap, time::Duration};

pub const END_BEFORE_START: Refusal = Refusal::bad_request(
    "end_date_before_start_date",
    "The last day must not lie before the first.",
    "El último día no puede ser anterior al primero.",
);
/// What lets a token read any trainer's sessions (SCH-57).
const READ_TRAINERS: &str = "read:trainer_schedules";

/// Life times (specification of the schedule, §5).
const DETAIL: Duration = Duration::from_secs(900);
const UPCOMING: Duration = Duration::from_secs(300);
const RANGE: Duration = Duration::from_secs(900);
const TRAINER: Duration = Duration::from_secs(600);
const OWN: Duration = Duration::from_secs(300);

/// Days of the gym's calendar, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    pub start_date: NaiveDate,
    pub end_date: NaiveDate,
}

/// Which sessions a timetable shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timetable {
    /// What can still be booked (SCH-56).
    Upcoming,
    /// Everything that starts on these days, in whatever state (SCH-14).
    Days(DayRange),
}

/// Whether the start is told in every way (SCH-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Plain,
    WithTimezone,
}

/// Lists of sessions. Those that come as bytes are the JSON that is sent.
#[async_trait]
pub trait SessionLists: Send + Sync {
    /// `[SessionWithClass]` or `[SessionWithClassAndTimezone]`, by start, then id. Member guard.
    ///
    /// # Errors
    /// [`END_BEFORE_START`].
    async fn timetable(&self, actor: &Actor, which: Timetable, detail: Detail, page: Page) -> Result<Bytes>;
    /// `SessionDetails`. Member guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`].
    async fn get(&self, actor: &Actor, session: SessionId) -> Result<Bytes>;
    /// `[ClassSession]` of a trainer: for themself, for administrators, and for tokens that may read every trainer's
    /// (SCH-57). Member guard.
    ///
    /// # Errors
    /// [`TRAINER_NOT_FOUND`].
    async fn of_trainer(&self, actor: &Actor, trainer: UserId, upcoming_only: bool, page: Page) -> Result<Bytes>;
    /// `[ClassSession]` of the caller as a trainer. Member guard.
    async fn mine(&self, actor: &Actor, upcoming_only: bool, page: Page) -> Result<Bytes>;
}

pub struct SessionListService {
    core: Core,
}

fn seats(row: &Listed) -> SeatCount {
    SeatCount::of(&row.session, &row.class, row.waiting)
}

fn plain(row: Listed, zone: Tz) -> (SessionId, SessionWithClass) {
    let (id, seats) = (row.session.id, seats(&row));
    let (session, class_info) = (Session::of(row.session, zone), Class::of(row.class, row.category));
    (id, SessionWithClass { session, class_info, seats, my_status: None })
}

fn with_timezone(row: Listed, zone: Tz) -> (SessionId, SessionTzWithClass) {
    let (id, seats) = (row.session.id, seats(&row));
    let (session, class_info) = (SessionTz::of(row.session, zone), Class::of(row.class, row.category));
    (id, SessionTzWithClass { session, class_info, seats, my_status: None })
}

fn details(row: Listed, zone: Tz) -> SessionDetails {
    let (seats, registered_count) = (seats(&row), row.session.current_participants);
    let (session, class) = (Session::of(row.session, zone), Class::of(row.class, row.category));
    SessionDetails { session, class, registered_count, seats, my_status: None }
}

impl SessionListService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    /// The shared text with the caller's own state in its gaps.
    async fn for_caller(&self, actor: &Actor, shared: &Bytes) -> Result<Bytes> {
        let sessions = timetable::sessions(shared);
        if sessions.is_empty() {
            return Ok(timetable::filled(shared, &HashMap::new()));
        }
        let (gym, member) = (actor.gym_id(), actor.user_id());
        let mut asked = digest::Context::new(&digest::SHA256);
        sessions.iter().for_each(|session| asked.update(&session.0.to_be_bytes()));
        let key = format!("own:{}", hex::encode(asked.finish()));
        let queries = &self.core.stores.session_queries;
        let load = async || Ok::<_, Error>(queries.own(&self.core.db, gym, member, &sessions).await?);
        let ns = CacheKey::MemberSchedule(member, gym).ns();
        let own: Vec<(SessionId, ParticipationStatus)> = self.core.cache.get_or_load(&ns, &key, OWN, load).await?;
        Ok(timetable::filled(shared, &own.into_iter().collect()))
    }

    async fn trainers(&self, actor: &Actor, trainer: UserId, upcoming_only: bool, page: Page) -> Result<Bytes> {
        let (gym, zone, now) = (actor.gym_id(), zone_of(actor.gym()), self.core.clock.now());
        let which = if upcoming_only { minute(now) } else { "all".to_owned() };
        let key = format!("trainer:{trainer}:{which}:{}", tail(zone, page));
        let load = async || {
            let from = upcoming_only.then_some(now);
            let queries = &self.core.stores.session_queries;
            let rows = queries.of_trainer(&self.core.db, gym, trainer, from, page).await?;
            Ok(encode(&rows.into_iter().map(|row| Session::of(row, zone)).collect::<Vec<_>>()))
        };
        let ttl = if upcoming_only { UPCOMING } else { TRAINER };
        self.core.cache.bytes_or_load(&CacheKey::Sessions(gym).ns(), &key, ttl, load).await
    }
}

/// The minute that a list of what is to come was made in.
fn minute(now: DateTime<Utc>) -> String {
    (now.timestamp() / 60).to_string()
}

/// What every list's key ends with; another zone shows other local times.
fn tail(zone: Tz, page: Page) -> String {
    format!("{}:{}:{}", zone.name(), page.skip, page.limit)
}

#[async_trait]
impl SessionLists for SessionListService {
    async fn timetable(&self, actor: &Actor, which: Timetable, detail: Detail, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (gym, zone, now) = (actor.gym_id(), zone_of(actor.gym()), self.core.clock.now());
        let (name, ttl, which) = match which {
            Timetable::Upcoming => (format!("upcoming:{}", minute(now)), UPCOMING, Which::Upcoming(now)),
            Timetable::Days(DayRange { start_date, end_date }) => {
                calendar_day("start_date", start_date).map_err(in_query)?;
                calendar_day("end_date", end_date).map_err(in_query)?;
                if end_date < start_date {
                    return Err(END_BEFORE_START.into());
                }
                let days = timezone::days(start_date, end_date, zone);
                (format!("range:{start_date}:{end_date}"), RANGE, Which::Starting(days))
            }
        };
        let key = format!("{name}:{detail:?}:{}", tail(zone, page));
        let load = async || {
            let rows = self.core.stores.session_queries.listed(&self.core.db, gym, &which, page).await?;
            Ok::<_, Error>(match detail {
                Detail::Plain => timetable::list(rows.into_iter().map(|row| plain(row, zone))),
                Detail::WithTimezone => timetable::list(rows.into_iter().map(|row| with_timezone(row, zone))),
            })
        };
        let shared = self.core.cache.bytes_or_load(&CacheKey::Sessions(gym).ns(), &key, ttl, load).await;
        self.for_caller(actor, &shared?).await
    }

    async fn get(&self, actor: &Actor, session: SessionId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (gym, zone) = (actor.gym_id(), zone_of(actor.gym()));
        let key = format!("detail:{session}:{}", zone.name());
        let load = async || {
            let row = self.core.stores.session_queries.one(&self.core.db, gym, session).await?;
            Ok::<_, Error>(timetable::one(session, &details(row.ok_or(SESSION_NOT_FOUND)?, zone)))
        };
        let shared = self.core.cache.bytes_or_load(&CacheKey::Sessions(gym).ns(), &key, DETAIL, load).await;
        self.for_caller(actor, &shared?).await
    }

    async fn of_trainer(&self, actor: &Actor, trainer: UserId, upcoming_only: bool, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        if trainer != actor.user_id() && !actor.caller().claims().scopes.grants(READ_TRAINERS) {
            actor.must_be(GymRole::Admin)?;
        }
        let found = self.core.stores.people.of_user(&self.core.db, actor.gym_id(), trainer).await?;
        found.ok_or(TRAINER_NOT_FOUND)?;
        self.trainers(actor, trainer, upcoming_only, page).await
    }

    async fn mine(&self, actor: &Actor, upcoming_only: bool, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        self.trainers(actor, actor.user_id(), upcoming_only, page).await
    }
}

/// The field stands in the query, not in a body.
fn in_query(mut invalid: domain::kernel::validation::Invalid) -> Error {
    let first = invalid.0.iter_mut().filter_map(|field| field.loc.first_mut());
    first.for_each(|place| "query".clone_into(place));
    invalid.into()
}

//! Who takes part in what, as members and staff see it (SCH-90 … SCH-94).
mod shape;

pub use shape::{
    Cancellation, HistoryItem, MyClass, MyClassSimple, Participant, ParticipantPerson, StatusItem, StatusList,
};

use super::{bookings::MEMBER_NOT_FOUND, seating::SESSION_NOT_FOUND};
use crate::{
    Actor, Core, Ports, Refusal, Result, Settings,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use aws_lc_rs::digest;
use chrono::{Datelike, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use domain::{
    SessionId, UserId,
    identity::GymRole,
    kernel::{
        timezone,
        validation::{FieldError, Invalid},
    },
    schedule::participation::ParticipationStatus,
};
use ports::cache::{Bytes, encode};
use repository::{
    Page,
    schedule::participations::{Asked, Part},
};
use serde::Serialize;
use std::collections::BTreeSet;

pub const DATE_ORDER: Refusal = Refusal::bad_request(
    "invalid_date_range",
    "The end date must not be before the start date.",
    "La fecha final no puede ser anterior a la inicial.",
);

/// Days of the gym's calendar, both included; each may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// Lists of who takes part in what. Those that members open often come as the JSON that is sent: what the cache holds
/// leaves as it is.
#[async_trait]
pub trait ParticipationViews: Send + Sync {
    /// What the caller has booked and has not begun: `[MyClass]` (SCH-90). Member guard.
    async fn my_classes(&self, actor: &Actor, page: Page) -> Result<Bytes>;
    /// The same, short: `[MyClassSimple]`. Member guard.
    async fn my_classes_simple(&self, actor: &Actor, page: Page) -> Result<Bytes>;
    /// What a member has booked: `[MyClass]`. Trainer guard.
    ///
    /// # Errors
    /// [`MEMBER_NOT_FOUND`].
    async fn member_classes(&self, actor: &Actor, member: UserId, page: Page) -> Result<Bytes>;
    /// The caller's parts in sessions that have begun (SCH-91). Member guard.
    ///
    /// # Errors
    /// [`DATE_ORDER`].
    async fn my_history(&self, actor: &Actor, days: Days, page: Page) -> Result<Vec<HistoryItem>>;
    /// The same of a member. Trainer guard.
    ///
    /// # Errors
    /// [`DATE_ORDER`], [`MEMBER_NOT_FOUND`].
    async fn member_history(&self, actor: &Actor, member: UserId, days: Days, page: Page) -> Result<Vec<HistoryItem>>;
    /// How the caller stands to the sessions of these days, or to those that are named, commas between them:
    /// `StatusList` (SCH-92). Member guard.
    ///
    /// # Errors
    /// 422 for more than 90 days or ids that are none; [`DATE_ORDER`].
    async fn my_status(&self, actor: &Actor, from: NaiveDate, to: NaiveDate, sessions: Option<&str>) -> Result<Bytes>;
    /// Who takes part in a session (SCH-93). Trainer guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`].
    async fn participants(
        &self,
        actor: &Actor,
        session: SessionId,
        status: Option<ParticipationStatus>,
        page: Page,
    ) -> Result<Vec<Participant>>;
    /// What was cancelled of a session, the last first. Trainer guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`].
    async fn cancellations(&self, actor: &Actor, session: SessionId, page: Page) -> Result<Vec<Cancellation>>;
}

pub struct ParticipationViewService {
    core: Core,
}

/// SCH-92.
const STATUS_DAYS: TimeDelta = TimeDelta::days(90);
const STATUS_SESSIONS: usize = 500;

fn bad_query(field: &str, msg: &str) -> Invalid {
    let loc = vec!["query".to_owned(), field.to_owned()];
    Invalid(vec![FieldError { loc, msg: msg.to_owned(), kind: "value_error".to_owned() }])
}

fn zone(actor: &Actor) -> Tz {
    timezone::or_utc(&actor.gym().timezone)
}

/// A day that every calendar and database knows.
fn known(field: &str, day: NaiveDate) -> Result<NaiveDate, Invalid> {
    if (1..=9998).contains(&day.year()) { Ok(day) } else { Err(bad_query(field, "a year from 1 to 9998")) }
}

/// Numbers with commas between them; none is as if nothing was sent.
fn session_ids(text: Option<&str>) -> Result<Option<BTreeSet<SessionId>>, Invalid> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let ids: Result<BTreeSet<_>, _> = text.split(',').map(|id| id.trim().parse().map(SessionId)).collect();
    let ids = ids.map_err(|_| bad_query("session_ids", "whole numbers with commas between them"))?;
    if ids.len() > STATUS_SESSIONS {
        return Err(bad_query("session_ids", "at most 500 sessions"));
    }
    Ok(Some(ids))
}

impl ParticipationViewService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    /// Kept with the sessions of the gym, because a list shows how full they are: every booking makes it stale.
    async fn upcoming<T: Serialize>(
        &self,
        actor: &Actor,
        member: UserId,
        (list, page): (&str, Page),
        view: fn(Part, Tz) -> T,
    ) -> Result<Bytes> {
        let (core, gym, zone) = (&self.core, actor.gym_id(), zone(actor));
        let load = async || {
            let parts = core.stores.taking_part.upcoming(&core.db, gym, member, core.clock.now(), page).await?;
            Ok(encode(&parts.into_iter().map(|part| view(part, zone)).collect::<Vec<_>>()))
        };
        let key = format!("member_upcoming:{list}:{member}:{}:skip:{}:limit:{}", zone.name(), page.skip, page.limit);
        core.cache.bytes_or_load(&CacheKey::Sessions(gym).ns(), &key, LIST_TTL, load).await
    }

    async fn history(&self, actor: &Actor, member: UserId, days: Days, page: Page) -> Result<Vec<HistoryItem>> {
        let (core, zone, now) = (&self.core, zone(actor), self.core.clock.now());
        let from = days.from.map(|day| known("start_date", day)).transpose()?;
        let to = days.to.map(|day| known("end_date", day)).transpose()?;
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(DATE_ORDER.into());
        }
        let until = to.map(|day| timezone::days(day, day, zone).end);
        // what begins at this very instant has begun
        let begun = now + TimeDelta::microseconds(1);
        let within = (from.map(|day| timezone::day_start(day, zone)), until.map_or(begun, |until| until.min(begun)));
        let parts = core.stores.taking_part.history(&core.db, actor.gym_id(), member, within, page).await?;
        Ok(parts.into_iter().map(|part| HistoryItem::of(part, zone)).collect())
    }

    async fn must_be_member(&self, actor: &Actor, member: UserId) -> Result<()> {
        let found = self.core.stores.people.of_user(&self.core.db, actor.gym_id(), member).await?;
        found.map(|_| ()).ok_or(MEMBER_NOT_FOUND.into())
    }

    async fn must_exist(&self, actor: &Actor, session: SessionId) -> Result<()> {
        let found = self.core.stores.sessions.get(&self.core.db, actor.gym_id(), session).await?;
        found.map(|_| ()).ok_or(SESSION_NOT_FOUND.into())
    }
}

#[async_trait]
impl ParticipationViews for ParticipationViewService {
    async fn my_classes(&self, actor: &Actor, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        self.upcoming(actor, actor.user_id(), ("full", page), MyClass::of).await
    }

    async fn my_classes_simple(&self, actor: &Actor, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        self.upcoming(actor, actor.user_id(), ("simple", page), MyClassSimple::of).await
    }

    async fn member_classes(&self, actor: &Actor, member: UserId, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Trainer)?;
        self.must_be_member(actor, member).await?;
        self.upcoming(actor, member, ("full", page), MyClass::of).await
    }

    async fn my_history(&self, actor: &Actor, days: Days, page: Page) -> Result<Vec<HistoryItem>> {
        actor.must_be(GymRole::Member)?;
        self.history(actor, actor.user_id(), days, page).await
    }

    async fn member_history(&self, actor: &Actor, member: UserId, days: Days, page: Page) -> Result<Vec<HistoryItem>> {
        actor.must_be(GymRole::Trainer)?;
        self.must_be_member(actor, member).await?;
        self.history(actor, member, days, page).await
    }

    async fn my_status(&self, actor: &Actor, from: NaiveDate, to: NaiveDate, sessions: Option<&str>) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (from, to) = (known("start_date", from)?, known("end_date", to)?);
        if to - from > STATUS_DAYS {
            return Err(bad_query("end_date", "at most 90 days after start_date").into());
        }
        if to < from {
            return Err(DATE_ORDER.into());
        }
        let zone = zone(actor);
        let (which, asked) = match session_ids(sessions)? {
            Some(ids) => {
                let text = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                let which = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
                (which, Asked::Sessions(ids.into_iter().collect()))
            }
            None => (format!("{from}:{to}:{}", zone.name()), Asked::Starting(timezone::days(from, to, zone))),
        };
        let (core, gym, member) = (&self.core, actor.gym_id(), actor.user_id());
        let load = async || {
            let rows = core.stores.taking_part.statuses(&core.db, gym, member, &asked, Page::MAX).await?;
            let list = StatusList {
                total_count: rows.len(),
                participations: rows.into_iter().map(StatusItem::from).collect(),
            };
            Ok(encode(&list))
        };
        let key = format!("participation_status:{which}");
        core.cache.bytes_or_load(&CacheKey::MemberSchedule(member, gym).ns(), &key, LIST_TTL, load).await
    }

    async fn participants(
        &self,
        actor: &Actor,
        session: SessionId,
        status: Option<ParticipationStatus>,
        page: Page,
    ) -> Result<Vec<Participant>> {
        actor.must_be(GymRole::Trainer)?;
        self.must_exist(actor, session).await?;
        let (core, gym) = (&self.core, actor.gym_id());
        let rows = core.stores.taking_part.of_session(&core.db, gym, session, status, page).await?;
        Ok(rows.into_iter().map(Participant::from).collect())
    }

    async fn cancellations(&self, actor: &Actor, session: SessionId, page: Page) -> Result<Vec<Cancellation>> {
        actor.must_be(GymRole::Trainer)?;
        self.must_exist(actor, session).await?;
        let (core, gym) = (&self.core, actor.gym_id());
        let rows = core.stores.taking_part.cancelled(&core.db, gym, session, page).await?;
        Ok(rows.into_iter().map(Cancellation::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Result<Option<Vec<i64>>, Invalid> {
        Ok(session_ids(Some(text))?.map(|ids| ids.into_iter().map(|id| id.0).collect()))
    }

    #[test]
    fn sch_92_ids_are_numbers_with_commas_between_and_at_most_500() {
        assert_eq!(ids("3, 1,3"), Ok(Some(vec![1, 3])));
        assert_eq!((ids(""), ids(" "), session_ids(None)), (Ok(None), Ok(None), Ok(None)));
        let many = |n: i64| (1..=n).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(ids(&many(500)).unwrap().unwrap().len(), 500);
        for bad in ["a", "1,b", "1,,2", ",", "1;2", "9223372036854775808", "1.5", many(501).as_str()] {
            assert!(ids(bad).is_err(), "{bad}");
        }
    }
}

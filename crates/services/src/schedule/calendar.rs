//! Calendars that other programs subscribe to: of a member's bookings, and of a gym's timetable.
//!
//! A calendar is opened by an address that cannot be guessed. It carries a random token, of which only the digest is
//! kept; a new address ends the old one.
mod ics;

use crate::{
    Actor, Core, Ports, Refusal, Result, Settings,
    access::NOT_A_MEMBER,
    kernel::{
        cache_key::{CacheKey, LIST_TTL},
        departure::Departure,
    },
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    GymId, UserId,
    identity::GymRole,
    kernel::{secret, time::Instant},
};
use ports::cache::Bytes;
use repository::{
    Tx,
    schedule::calendar::{Feed, Side},
};
use serde::Serialize;
use utoipa::ToSchema;

pub const CALENDAR_NOT_FOUND: Refusal =
    Refusal::not_found("calendar_not_found", "There is no such calendar.", "El calendario no existe.");

/// How far a calendar looks back and ahead, and how many sessions it shows of either at most.
const BACK: (TimeDelta, u64) = (TimeDelta::days(60), 1000);
const AHEAD: (TimeDelta, u64) = (TimeDelta::days(180), 3000);

/// Bytes of a token; its text has two digits for each.
const TOKEN: usize = 32;

/// Where a calendar is to be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CalendarAddress {
    /// For programs that subscribe to calendars. Whoever knows it can read the calendar.
    #[schema(example = "https://gym.example.com/api/v1/schedule/calendar/6f1d….ics")]
    pub url: String,
}

/// Addresses of calendars, and what they open.
#[async_trait]
pub trait Calendars: Send + Sync {
    /// A new address of the caller's bookings in this gym; a former one opens nothing any more. Member guard.
    async fn renew_own(&self, actor: &Actor) -> Result<CalendarAddress>;
    /// Ends the address of the caller's bookings, if there is one. Member guard.
    async fn revoke_own(&self, actor: &Actor) -> Result<()>;
    /// A new address of the gym's timetable, for anybody. Admin guard.
    async fn renew_timetable(&self, actor: &Actor) -> Result<CalendarAddress>;
    /// Ends the address of the gym's timetable, if there is one. Admin guard.
    async fn revoke_timetable(&self, actor: &Actor) -> Result<()>;
    /// The calendar behind a token, as iCalendar (RFC 5545). For whoever knows the token.
    ///
    /// # Errors
    /// [`CALENDAR_NOT_FOUND`].
    async fn read(&self, token: &str) -> Result<Bytes>;
}

pub struct CalendarService {
    core: Core,
    public_url: String,
}

impl CalendarService {
    pub fn new(core: &Core, _: &Ports, settings: &Settings) -> Self {
        Self { core: core.clone(), public_url: settings.public_url.trim_end_matches('/').to_owned() }
    }

    async fn renew(&self, gym: GymId, member: Option<UserId>) -> Result<CalendarAddress> {
        let token = secret::random_hex(TOKEN);
        let kept = secret::sha256_hex(token.as_bytes());
        self.core.stores.calendars.renew(&self.core.db, gym, member, &kept).await?;
        Ok(CalendarAddress { url: format!("{}/api/v1/schedule/calendar/{token}.ics", self.public_url) })
    }

    async fn written(&self, feed: &Feed, now: Instant) -> Result<Bytes> {
        let (core, calendars) = (&self.core, &self.core.stores.calendars);
        let mut entries = calendars.entries(&core.db, feed.gym_id, feed.member_id, Side::Before(now), BACK.1).await?;
        entries.reverse();
        entries.extend(calendars.entries(&core.db, feed.gym_id, feed.member_id, Side::From(now), AHEAD.1).await?);
        let shown = now - BACK.0..=now + AHEAD.0;
        entries.retain(|entry| shown.contains(&entry.start_time));
        let installation = core.installation().await?;
        Ok(ics::write(feed, &entries, &installation).into())
    }
}

#[async_trait]
impl Calendars for CalendarService {
    async fn renew_own(&self, actor: &Actor) -> Result<CalendarAddress> {
        actor.must_be(GymRole::Member)?;
        // the platform's administrators pass every guard, but have no bookings where they do not belong
        actor.role().ok_or(NOT_A_MEMBER)?;
        self.renew(actor.gym_id(), Some(actor.user_id())).await
    }

    async fn revoke_own(&self, actor: &Actor) -> Result<()> {
        actor.must_be(GymRole::Member)?;
        Ok(self.core.stores.calendars.revoke(&self.core.db, actor.gym_id(), Some(actor.user_id())).await?)
    }

    async fn renew_timetable(&self, actor: &Actor) -> Result<CalendarAddress> {
        actor.must_be(GymRole::Admin)?;
        self.renew(actor.gym_id(), None).await
    }

    async fn revoke_timetable(&self, actor: &Actor) -> Result<()> {
        actor.must_be(GymRole::Admin)?;
        Ok(self.core.stores.calendars.revoke(&self.core.db, actor.gym_id(), None).await?)
    }

    async fn read(&self, token: &str) -> Result<Bytes> {
        if token.len() != 2 * TOKEN || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(CALENDAR_NOT_FOUND.into());
        }
        let core = &self.core;
        let digest = secret::sha256_hex(token.as_bytes());
        let feed = core.stores.calendars.opened_by(&core.db, &digest).await?.ok_or(CALENDAR_NOT_FOUND)?;
        // asked for again and again by many programs; whatever changes a session or a seat in it drops this
        let whose = feed.member_id.map_or_else(|| "gym".to_owned(), |member| member.to_string());
        let key = format!("calendar:{whose}:{}", feed.gym_updated_at.timestamp_micros());
        let load = || self.written(&feed, core.clock.now());
        core.cache.bytes_or_load(&CacheKey::Sessions(feed.gym_id).ns(), &key, LIST_TTL, load).await
    }
}

/// Who leaves a gym leaves no address behind that would open again when they come back.
pub(crate) struct CloseCalendar {
    core: Core,
}

impl CloseCalendar {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Departure for CloseCalendar {
    async fn left(&self, tx: &Tx, gym: GymId, user: UserId) -> Result<Vec<CacheKey>> {
        self.core.stores.calendars.revoke(tx, gym, Some(user)).await?;
        Ok(Vec::new())
    }
}

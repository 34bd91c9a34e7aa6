//! Waiting for a seat of a full session (SCH-80 … SCH-84). Who is promoted is decided where seats change hands.
use super::{
    bookings::{ALREADY_REGISTERED, SESSION_NOT_OPEN, may_book},
    seating::{SESSION_NOT_FOUND, stale},
};
use crate::{
    Actor, Core, Error, Ports, Refusal, Result, Settings,
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, SessionId, UserId, WaitlistEntryId,
    identity::GymRole,
    schedule::{
        booking::WaitlistRefusal,
        waitlist::{self, WaitlistStatus},
    },
};
use repository::{
    Page,
    schedule::{seat_state::Standing, waitlist::Queued},
};
use serde::Serialize;
use utoipa::ToSchema;

pub const WAITLIST_CLOSED: Refusal = Refusal::bad_request(
    "waitlist_closed",
    "It is too late to wait for a seat of this session.",
    "Ya no es posible esperar una plaza en esta sesión.",
);
pub const WAITLIST_DISABLED: Refusal =
    Refusal::bad_request("waitlist_disabled", "This gym has no waitlists.", "Este gimnasio no tiene listas de espera.");
pub const SEATS_AVAILABLE: Refusal = Refusal::bad_request(
    "seats_available",
    "There are seats: book one instead.",
    "Hay plazas libres: reserva una directamente.",
);
pub const WAITLIST_FULL: Refusal = Refusal::bad_request(
    "waitlist_full",
    "The waitlist of this session is full.",
    "La lista de espera de esta sesión está completa.",
);
pub const NOT_WAITING: Refusal = Refusal::not_found(
    "not_waiting",
    "You do not wait for a seat of this session.",
    "No estás en la lista de espera de esta sesión.",
);

impl From<WaitlistRefusal> for Error {
    fn from(refusal: WaitlistRefusal) -> Self {
        match refusal {
            WaitlistRefusal::SessionNotOpen => SESSION_NOT_OPEN,
            WaitlistRefusal::Closed => WAITLIST_CLOSED,
            WaitlistRefusal::Disabled => WAITLIST_DISABLED,
            WaitlistRefusal::AlreadyRegistered => ALREADY_REGISTERED,
            WaitlistRefusal::SeatsAvailable => SEATS_AVAILABLE,
            WaitlistRefusal::Full => WAITLIST_FULL,
        }
        .into()
    }
}

/// A place in the queue of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitlistEntry {
    pub id: WaitlistEntryId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: WaitlistStatus,
    pub joined_at: DateTime<Utc>,
    /// When it left `waiting`.
    pub resolved_at: Option<DateTime<Utc>>,
    /// 1 is next (SCH-81); none for who waits no more.
    pub position: Option<i64>,
}

impl WaitlistEntry {
    fn of(row: waitlist::Model, ahead: i64) -> Self {
        Self {
            id: row.id,
            session_id: row.session_id,
            member_id: row.member_id,
            status: row.status,
            joined_at: row.joined_at,
            resolved_at: row.resolved_at,
            position: (row.status == WaitlistStatus::Waiting).then_some(ahead + 1),
        }
    }
}

impl From<Queued> for WaitlistEntry {
    fn from(queued: Queued) -> Self {
        Self::of(queued.place, queued.ahead)
    }
}

/// Somebody's place, and whether they have taken it just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    pub entry: WaitlistEntry,
    pub new: bool,
}

/// Places in queues.
#[async_trait]
pub trait Waitlist: Send + Sync {
    /// The caller waits for a seat; who waits already keeps their place (SCH-80). Member guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], `member_not_found`, `membership_inactive`, then in this order [`SESSION_NOT_OPEN`],
    /// [`WAITLIST_CLOSED`], [`WAITLIST_DISABLED`], [`ALREADY_REGISTERED`], [`SEATS_AVAILABLE`], [`WAITLIST_FULL`].
    async fn join(&self, actor: &Actor, session: SessionId) -> Result<Joined>;
    /// The caller waits no more (SCH-81). Member guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], [`NOT_WAITING`].
    async fn leave(&self, actor: &Actor, session: SessionId) -> Result<()>;
    /// Who waits for a session, in order. Trainer guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`].
    async fn of_session(&self, actor: &Actor, session: SessionId, page: Page) -> Result<Vec<WaitlistEntry>>;
    /// What the caller waits for, since longest first. Member guard.
    async fn own(&self, actor: &Actor, page: Page) -> Result<Vec<WaitlistEntry>>;
}

pub struct WaitlistService {
    core: Core,
}

impl WaitlistService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Waitlist for WaitlistService {
    async fn join(&self, actor: &Actor, session: SessionId) -> Result<Joined> {
        actor.must_be(GymRole::Member)?;
        let (core, gym, member) = (&self.core, actor.gym_id(), actor.user_id());
        let joined = core
            .in_turn(session, async |tx| {
                let stores = &core.stores;
                // before the session, in the order of all locks; what it means comes second
                let membership = stores.seats.hold_membership(&tx, gym, member).await?;
                let held = core.hold_session(&tx, gym, session, Some(member)).await?;
                if held.state.own_place.is_some() {
                    let queued = stores.waitlists.own_queued(&tx, gym, session, member).await?;
                    return Ok(Joined { entry: queued.ok_or(NOT_WAITING)?.into(), new: false });
                }
                // once the session is held, so that nobody who came later has an earlier time
                let now = core.clock.now();
                may_book(&held, membership.as_ref().map(Standing::from), now)?;
                held.seats().wait(held.state.own, now)?;
                let place = waitlist::Create {
                    session_id: session,
                    member_id: member,
                    status: WaitlistStatus::Waiting,
                    joined_at: now,
                };
                let place = stores.places.create(&tx, gym, place).await?;
                Ok::<_, Error>(Joined { entry: WaitlistEntry::of(place, held.state.waiting), new: true })
            })
            .await?;
        if joined.new {
            core.committed(&stale(gym, [member])).await;
        }
        Ok(joined)
    }

    async fn leave(&self, actor: &Actor, session: SessionId) -> Result<()> {
        actor.must_be(GymRole::Member)?;
        let (core, gym, member) = (&self.core, actor.gym_id(), actor.user_id());
        core.in_turn(session, async |tx| {
            let stores = &core.stores;
            stores.seats.hold(&tx, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
            let now = core.clock.now();
            let to = WaitlistStatus::Cancelled;
            let left = stores.waitlists.leave(&tx, gym, &[session], Some(member), to, now).await?;
            if left.is_empty() { Err(Error::from(NOT_WAITING)) } else { Ok(()) }
        })
        .await?;
        core.committed(&stale(gym, [member])).await;
        Ok(())
    }

    async fn of_session(&self, actor: &Actor, session: SessionId, page: Page) -> Result<Vec<WaitlistEntry>> {
        actor.must_be(GymRole::Trainer)?;
        let (core, gym) = (&self.core, actor.gym_id());
        core.stores.sessions.get(&core.db, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
        let places = core.stores.waitlists.in_order(&core.db, gym, session, page).await?;
        let ahead = i64::try_from(page.skip).unwrap_or(i64::MAX);
        Ok(places.into_iter().zip(ahead..).map(|(place, ahead)| WaitlistEntry::of(place, ahead)).collect())
    }

    async fn own(&self, actor: &Actor, page: Page) -> Result<Vec<WaitlistEntry>> {
        actor.must_be(GymRole::Member)?;
        let places = &self.core.stores.waitlists;
        let queued = places.of_member(&self.core.db, actor.gym_id(), actor.user_id(), page).await?;
        Ok(queued.into_iter().map(WaitlistEntry::from).collect())
    }
}

/// So many sessions at a time.
const BATCH: u64 = 100;

/// Gives free seats to who waits for them where nothing that happened did: a membership that has become active again,
/// a cut-off that was moved nearer to the start (SCH-83).
struct PromoteWaiting {
    core: Core,
}

impl PromoteWaiting {
    async fn promote(&self, gym: GymId, session: SessionId) -> Result<usize> {
        let core = &self.core;
        let promoted = core
            .db
            .run(async |tx| {
                let held = core.hold_session(&tx, gym, session, None).await?;
                let now = core.clock.now();
                Ok::<_, Error>(core.settle(&tx, gym, &[held], now).await?.promoted)
            })
            .await?;
        if !promoted.is_empty() {
            core.committed(&stale(gym, promoted.iter().map(|row| row.member_id))).await;
        }
        Ok(promoted.len())
    }

    async fn sweep(&self) -> Result<usize> {
        let core = &self.core;
        let (mut after, mut promoted) = (SessionId(0), 0);
        loop {
            let now = core.clock.now();
            let found = core.stores.waitlists.neglected(&core.db, after, now, BATCH).await?;
            let Some((_, last)) = found.last() else { return Ok(promoted) };
            after = *last;
            for (gym, session) in found {
                promoted += match self.promote(gym, session).await {
                    // one that is gone meanwhile keeps nobody else waiting
                    Err(Error::Refused(SESSION_NOT_FOUND)) => 0,
                    outcome => outcome?,
                };
            }
        }
    }
}

#[async_trait]
impl Job for PromoteWaiting {
    fn name(&self) -> &'static str {
        "waitlist_sweep"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(5))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let promoted = self.sweep().await.map_err(|e| e.to_string())?;
        Ok(format!("{promoted} promoted"))
    }
}

pub(crate) fn job(core: &Core) -> std::sync::Arc<dyn Job> {
    std::sync::Arc::new(PromoteWaiting { core: core.clone() })
}

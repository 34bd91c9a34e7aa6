//! Booking a seat, and giving it back (SCH-70 … SCH-79).
use super::{
    seating::{Held, LEFT_GYM, SESSION_NOT_FOUND, stale},
    view::Participation,
};
use crate::{
    Actor, Core, Error, Ports, Refusal, Result, Settings,
    kernel::{cache_key::CacheKey, departure::Departure},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId,
    identity::GymRole,
    kernel::validation::Invalid,
    schedule::{
        booking::{BookingRefusal, CancelRefusal},
        cancellation::{self, CancellationActor},
        participation::{self, ParticipationStatus},
        waitlist::WaitlistStatus,
    },
};
use repository::{Tx, schedule::seat_state::Standing};

pub const MEMBER_NOT_FOUND: Refusal = Refusal::not_found(
    "member_not_found",
    "This user does not belong to the gym.",
    "El usuario no pertenece al gimnasio.",
);
pub const SESSION_NOT_OPEN: Refusal = Refusal::bad_request(
    "session_not_open",
    "This session takes no bookings: it runs, is over, or was cancelled.",
    "La sesión no admite reservas: está en curso, terminada o cancelada.",
);
pub const SESSION_STARTED: Refusal =
    Refusal::bad_request("session_started", "The session has started already.", "La sesión ya ha comenzado.");
pub const BOOKING_NOT_OPEN: Refusal = Refusal::bad_request(
    "booking_not_open",
    "Bookings for this session have not opened yet.",
    "Las reservas de esta sesión aún no están abiertas.",
);
pub const ALREADY_REGISTERED: Refusal = Refusal::bad_request(
    "already_registered",
    "There is a booking for this session already.",
    "Ya existe una reserva para esta sesión.",
);
pub const SESSION_FULL: Refusal =
    Refusal::bad_request("session_full", "Every seat of this session is taken.", "La sesión está completa.");
pub const BOOKING_MEMBERSHIP: Refusal = Refusal::bad_request(
    "membership_inactive",
    "Bookings in this gym need an active membership.",
    "Las reservas de este gimnasio requieren una membresía activa.",
);
pub const BOOKING_NOT_FOUND: Refusal = Refusal::not_found(
    "booking_not_found",
    "There is no booking for this session.",
    "No hay ninguna reserva para esta sesión.",
);
pub const ALREADY_CANCELLED: Refusal =
    Refusal::bad_request("already_cancelled", "The booking is cancelled already.", "La reserva ya está cancelada.");
pub const ATTENDANCE_RECORDED: Refusal = Refusal::bad_request(
    "attendance_recorded",
    "Attendance or absence is recorded already.",
    "La asistencia o la ausencia ya está registrada.",
);

impl From<BookingRefusal> for Error {
    fn from(refusal: BookingRefusal) -> Self {
        match refusal {
            BookingRefusal::SessionNotOpen => SESSION_NOT_OPEN,
            BookingRefusal::SessionStarted => SESSION_STARTED,
            BookingRefusal::BookingNotOpen => BOOKING_NOT_OPEN,
            BookingRefusal::AlreadyRegistered => ALREADY_REGISTERED,
            BookingRefusal::SessionFull => SESSION_FULL,
        }
        .into()
    }
}

impl From<CancelRefusal> for Error {
    fn from(refusal: CancelRefusal) -> Self {
        match refusal {
            CancelRefusal::AlreadyCancelled => ALREADY_CANCELLED,
            CancelRefusal::Over => ATTENDANCE_RECORDED,
            CancelRefusal::SessionStarted => SESSION_STARTED,
        }
        .into()
    }
}

/// Seats, booked and given back.
#[async_trait]
pub trait Bookings: Send + Sync {
    /// Books a seat for the caller, or takes up their cancelled booking again (SCH-70). Member guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], [`MEMBER_NOT_FOUND`], [`BOOKING_MEMBERSHIP`], then in this order [`SESSION_NOT_OPEN`],
    /// [`SESSION_STARTED`], [`BOOKING_NOT_OPEN`], [`ALREADY_REGISTERED`], [`SESSION_FULL`].
    async fn book(&self, actor: &Actor, session: SessionId) -> Result<Participation>;
    /// The same for any member, by the same rules (SCH-73). Trainer guard.
    async fn book_for(&self, actor: &Actor, session: SessionId, member: UserId) -> Result<Participation>;
    /// Gives the caller's seat back, to who waits for it (SCH-75 … SCH-78). Member guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], [`BOOKING_NOT_FOUND`], [`ALREADY_CANCELLED`], [`ATTENDANCE_RECORDED`],
    /// [`SESSION_STARTED`].
    async fn cancel(&self, actor: &Actor, session: SessionId, reason: Option<String>) -> Result<Participation>;
    /// The same for any member, until the session's end. Trainer guard.
    async fn cancel_for(
        &self,
        actor: &Actor,
        session: SessionId,
        member: UserId,
        reason: Option<String>,
    ) -> Result<Participation>;
}

pub struct BookingService {
    core: Core,
}

/// SCH-77: at most 500 characters.
fn reason_in_bounds(reason: Option<&str>) -> Result<(), Invalid> {
    match reason {
        Some(text) if text.chars().count() > 500 => {
            let mut invalid = Invalid::field("reason", "at most 500 characters");
            invalid.0.iter_mut().for_each(|e| e.loc = vec!["query".into(), "reason".into()]);
            Err(invalid)
        }
        _ => Ok(()),
    }
}

/// A booking or a place in a queue needs a membership, one that gives access now where the gym says so (SCH-74).
pub(super) fn may_book(held: &Held, standing: Option<Standing>, now: DateTime<Utc>) -> Result<()> {
    let standing = standing.ok_or(MEMBER_NOT_FOUND)?;
    if held.settings.require_active_membership && !standing.may_book(now) {
        return Err(BOOKING_MEMBERSHIP.into());
    }
    Ok(())
}

impl BookingService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    async fn seat(&self, gym: GymId, session: SessionId, member: UserId) -> Result<Participation> {
        let (core, seats) = (&self.core, &self.core.stores.seats);
        let booked = core
            .in_turn(session, async |tx| {
                // before the session, in the order of all locks; what it means comes second
                let membership = seats.hold_membership(&tx, gym, member).await?;
                let held = core.hold_session(&tx, gym, session, Some(member)).await?;
                let now = core.clock.now();
                may_book(&held, membership.as_ref().map(Standing::from), now)?;
                held.seats().book(held.state.own, now)?;
                let who = [(session, member)];
                let rows = seats.seat(&tx, gym, &who, ParticipationStatus::Registered, now).await?;
                if held.state.own_place.is_some() {
                    // SCH-71
                    let waitlists = &core.stores.waitlists;
                    waitlists.leave(&tx, gym, &[session], Some(member), WaitlistStatus::Promoted, now).await?;
                }
                seats.count(&tx, gym, session, held.state.occupied + 1).await?;
                Ok::<_, Error>(rows.into_iter().next().ok_or(SESSION_NOT_FOUND)?)
            })
            .await?;
        core.committed(&stale(gym, [member])).await;
        Ok(booked.into())
    }

    async fn give_back(
        &self,
        actor: &Actor,
        session: SessionId,
        member: UserId,
        by_staff: bool,
        reason: Option<String>,
    ) -> Result<Participation> {
        reason_in_bounds(reason.as_deref())?;
        let (core, seats, gym) = (&self.core, &self.core.stores.seats, actor.gym_id());
        let (cancelled, promoted) = core
            .in_turn(session, async |tx| {
                let mut held = core.hold_session(&tx, gym, session, Some(member)).await?;
                let own = held.state.own.ok_or(BOOKING_NOT_FOUND)?;
                let now = core.clock.now();
                held.seats().cancel(own, by_staff, now)?;
                let change = participation::Update {
                    status: Some(ParticipationStatus::Cancelled),
                    cancellation_time: Some(Some(now)),
                    cancellation_reason: Some(reason.clone()),
                    ..Default::default()
                };
                let row = seats.change(&tx, gym, (session, member), &[own], change).await?.ok_or(BOOKING_NOT_FOUND)?;
                let record = cancellation::Create {
                    session_id: session,
                    member_id: member,
                    participation_id: row.id,
                    cancelled_by: Some(actor.user_id()),
                    actor: if by_staff { CancellationActor::Staff } else { CancellationActor::Member },
                    is_late: !by_staff && held.settings.is_late(held.session.start_time, now),
                    reason: reason.clone(),
                    cancelled_at: now,
                };
                seats.record(&tx, gym, vec![record]).await?;
                held.state.occupied -= 1;
                let settled = core.settle(&tx, gym, &[held], now).await?;
                Ok::<_, Error>((row, settled.promoted))
            })
            .await?;
        core.committed(&stale(gym, promoted.iter().map(|row| row.member_id).chain([member]))).await;
        Ok(cancelled.into())
    }
}

#[async_trait]
impl Bookings for BookingService {
    async fn book(&self, actor: &Actor, session: SessionId) -> Result<Participation> {
        actor.must_be(GymRole::Member)?;
        self.seat(actor.gym_id(), session, actor.user_id()).await
    }

    async fn book_for(&self, actor: &Actor, session: SessionId, member: UserId) -> Result<Participation> {
        actor.must_be(GymRole::Trainer)?;
        self.seat(actor.gym_id(), session, member).await
    }

    async fn cancel(&self, actor: &Actor, session: SessionId, reason: Option<String>) -> Result<Participation> {
        actor.must_be(GymRole::Member)?;
        self.give_back(actor, session, actor.user_id(), false, reason).await
    }

    async fn cancel_for(
        &self,
        actor: &Actor,
        session: SessionId,
        member: UserId,
        reason: Option<String>,
    ) -> Result<Participation> {
        actor.must_be(GymRole::Trainer)?;
        self.give_back(actor, session, member, true, reason).await
    }
}

/// Who leaves a gym leaves its classes to come and their queues (SCH-79).
pub(crate) struct LeaveClasses {
    core: Core,
}

impl LeaveClasses {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Departure for LeaveClasses {
    async fn left(&self, tx: &Tx, gym: GymId, user: UserId) -> Result<Vec<CacheKey>> {
        let core = &self.core;
        let sessions = core.stores.seats.hold_of_member(tx, gym, user, core.clock.now()).await?;
        // looked at again: the sessions may have been waited for, and what happened meanwhile comes before this
        let now = core.clock.now();
        let ids: Vec<_> = sessions.iter().map(|s| s.id).collect();
        core.cancel_booked(tx, gym, &ids, Some(user), LEFT_GYM, now).await?;
        core.stores.waitlists.leave(tx, gym, &ids, Some(user), WaitlistStatus::Cancelled, now).await?;
        let held = core.look_at(tx, gym, sessions).await?;
        let settled = core.settle(tx, gym, &held, now).await?;
        Ok(stale(gym, settled.promoted.iter().map(|row| row.member_id).chain([user])))
    }
}

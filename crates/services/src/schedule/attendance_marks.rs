//! Staff mark who was there and who was not (SCH-85 … SCH-88).
use super::{
    bookings::{BOOKING_NOT_FOUND, SESSION_FULL},
    seating::stale,
    view::Participation,
};
use crate::{Actor, Core, Error, Ports, Refusal, Result, Settings};
use async_trait::async_trait;
use domain::{
    SessionId, UserId,
    identity::GymRole,
    schedule::{
        attendance_mark::{Mark, MarkRefusal},
        participation::{self, ParticipationStatus},
    },
};

pub const BOOKING_CANCELLED: Refusal =
    Refusal::bad_request("booking_cancelled", "The booking is cancelled.", "La reserva está cancelada.");
pub const SESSION_CANCELLED: Refusal =
    Refusal::bad_request("session_cancelled", "The session was cancelled.", "La sesión fue cancelada.");
pub const TOO_EARLY: Refusal = Refusal::bad_request(
    "too_early",
    "Attendance is marked from half an hour before the start.",
    "La asistencia se marca desde media hora antes del inicio.",
);
pub const SESSION_NOT_STARTED: Refusal =
    Refusal::bad_request("session_not_started", "The session has not started yet.", "La sesión aún no ha comenzado.");

impl From<MarkRefusal> for Error {
    fn from(refusal: MarkRefusal) -> Self {
        match refusal {
            MarkRefusal::BookingCancelled => BOOKING_CANCELLED,
            MarkRefusal::SessionCancelled => SESSION_CANCELLED,
            MarkRefusal::TooEarly => TOO_EARLY,
            MarkRefusal::NotStarted => SESSION_NOT_STARTED,
            MarkRefusal::SessionFull => SESSION_FULL,
        }
        .into()
    }
}

/// Attendance and absence, as staff see them.
#[async_trait]
pub trait AttendanceMarks: Send + Sync {
    /// Marks a booking attended; one that is stays as it is (SCH-85). Trainer guard.
    ///
    /// # Errors
    /// `session_not_found`, [`BOOKING_NOT_FOUND`], [`BOOKING_CANCELLED`], [`SESSION_CANCELLED`], [`TOO_EARLY`],
    /// [`SESSION_FULL`] for a no-show whose seat is taken.
    async fn attended(&self, actor: &Actor, session: SessionId, member: UserId) -> Result<Participation>;
    /// Marks a booking a no-show, also as a correction; one that is stays as it is (SCH-86). Trainer guard.
    ///
    /// # Errors
    /// `session_not_found`, [`BOOKING_NOT_FOUND`], [`BOOKING_CANCELLED`], [`SESSION_NOT_STARTED`].
    async fn missed(&self, actor: &Actor, session: SessionId, member: UserId) -> Result<Participation>;
}

pub struct AttendanceMarkService {
    core: Core,
}

/// Which mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Attended,
    Missed,
}

impl AttendanceMarkService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    async fn mark(&self, actor: &Actor, session: SessionId, member: UserId, to: To) -> Result<Participation> {
        let (core, gym) = (&self.core, actor.gym_id());
        let (row, changed) = core
            .db
            .run(async |tx| {
                let stores = &core.stores;
                let mut held = core.hold_session(&tx, gym, session, Some(member)).await?;
                let own = held.state.own.ok_or(BOOKING_NOT_FOUND)?;
                let now = core.clock.now();
                let (mark, status, at) = match to {
                    To::Attended => (held.seats().attend(own, now)?, ParticipationStatus::Attended, Some(now)),
                    To::Missed => (held.seats().miss(own, now)?, ParticipationStatus::NoShow, None),
                };
                if mark == Mark::Unchanged {
                    let row = stores.taking_part.own(&tx, gym, session, member).await?;
                    return Ok((row.ok_or(BOOKING_NOT_FOUND)?, None));
                }
                let change =
                    participation::Update { status: Some(status), attendance_time: Some(at), ..Default::default() };
                // only from the state that was looked at (SCH-88)
                let row = stores.seats.change(&tx, gym, (session, member), &[own], change).await?;
                let row = row.ok_or(BOOKING_NOT_FOUND)?;
                held.state.occupied += i64::from(status.takes_seat()) - i64::from(own.takes_seat());
                let settled = core.settle(&tx, gym, &[held], now).await?;
                core.attendance_changed(&tx, gym, &[member]).await?;
                Ok::<_, Error>((row, Some(settled.promoted)))
            })
            .await?;
        if let Some(promoted) = changed {
            core.committed(&stale(gym, promoted.iter().map(|row| row.member_id).chain([member]))).await;
        }
        Ok(row.into())
    }
}

#[async_trait]
impl AttendanceMarks for AttendanceMarkService {
    async fn attended(&self, actor: &Actor, session: SessionId, member: UserId) -> Result<Participation> {
        actor.must_be(GymRole::Trainer)?;
        self.mark(actor, session, member, To::Attended).await
    }

    async fn missed(&self, actor: &Actor, session: SessionId, member: UserId) -> Result<Participation> {
        actor.must_be(GymRole::Trainer)?;
        self.mark(actor, session, member, To::Missed).await
    }
}

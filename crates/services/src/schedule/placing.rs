//! Where and when a session may be: its class, its trainer, its time, its room (SCH-44 … SCH-46).
//!
//! Whoever places a session holds the gym's row first, as whoever ends a membership does; then memberships, classes and
//! sessions, in the order of all locks. So of two sessions that would get into each other's way the second sees the
//! first, whichever of trainer and room they share.
use crate::{Core, Error, Refusal, Result, access::GYM_NOT_FOUND};
use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use domain::{
    ClassId, GymId, SessionId, UserId,
    identity::{gym, membership},
    kernel::timezone::{self, GivenTime},
    schedule::{
        class,
        lifecycle::{self, Clash, Slot, SlotRefusal},
        settings::{self, OverlapPolicy},
    },
};
use repository::{Page, Tx};

pub const CLASS_NOT_FOUND: Refusal =
    Refusal::not_found("class_not_found", "There is no such class.", "La clase no existe.");
pub const CLASS_INACTIVE: Refusal = Refusal::bad_request(
    "class_inactive",
    "This class is not active, so it gets no new sessions.",
    "La clase no está activa y no admite sesiones nuevas.",
);
pub const TRAINER_NOT_FOUND: Refusal = Refusal::not_found(
    "trainer_not_found",
    "This trainer does not belong to the gym.",
    "El entrenador no pertenece al gimnasio.",
);
pub const NOT_A_TRAINER: Refusal = Refusal::bad_request(
    "not_a_trainer",
    "Sessions are held by a trainer, an administrator or the owner of the gym.",
    "Las sesiones las imparte un entrenador, un administrador o el propietario del gimnasio.",
);
pub const ENDS_BEFORE_START: Refusal = Refusal::bad_request(
    "ends_before_start",
    "A session must end after it starts.",
    "La sesión debe terminar después de empezar.",
);
pub const SESSION_TOO_LONG: Refusal = Refusal::bad_request(
    "session_too_long",
    "A session lasts 24 hours at most.",
    "Una sesión dura como máximo 24 horas.",
);
pub const START_IN_PAST: Refusal =
    Refusal::bad_request("start_in_past", "The start must lie ahead.", "El inicio debe estar en el futuro.");
pub const TIMES_FIXED: Refusal = Refusal::bad_request(
    "session_times_fixed",
    "The times of a session that has begun, is over or was cancelled do not change.",
    "El horario de una sesión comenzada, terminada o cancelada no cambia.",
);
pub const TRAINER_CONFLICT: Refusal = Refusal::conflict(
    "trainer_conflict",
    "The trainer holds another session at that time.",
    "El entrenador ya imparte otra sesión a esa hora.",
);
pub const ROOM_CONFLICT: Refusal = Refusal::conflict(
    "room_conflict",
    "The room is taken by another session at that time.",
    "La sala está ocupada por otra sesión a esa hora.",
);

impl From<SlotRefusal> for Error {
    fn from(refusal: SlotRefusal) -> Self {
        match refusal {
            SlotRefusal::EndsBeforeStart => ENDS_BEFORE_START,
            SlotRefusal::TooLong => SESSION_TOO_LONG,
            SlotRefusal::InThePast => START_IN_PAST,
            SlotRefusal::Fixed => TIMES_FIXED,
        }
        .into()
    }
}

/// The zone of a gym.
pub(super) fn zone_of(gym: &gym::Model) -> Tz {
    timezone::or_utc(&gym.timezone)
}

/// The instant of a given time, as exactly as the databases keep it.
pub(super) fn instant(given: GivenTime, zone: Tz) -> DateTime<Utc> {
    given.at(zone).trunc_subsecs(6)
}

/// A room as it is kept: trimmed, and none when nothing is left.
pub(super) fn room(given: Option<String>) -> Option<String> {
    given.map(|room| room.trim().to_owned()).filter(|room| !room.is_empty())
}

/// Who may hold sessions (SCH-45).
pub(super) fn must_train(found: Option<membership::Model>) -> Result<()> {
    match found {
        None => Err(TRAINER_NOT_FOUND.into()),
        Some(membership) if !membership.role.is_staff() => Err(NOT_A_TRAINER.into()),
        Some(_) => Ok(()),
    }
}

/// Which classes get sessions (SCH-45).
pub(super) fn must_be_active(found: Option<class::Model>) -> Result<class::Model> {
    let class = found.ok_or(CLASS_NOT_FOUND)?;
    if class.is_active { Ok(class) } else { Err(CLASS_INACTIVE.into()) }
}

/// Sessions that are to be placed: their times in order, for one trainer and one room.
pub(super) struct Placing<'a> {
    pub slots: &'a [Slot],
    pub trainer: UserId,
    pub room: Option<&'a str>,
    /// The session that is moved.
    pub except: Option<SessionId>,
}

impl Core {
    /// Holds the gym's calendar, so that nobody else places a session meanwhile; returns the gym's present zone.
    pub(super) async fn hold_calendar(&self, tx: &Tx, gym: GymId) -> Result<Tz> {
        let row = self.stores.gyms.by_id_for_update(tx, gym).await?.ok_or(GYM_NOT_FOUND)?;
        Ok(zone_of(&row))
    }

    /// Trainer and class of new sessions, held and checked: the class first (SCH-45).
    pub(super) async fn hold_cast(&self, tx: &Tx, gym: GymId, trainer: UserId, class: ClassId) -> Result<class::Model> {
        let membership = self.stores.seats.hold_membership(tx, gym, trainer).await?;
        let class = self.stores.classes.get_for_update(tx, gym, class).await?;
        let class = must_be_active(class)?;
        must_train(membership)?;
        Ok(class)
    }

    /// Whether trainer and room are free at these times, unless the gym lets sessions overlap (SCH-44). The calendar
    /// must be held.
    ///
    /// # Errors
    /// [`TRAINER_CONFLICT`] or [`ROOM_CONFLICT`], with the gym's days on which it happens.
    pub(super) async fn must_be_free(&self, tx: &Tx, gym: GymId, zone: Tz, placing: Placing<'_>) -> Result<()> {
        let (Some(first), Some(last)) = (placing.slots.first(), placing.slots.iter().max_by_key(|s| s.end)) else {
            return Ok(());
        };
        let row = self.stores.schedule_settings.list(tx, gym, Page { skip: 0, limit: 1 }).await?.pop();
        if settings::of(row).session_overlap_policy == OverlapPolicy::Allow {
            return Ok(());
        }
        let (queries, room) = (&self.stores.session_queries, placing.room);
        let span = Slot { start: first.start, end: last.end };
        let taken = queries.taken(tx, gym, span, placing.trainer, room.is_some(), placing.except).await?;
        let clashes = lifecycle::clashes(placing.slots, placing.trainer, room, &taken);
        let refusal = match clashes.iter().map(|(_, clash)| clash).min_by_key(|c| **c == Clash::Room) {
            None => return Ok(()),
            Some(Clash::Trainer) => TRAINER_CONFLICT,
            Some(Clash::Room) => ROOM_CONFLICT,
        };
        let day = |slot: &Slot| slot.start.with_timezone(&zone).date_naive();
        Err(Error::RefusedOn(refusal, clashes.iter().map(|(slot, _)| day(slot)).collect()))
    }
}

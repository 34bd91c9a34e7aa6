//! When a session may be, what may become of it, and what it may not share: the decisions, without a database.
use super::session::{self, SessionStatus};
use crate::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::FromQueryResult;

/// The longest session (SCH-46).
pub const LONGEST: TimeDelta = TimeDelta::hours(24);

/// From the start up to the end, which is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// Why a session cannot be at this time (SCH-46, SCH-51).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotRefusal {
    EndsBeforeStart,
    TooLong,
    InThePast,
    /// It is over, was cancelled, or runs already.
    Fixed,
}

impl Slot {
    pub fn of(session: &session::Model) -> Self {
        Self { start: session.start_time, end: session.end_time }
    }

    pub fn lasts(&self) -> TimeDelta {
        self.end - self.start
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    fn well_formed(self) -> Result<Self, SlotRefusal> {
        if self.end <= self.start {
            return Err(SlotRefusal::EndsBeforeStart);
        }
        if self.lasts() > LONGEST { Err(SlotRefusal::TooLong) } else { Ok(self) }
    }

    /// The time of a new session (SCH-46).
    ///
    /// # Errors
    /// It ends before it starts, lasts longer than a day, or does not lie ahead.
    pub fn to_come(self, now: DateTime<Utc>) -> Result<Self, SlotRefusal> {
        let slot = self.well_formed()?;
        if slot.start <= now { Err(SlotRefusal::InThePast) } else { Ok(slot) }
    }
}

/// The time that a session has after a change (SCH-51). A new start without a new end keeps the duration, and a time
/// that is the present one is no change.
///
/// # Errors
/// As [`Slot::to_come`] where something changes; and a session that is over or cancelled keeps its times, one that runs
/// its start.
pub fn moved(
    session: &session::Model,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Slot, SlotRefusal> {
    let before = Slot::of(session);
    let start = start.unwrap_or(before.start);
    let end = end.unwrap_or(if start == before.start { before.end } else { start + before.lasts() });
    let after = Slot { start, end };
    if after == before {
        return Ok(before);
    }
    match session.status {
        SessionStatus::Scheduled => {}
        SessionStatus::InProgress if start == before.start => {}
        SessionStatus::InProgress | SessionStatus::Completed | SessionStatus::Cancelled => {
            return Err(SlotRefusal::Fixed);
        }
    }
    if start == before.start { after.well_formed() } else { after.to_come(now) }
}

/// What a change of state amounts to (SCH-50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Stay,
    Start,
    Complete,
    Cancel,
    /// A cancelled session takes place after all; its bookings do not come back.
    Reopen,
}

/// What staff ask for when they set a state; `None` when it may not be. `start` is the session's start after the change.
pub fn transition(
    from: SessionStatus,
    to: SessionStatus,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Transition> {
    use SessionStatus::{Cancelled, Completed, InProgress, Scheduled};
    match (from, to) {
        (from, to) if from == to => Some(Transition::Stay),
        (Scheduled, InProgress) => Some(Transition::Start),
        (Scheduled | InProgress, Completed) if start <= now => Some(Transition::Complete),
        (Scheduled | InProgress, Cancelled) => Some(Transition::Cancel),
        (Cancelled, Scheduled) if start > now => Some(Transition::Reopen),
        _ => None,
    }
}

/// A session that takes its trainer's time, and its room's.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Occupied {
    pub trainer_id: UserId,
    pub room: Option<String>,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
}

/// What two sessions cannot share (SCH-44).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    Trainer,
    Room,
}

/// Whether two rooms are the same one, whatever their case.
pub fn same_room(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Which of these times, wanted for one trainer and one room, are taken, and by what; each time at most once. They are
/// wanted in their order, so one is in the way of the next.
pub fn clashes(wanted: &[Slot], trainer: UserId, room: Option<&str>, taken: &[Occupied]) -> Vec<(Slot, Clash)> {
    let with = |slot: &Slot| {
        let there = taken.iter().filter(|t| slot.overlaps(&Slot { start: t.start_time, end: t.end_time }));
        let clash = |t: &Occupied| {
            let rooms = room.zip(t.room.as_deref());
            match t.trainer_id == trainer {
                true => Some(Clash::Trainer),
                false => rooms.is_some_and(|(ours, theirs)| same_room(ours, theirs)).then_some(Clash::Room),
            }
        };
        // a trainer in two places is named before a room
        there.filter_map(clash).min_by_key(|c| *c == Clash::Room)
    };
    let mut found = Vec::new();
    let mut before: Option<&Slot> = None;
    for slot in wanted {
        let own = before.is_some_and(|b| b.overlaps(slot)).then_some(Clash::Trainer);
        found.extend(own.or_else(|| with(slot)).map(|clash| (*slot, clash)));
        before = Some(slot);
    }
    found
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;

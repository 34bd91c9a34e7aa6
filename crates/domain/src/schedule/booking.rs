//! Who gets a seat, and who waits for one: the decisions, without a database.
use super::{
    participation::ParticipationStatus,
    session::{self, SessionStatus},
    settings,
};
use chrono::{DateTime, TimeDelta, Utc};

/// How far from the start somebody may be checked in, before and after (ATT-7), and from when staff may mark them
/// (SCH-85).
pub const CHECK_IN_WINDOW: TimeDelta = TimeDelta::minutes(30);

/// How many seats a session has (SCH-60).
pub fn capacity(session: &session::Model, class_capacity: i32) -> i64 {
    session.override_capacity.unwrap_or(class_capacity).into()
}

/// A held session and what is known of its seats.
#[derive(Clone, Copy, Debug)]
pub struct Seats<'a> {
    pub session: &'a session::Model,
    pub settings: &'a settings::Create,
    pub capacity: i64,
    /// Rows that take a seat.
    pub occupied: i64,
    pub waiting: i64,
}

/// Why a booking is refused, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingRefusal {
    SessionNotOpen,
    SessionStarted,
    BookingNotOpen,
    AlreadyRegistered,
    SessionFull,
}

/// Why nobody joins a waitlist (SCH-80).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitlistRefusal {
    SessionNotOpen,
    Closed,
    Disabled,
    AlreadyRegistered,
    SeatsAvailable,
    Full,
}

/// Why a booking stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelRefusal {
    AlreadyCancelled,
    /// Attended, or missed.
    Over,
    SessionStarted,
}

impl Seats<'_> {
    pub fn free(&self) -> i64 {
        (self.capacity - self.occupied).max(0)
    }

    pub fn is_full(&self) -> bool {
        self.occupied >= self.capacity
    }

    /// Checks 3 … 7 of a booking. `own` is the member's row, if there is one.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn book(&self, own: Option<ParticipationStatus>, now: DateTime<Utc>) -> Result<(), BookingRefusal> {
        if self.session.status != SessionStatus::Scheduled {
            return Err(BookingRefusal::SessionNotOpen);
        }
        if self.session.start_time <= now {
            return Err(BookingRefusal::SessionStarted);
        }
        if self.settings.booking_opens(self.session.start_time).is_some_and(|opens| now < opens) {
            return Err(BookingRefusal::BookingNotOpen);
        }
        if own.is_some_and(|status| status != ParticipationStatus::Cancelled) {
            return Err(BookingRefusal::AlreadyRegistered);
        }
        if self.is_full() { Err(BookingRefusal::SessionFull) } else { Ok(()) }
    }

    /// Whether somebody may join the queue (SCH-80).
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn wait(&self, own: Option<ParticipationStatus>, now: DateTime<Utc>) -> Result<(), WaitlistRefusal> {
        if self.session.status != SessionStatus::Scheduled {
            return Err(WaitlistRefusal::SessionNotOpen);
        }
        if self.settings.waitlist_closes(self.session.start_time) <= now {
            return Err(WaitlistRefusal::Closed);
        }
        if !self.settings.waitlist_enabled {
            return Err(WaitlistRefusal::Disabled);
        }
        if own.is_some_and(|status| status != ParticipationStatus::Cancelled) {
            return Err(WaitlistRefusal::AlreadyRegistered);
        }
        if !self.is_full() {
            return Err(WaitlistRefusal::SeatsAvailable);
        }
        if self.waiting >= i64::from(self.settings.waitlist_max_size) { Err(WaitlistRefusal::Full) } else { Ok(()) }
    }

    /// How many of the queue get a seat now (SCH-83).
    pub fn promotable(&self, now: DateTime<Utc>) -> i64 {
        let open = self.session.status == SessionStatus::Scheduled
            && self.settings.waitlist_closes(self.session.start_time) > now;
        if open { self.free().min(self.waiting) } else { 0 }
    }

    /// Whether a booking in this state may be cancelled (SCH-75, SCH-76): by its member until the start, by staff
    /// until the end.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn cancel(&self, own: ParticipationStatus, by_staff: bool, now: DateTime<Utc>) -> Result<(), CancelRefusal> {
        match own {
            ParticipationStatus::Cancelled => return Err(CancelRefusal::AlreadyCancelled),
            ParticipationStatus::Attended | ParticipationStatus::NoShow => return Err(CancelRefusal::Over),
            ParticipationStatus::Registered => {}
        }
        let in_time = if by_staff {
            now < self.session.end_time
        } else {
            self.session.status == SessionStatus::Scheduled && now < self.session.start_time
        };
        if in_time { Ok(()) } else { Err(CancelRefusal::SessionStarted) }
    }
}

#[cfg(test)]
#[path = "booking_tests.rs"]
mod tests;

//! Who was there and who was not, as staff mark it: the decisions, without a database (SCH-85, SCH-86, SCH-89).
use super::{
    booking::{CHECK_IN_WINDOW, Seats},
    participation::ParticipationStatus as P,
    session::SessionStatus,
};
use chrono::{DateTime, TimeDelta, Utc};

/// How long after the end of a session a booking that nobody marked becomes a no-show by itself (SCH-89).
pub const NO_SHOW_AFTER: TimeDelta = TimeDelta::minutes(60);

/// How far back the clock looks for such bookings. A gym that turns the marking on does not rewrite its history.
pub const NO_SHOW_LOOKS_BACK: TimeDelta = TimeDelta::days(31);

/// What a mark does to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It says so already.
    Unchanged,
    Changed,
}

/// Why a mark is refused, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkRefusal {
    BookingCancelled,
    SessionCancelled,
    /// More than half an hour before the start.
    TooEarly,
    /// Nobody is missed before the start.
    NotStarted,
    /// The seat that an absence gave up is somebody else's now.
    SessionFull,
}

impl Seats<'_> {
    /// Whether this booking may be marked attended (SCH-85). A no-show that turns out to have been there takes a seat
    /// again, and needs one to be free (SCH-62).
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn attend(&self, own: P, now: DateTime<Utc>) -> Result<Mark, MarkRefusal> {
        match own {
            P::Attended => return Ok(Mark::Unchanged),
            P::Cancelled => return Err(MarkRefusal::BookingCancelled),
            P::Registered | P::NoShow => {}
        }
        if self.session.status == SessionStatus::Cancelled {
            return Err(MarkRefusal::SessionCancelled);
        }
        if now < self.session.start_time - CHECK_IN_WINDOW {
            return Err(MarkRefusal::TooEarly);
        }
        if !own.takes_seat() && self.is_full() {
            return Err(MarkRefusal::SessionFull);
        }
        Ok(Mark::Changed)
    }

    /// Whether this booking may be marked a no-show (SCH-86).
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn miss(&self, own: P, now: DateTime<Utc>) -> Result<Mark, MarkRefusal> {
        match own {
            P::NoShow => return Ok(Mark::Unchanged),
            P::Cancelled => return Err(MarkRefusal::BookingCancelled),
            P::Registered | P::Attended => {}
        }
        if now < self.session.start_time { Err(MarkRefusal::NotStarted) } else { Ok(Mark::Changed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClassId, GymId, SessionId, UserId,
        schedule::{session, settings},
    };

    fn session(status: SessionStatus) -> session::Model {
        let start: DateTime<Utc> = "2026-03-02T18:00:00Z".parse().unwrap();
        session::Model {
            id: SessionId(1),
            gym_id: GymId(1),
            class_id: ClassId(1),
            trainer_id: UserId(1),
            start_time: start,
            end_time: start + TimeDelta::minutes(60),
            room: None,
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status,
            current_participants: 0,
            override_capacity: None,
            notes: None,
            reminder_sent_at: None,
            created_by: None,
            created_at: start,
            updated_at: start,
        }
    }

    #[test]
    fn sch_85_who_is_marked_attended() {
        use MarkRefusal as R;
        use SessionStatus as S;
        for (status, own, occupied, seconds, expected) in [
            (S::Scheduled, P::Registered, 2, -1800, Ok(Mark::Changed)),
            (S::Scheduled, P::Registered, 2, -1801, Err(R::TooEarly)),
            (S::Scheduled, P::Attended, 2, -1801, Ok(Mark::Unchanged)),
            (S::Completed, P::Registered, 2, 900_000, Ok(Mark::Changed)),
            (S::Completed, P::NoShow, 1, 900_000, Ok(Mark::Changed)),
            (S::Completed, P::NoShow, 2, 900_000, Err(R::SessionFull)),
            (S::InProgress, P::Cancelled, 1, 0, Err(R::BookingCancelled)),
            (S::Cancelled, P::Cancelled, 1, 0, Err(R::BookingCancelled)),
            (S::Cancelled, P::NoShow, 1, 0, Err(R::SessionCancelled)),
            (S::Cancelled, P::Attended, 1, 0, Ok(Mark::Unchanged)),
        ] {
            let (session, settings) = (session(status), settings::Create::default());
            let seats = Seats { session: &session, settings: &settings, capacity: 2, occupied, waiting: 0 };
            let now = session.start_time + TimeDelta::seconds(seconds);
            assert_eq!(seats.attend(own, now), expected, "{status:?} {own:?} {occupied} {seconds}");
        }
    }

    #[test]
    fn sch_86_who_is_marked_absent() {
        for (own, seconds, expected) in [
            (P::Registered, -1, Err(MarkRefusal::NotStarted)),
            (P::Registered, 0, Ok(Mark::Changed)),
            (P::Attended, 0, Ok(Mark::Changed)),
            (P::Attended, -1, Err(MarkRefusal::NotStarted)),
            (P::NoShow, -1, Ok(Mark::Unchanged)),
            (P::Cancelled, 0, Err(MarkRefusal::BookingCancelled)),
        ] {
            let (session, settings) = (session(SessionStatus::InProgress), settings::Create::default());
            let seats = Seats { session: &session, settings: &settings, capacity: 2, occupied: 2, waiting: 0 };
            let now = session.start_time + TimeDelta::seconds(seconds);
            assert_eq!(seats.miss(own, now), expected, "{own:?} {seconds}");
        }
    }
}

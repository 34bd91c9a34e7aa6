//! Which session somebody is checked in for, and whether they may be: the decisions, without a database.
use crate::{
    SessionId,
    schedule::{
        booking::{CHECK_IN_WINDOW, Seats},
        participation::ParticipationStatus,
        session::SessionStatus,
    },
};
use chrono::{DateTime, Utc};
use std::ops::RangeInclusive;

/// When the sessions start that somebody may be checked in for now, both ends included (ATT-7).
pub fn window(now: DateTime<Utc>) -> RangeInclusive<DateTime<Utc>> {
    now - CHECK_IN_WINDOW..=now + CHECK_IN_WINDOW
}

/// A session that starts at about this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    pub session: SessionId,
    pub start: DateTime<Utc>,
    /// Whether the person has a booking there.
    pub registered: bool,
}

/// The one that starts nearest to now; of several one where the person is registered, then the earlier, then the
/// smaller id (ATT-8).
pub fn nearest(near: impl IntoIterator<Item = Near>, now: DateTime<Utc>) -> Option<Near> {
    near.into_iter().min_by_key(|n| ((n.start - now).abs(), !n.registered, n.start, n.session))
}

/// What a check-in does to the person's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Their booking becomes an attendance and keeps its seat (ATT-11).
    Booked,
    /// They take a seat that was free: without a booking, or with one that was cancelled or missed (ATT-12, ATT-13).
    WalkIn,
}

/// Why nobody is checked in, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckInRefusal {
    OutOfWindow,
    SessionCancelled,
    AlreadyCheckedIn,
    SessionFull,
}

/// Whether somebody is let in to a held session (ATT-9 … ATT-14). `own` is their row, if there is one.
///
/// # Errors
/// The first thing that stands against it.
pub fn admit(
    seats: &Seats<'_>,
    own: Option<ParticipationStatus>,
    now: DateTime<Utc>,
) -> Result<Admission, CheckInRefusal> {
    if !window(now).contains(&seats.session.start_time) {
        return Err(CheckInRefusal::OutOfWindow);
    }
    if seats.session.status == SessionStatus::Cancelled {
        return Err(CheckInRefusal::SessionCancelled);
    }
    match own {
        Some(ParticipationStatus::Attended) => Err(CheckInRefusal::AlreadyCheckedIn),
        Some(ParticipationStatus::Registered) => Ok(Admission::Booked),
        None | Some(ParticipationStatus::Cancelled | ParticipationStatus::NoShow) if seats.is_full() => {
            Err(CheckInRefusal::SessionFull)
        }
        None | Some(ParticipationStatus::Cancelled | ParticipationStatus::NoShow) => Ok(Admission::WalkIn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClassId, GymId, UserId,
        schedule::{session, settings},
    };
    use chrono::TimeDelta;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn near(session: i64, start: &str, registered: bool) -> Near {
        Near { session: SessionId(session), start: at(start), registered }
    }

    fn session(start: DateTime<Utc>, status: SessionStatus) -> session::Model {
        session::Model {
            id: SessionId(1),
            gym_id: GymId(1),
            class_id: ClassId(1),
            trainer_id: UserId(1),
            start_time: start,
            end_time: start + TimeDelta::hours(1),
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
    fn att_8_the_nearest_then_the_booked_then_the_earlier_then_the_smaller_id() {
        let now = at("2026-03-02T18:00:00Z");
        for (sessions, chosen) in [
            (vec![], None),
            (vec![near(1, "2026-03-02T18:20:00Z", true), near(2, "2026-03-02T17:50:00Z", false)], Some(2)),
            (vec![near(1, "2026-03-02T17:50:00Z", false), near(2, "2026-03-02T18:10:00Z", true)], Some(2)),
            (vec![near(2, "2026-03-02T17:50:00Z", false), near(1, "2026-03-02T18:10:00Z", false)], Some(2)),
            (vec![near(2, "2026-03-02T17:50:00Z", true), near(1, "2026-03-02T18:10:00Z", true)], Some(2)),
            (vec![near(9, "2026-03-02T18:10:00Z", false), near(3, "2026-03-02T18:10:00Z", false)], Some(3)),
        ] {
            let found = nearest(sessions.clone(), now).map(|n| n.session.0);
            assert_eq!(found, chosen, "{sessions:?}");
        }
    }

    #[test]
    fn att_7_att_9_the_window_includes_both_its_ends() {
        let now = at("2026-03-28T23:55:00Z"); // the night of the change in Madrid
        for (seconds, inside) in [(-1801, false), (-1800, true), (0, true), (1800, true), (1801, false)] {
            let start = now + TimeDelta::seconds(seconds);
            let session = session(start, SessionStatus::Scheduled);
            let settings = settings::Create::default();
            let seats = Seats { session: &session, settings: &settings, capacity: 5, occupied: 0, waiting: 0 };
            let expected = if inside { Ok(Admission::WalkIn) } else { Err(CheckInRefusal::OutOfWindow) };
            assert_eq!(admit(&seats, None, now), expected, "{seconds}");
        }
    }

    #[test]
    fn att_10_to_att_14_who_is_let_in() {
        use {Admission::*, CheckInRefusal::*, ParticipationStatus as P, SessionStatus as S};
        let now = at("2026-03-02T18:00:00Z");
        let settings = settings::Create::default();
        for (status, occupied, own, expected) in [
            (S::Scheduled, 0, None, Ok(WalkIn)),
            (S::InProgress, 0, None, Ok(WalkIn)),
            (S::Completed, 0, None, Ok(WalkIn)),
            (S::Cancelled, 0, None, Err(SessionCancelled)),
            (S::Cancelled, 0, Some(P::Registered), Err(SessionCancelled)),
            (S::Scheduled, 1, None, Ok(WalkIn)),
            (S::Scheduled, 2, None, Err(SessionFull)),
            (S::Scheduled, 3, None, Err(SessionFull)),
            (S::Scheduled, 1, Some(P::Cancelled), Ok(WalkIn)),
            (S::Scheduled, 2, Some(P::Cancelled), Err(SessionFull)),
            (S::Scheduled, 1, Some(P::NoShow), Ok(WalkIn)),
            (S::Scheduled, 2, Some(P::NoShow), Err(SessionFull)),
            (S::Scheduled, 2, Some(P::Registered), Ok(Booked)),
            (S::Scheduled, 5, Some(P::Registered), Ok(Booked)),
            (S::Scheduled, 2, Some(P::Attended), Err(AlreadyCheckedIn)),
        ] {
            let session = session(now, status);
            let seats = Seats { session: &session, settings: &settings, capacity: 2, occupied, waiting: 0 };
            assert_eq!(admit(&seats, own, now), expected, "{status:?} {occupied} {own:?}");
        }
    }
}

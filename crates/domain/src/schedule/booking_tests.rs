use super::*;
use crate::{ClassId, GymId, SessionId, UserId};
use ParticipationStatus::{Attended, Cancelled, NoShow, Registered};

const START: &str = "2026-03-02T18:00:00Z";

fn session(status: SessionStatus) -> session::Model {
    let start: DateTime<Utc> = START.parse().unwrap();
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

/// So many minutes after the start.
fn minute(n: i64) -> DateTime<Utc> {
    START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(n)
}

#[test]
fn sch_60_the_override_counts_and_free_is_never_negative() {
    let mut s = session(SessionStatus::Scheduled);
    assert_eq!(capacity(&s, 10), 10);
    s.override_capacity = Some(3);
    assert_eq!(capacity(&s, 10), 3);
    let settings = settings::Create::default();
    for (occupied, free, full) in [(0, 3, false), (2, 1, false), (3, 0, true), (5, 0, true)] {
        let seats = Seats { session: &s, settings: &settings, capacity: 3, occupied, waiting: 0 };
        assert_eq!((seats.free(), seats.is_full()), (free, full));
    }
    let seated: Vec<_> = [Registered, Attended, Cancelled, NoShow].into_iter().filter(|s| s.takes_seat()).collect();
    assert_eq!(seated, ParticipationStatus::SEATED);
}

#[test]
fn sch_70_the_first_thing_against_a_booking_is_said() {
    use BookingRefusal as R;
    let settings = settings::Create { booking_opens_hours: Some(24), ..Default::default() };
    for (status, now, own, occupied, expected) in [
        (SessionStatus::Cancelled, 1, Some(Registered), 9, Err(R::SessionNotOpen)),
        (SessionStatus::InProgress, 1, None, 0, Err(R::SessionNotOpen)),
        (SessionStatus::Scheduled, 0, Some(Registered), 9, Err(R::SessionStarted)),
        (SessionStatus::Scheduled, -24 * 60 - 1, Some(Registered), 9, Err(R::BookingNotOpen)),
        (SessionStatus::Scheduled, -24 * 60, Some(Registered), 9, Err(R::AlreadyRegistered)),
        (SessionStatus::Scheduled, -1, Some(Attended), 9, Err(R::AlreadyRegistered)),
        (SessionStatus::Scheduled, -1, Some(NoShow), 9, Err(R::AlreadyRegistered)),
        (SessionStatus::Scheduled, -1, Some(Cancelled), 9, Err(R::SessionFull)),
        (SessionStatus::Scheduled, -1, None, 9, Err(R::SessionFull)),
        (SessionStatus::Scheduled, -1, Some(Cancelled), 8, Ok(())),
        (SessionStatus::Scheduled, -1, None, 8, Ok(())),
    ] {
        let session = session(status);
        let seats = Seats { session: &session, settings: &settings, capacity: 9, occupied, waiting: 0 };
        assert_eq!(seats.book(own, minute(now)), expected, "{status:?} {now} {own:?} {occupied}");
    }
}

#[test]
fn sch_80_who_joins_the_queue() {
    use WaitlistRefusal as R;
    let open = settings::Create { waitlist_cutoff_minutes: 60, waitlist_max_size: 2, ..Default::default() };
    let off = settings::Create { waitlist_enabled: false, ..open.clone() };
    for (settings, now, own, occupied, waiting, expected) in [
        (&open, -60, None, 9, 0, Err(R::Closed)),
        (&off, -61, None, 9, 0, Err(R::Disabled)),
        (&open, -61, Some(Registered), 9, 0, Err(R::AlreadyRegistered)),
        (&open, -61, None, 8, 0, Err(R::SeatsAvailable)),
        (&open, -61, None, 9, 2, Err(R::Full)),
        (&open, -61, Some(Cancelled), 9, 1, Ok(())),
    ] {
        let session = session(SessionStatus::Scheduled);
        let seats = Seats { session: &session, settings, capacity: 9, occupied, waiting };
        assert_eq!(seats.wait(own, minute(now)), expected, "{now} {own:?} {occupied} {waiting}");
    }
}

#[test]
fn sch_83_promotion_stops_at_the_cutoff_and_fills_what_is_free() {
    let settings = settings::Create { waitlist_cutoff_minutes: 60, ..Default::default() };
    for (status, now, occupied, waiting, promoted) in [
        (SessionStatus::Scheduled, -61, 7, 5, 2),
        (SessionStatus::Scheduled, -61, 7, 1, 1),
        (SessionStatus::Scheduled, -61, 9, 5, 0),
        (SessionStatus::Scheduled, -60, 7, 5, 0),
        (SessionStatus::Cancelled, -61, 7, 5, 0),
    ] {
        let session = session(status);
        let seats = Seats { session: &session, settings: &settings, capacity: 9, occupied, waiting };
        assert_eq!(seats.promotable(minute(now)), promoted, "{status:?} {now} {occupied} {waiting}");
    }
}

#[test]
fn sch_75_and_sch_76_until_when_a_booking_can_be_cancelled() {
    use CancelRefusal as R;
    let settings = settings::Create::default();
    for (status, own, staff, now, expected) in [
        (SessionStatus::Scheduled, Cancelled, true, -1, Err(R::AlreadyCancelled)),
        (SessionStatus::Scheduled, Attended, true, -1, Err(R::Over)),
        (SessionStatus::Scheduled, NoShow, false, -1, Err(R::Over)),
        (SessionStatus::Scheduled, Registered, false, 0, Err(R::SessionStarted)),
        (SessionStatus::Scheduled, Registered, false, -1, Ok(())),
        (SessionStatus::InProgress, Registered, false, -1, Err(R::SessionStarted)),
        (SessionStatus::InProgress, Registered, true, 59, Ok(())),
        (SessionStatus::Completed, Registered, true, 60, Err(R::SessionStarted)),
    ] {
        let session = session(status);
        let seats = Seats { session: &session, settings: &settings, capacity: 9, occupied: 9, waiting: 0 };
        assert_eq!(seats.cancel(own, staff, minute(now)), expected, "{status:?} {own:?} {staff} {now}");
    }
}

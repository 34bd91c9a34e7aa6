use super::*;
use crate::{ClassId, GymId, SessionId};
use SessionStatus::{Cancelled, Completed, InProgress, Scheduled};

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn slot(start: i64, end: i64) -> Slot {
    Slot { start: at(start), end: at(end) }
}

/// From noon plus an hour, for an hour.
fn session(status: SessionStatus) -> session::Model {
    session::Model {
        id: SessionId(1),
        gym_id: GymId(1),
        class_id: ClassId(1),
        trainer_id: UserId(1),
        start_time: at(60),
        end_time: at(120),
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
        created_at: at(0),
        updated_at: at(0),
    }
}

#[test]
fn sch_46_a_new_session_lies_ahead_and_lasts_a_day_at_most() {
    for (start, end, outcome) in [
        (60, 120, Ok(())),
        (60, 60, Err(SlotRefusal::EndsBeforeStart)),
        (60, 59, Err(SlotRefusal::EndsBeforeStart)),
        (60, 60 + 24 * 60, Ok(())),
        (60, 61 + 24 * 60, Err(SlotRefusal::TooLong)),
        (0, 60, Err(SlotRefusal::InThePast)),
        (-1, 60, Err(SlotRefusal::InThePast)),
        (1, 60, Ok(())),
    ] {
        assert_eq!(slot(start, end).to_come(at(0)).map(drop), outcome, "{start} {end}");
    }
}

#[test]
fn sch_51_times_move_while_they_may() {
    let moved = |status, start: Option<i64>, end: Option<i64>| {
        moved(&session(status), start.map(at), end.map(at), at(0))
            .map(|s| (s == slot(60, 120), s.lasts().num_minutes()))
    };
    // a start alone keeps the duration
    assert_eq!(moved(Scheduled, Some(300), None), Ok((false, 60)));
    assert_eq!(moved(Scheduled, None, Some(150)), Ok((false, 90)));
    assert_eq!(moved(Scheduled, Some(300), Some(330)), Ok((false, 30)));
    assert_eq!(moved(Scheduled, Some(-10), None), Err(SlotRefusal::InThePast));
    assert_eq!(moved(Scheduled, Some(120), Some(120)), Err(SlotRefusal::EndsBeforeStart));
    assert_eq!(moved(Scheduled, None, Some(60)), Err(SlotRefusal::EndsBeforeStart));
    assert_eq!(moved(Scheduled, None, Some(60 + 1441)), Err(SlotRefusal::TooLong));
    assert_eq!(moved(InProgress, None, Some(150)), Ok((false, 90)));
    assert_eq!(moved(InProgress, Some(300), None), Err(SlotRefusal::Fixed));
    for over in [Completed, Cancelled] {
        assert_eq!(moved(over, Some(300), None), Err(SlotRefusal::Fixed));
        assert_eq!(moved(over, None, Some(150)), Err(SlotRefusal::Fixed));
        // what is sent back as it was is no change
        assert_eq!(moved(over, Some(60), Some(120)), Ok((true, 60)));
        assert_eq!(moved(over, None, None), Ok((true, 60)));
    }
}

#[test]
fn sch_50_the_whole_table_of_states() {
    use Transition::{Cancel, Complete, Reopen, Start, Stay};
    let (ahead, begun) = (at(60), at(-60));
    for (from, to, before_start, after_start) in [
        (Scheduled, Scheduled, Some(Stay), Some(Stay)),
        (Scheduled, InProgress, Some(Start), Some(Start)),
        (Scheduled, Completed, None, Some(Complete)),
        (Scheduled, Cancelled, Some(Cancel), Some(Cancel)),
        (InProgress, Scheduled, None, None),
        (InProgress, InProgress, Some(Stay), Some(Stay)),
        (InProgress, Completed, None, Some(Complete)),
        (InProgress, Cancelled, Some(Cancel), Some(Cancel)),
        (Completed, Scheduled, None, None),
        (Completed, InProgress, None, None),
        (Completed, Completed, Some(Stay), Some(Stay)),
        (Completed, Cancelled, None, None),
        (Cancelled, Scheduled, Some(Reopen), None),
        (Cancelled, InProgress, None, None),
        (Cancelled, Completed, None, None),
        (Cancelled, Cancelled, Some(Stay), Some(Stay)),
    ] {
        assert_eq!(transition(from, to, ahead, at(0)), before_start, "{from:?} {to:?} before the start");
        assert_eq!(transition(from, to, begun, at(0)), after_start, "{from:?} {to:?} after the start");
    }
    assert_eq!(transition(Scheduled, Completed, at(0), at(0)), Some(Complete));
    assert_eq!(transition(Cancelled, Scheduled, at(0), at(0)), None);
}

#[test]
fn sch_44_trainer_and_room_are_in_one_place_at_a_time() {
    let taken = |trainer, room: Option<&str>, start, end| Occupied {
        trainer_id: UserId(trainer),
        room: room.map(str::to_owned),
        start_time: at(start),
        end_time: at(end),
    };
    let clash = |room, there: &[Occupied]| clashes(&[slot(60, 120)], UserId(1), room, there).pop().map(|(_, c)| c);
    // half open: one ends where the other begins
    assert_eq!(clash(None, &[taken(1, None, 0, 60), taken(1, None, 120, 180)]), None);
    assert_eq!(clash(None, &[taken(1, None, 0, 61)]), Some(Clash::Trainer));
    assert_eq!(clash(None, &[taken(1, None, 80, 90)]), Some(Clash::Trainer));
    assert_eq!(clash(None, &[taken(2, None, 80, 90)]), None);
    assert_eq!(clash(Some(" sala Ñ "), &[taken(2, Some("SALA ñ"), 0, 61)]), Some(Clash::Room));
    assert_eq!(clash(Some("b"), &[taken(2, Some("a"), 0, 61)]), None);
    assert_eq!(clash(None, &[taken(2, Some("a"), 0, 61)]), None);
    // the trainer is named first
    let both = [taken(2, Some("a"), 0, 61), taken(1, Some("a"), 119, 130)];
    assert_eq!(clash(Some("a"), &both), Some(Clash::Trainer));
    // days of 24 hours get into each other's way where a day has 23
    let own = clashes(&[slot(0, 60), slot(59, 119), slot(119, 130)], UserId(1), None, &[]);
    assert_eq!(own, [(slot(59, 119), Clash::Trainer)]);
}

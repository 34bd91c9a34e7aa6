use super::*;
use RelationshipStatus::{Active, Paused, Pending, Terminated};

const TRAINER: UserId = UserId(1);
const MEMBER: UserId = UserId(2);
const OTHER: UserId = UserId(3);
const STATUSES: [RelationshipStatus; 4] = [Active, Paused, Terminated, Pending];

fn at(day: u32) -> DateTime<Utc> {
    format!("2026-03-{day:02}T10:00:00Z").parse().unwrap()
}

fn row(status: RelationshipStatus, start: Option<u32>, end: Option<u32>) -> Model {
    Model {
        id: RelationshipId(1),
        gym_id: GymId(1),
        trainer_id: TRAINER,
        member_id: MEMBER,
        status,
        start_date: start.map(at),
        end_date: end.map(at),
        notes: Some("knee".into()),
        created_by: Some(TRAINER),
        created_at: at(1),
        updated_at: at(1),
    }
}

fn to(status: RelationshipStatus) -> RelationshipPatch {
    RelationshipPatch { status: Some(status), ..Default::default() }
}

/// The dates as they stand after the change.
fn dates(row: &Model, patch: RelationshipPatch, now: DateTime<Utc>) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let update = change(row, patch, now).unwrap();
    (update.start_date.unwrap_or(row.start_date), update.end_date.unwrap_or(row.end_date))
}

#[test]
fn idn_78_who_counts_as_trainer_and_as_member() {
    use GymRole as G;
    use GymType::{Gym, PersonalTrainer};
    use PlatformRole as P;
    for (platform, role, gym, trainer, member) in [
        (P::Trainer, Some(G::Member), Gym, true, true),
        (P::Trainer, None, Gym, true, false),
        (P::Member, Some(G::Trainer), Gym, true, true),
        (P::Admin, Some(G::Trainer), Gym, true, false),
        (P::Admin, Some(G::Owner), Gym, false, false),
        (P::Admin, Some(G::Owner), PersonalTrainer, true, false),
        (P::Admin, Some(G::Admin), PersonalTrainer, false, false),
        (P::Admin, Some(G::Member), Gym, false, true),
        (P::Member, Some(G::Owner), Gym, false, true),
        (P::SuperAdmin, None, Gym, false, false),
    ] {
        let got = (is_trainer(platform, role, gym), is_member(platform, role));
        assert_eq!(got, (trainer, member), "{platform:?} {role:?} {gym:?}");
    }
}

#[test]
fn idn_79_who_may_create_and_with_which_status() {
    for status in STATUSES {
        let new = NewRelationship { trainer_id: TRAINER, member_id: MEMBER, status, notes: None };
        for (caller, role, want) in [
            (OTHER, None, Some(status)),
            (OTHER, Some(GymRole::Owner), Some(status)),
            (OTHER, Some(GymRole::Admin), Some(status)),
            (TRAINER, Some(GymRole::Trainer), Some(status)),
            (OTHER, Some(GymRole::Trainer), None),
            (MEMBER, Some(GymRole::Trainer), None),
            (MEMBER, Some(GymRole::Member), Some(Pending)),
            (TRAINER, Some(GymRole::Member), None),
            (OTHER, Some(GymRole::Member), None),
        ] {
            assert_eq!(status_on_creation(caller, role, &new), want, "{caller} as {role:?} with {status:?}");
        }
    }
}

#[test]
fn idn_82_parties_of_a_relationship() {
    assert_eq!(party(TRAINER, false, TRAINER, MEMBER), Some(Party::Trainer));
    assert_eq!(party(MEMBER, false, TRAINER, MEMBER), Some(Party::Member));
    assert_eq!(party(MEMBER, true, TRAINER, MEMBER), Some(Party::Administrator));
    assert_eq!(party(OTHER, true, TRAINER, MEMBER), Some(Party::Administrator));
    assert_eq!(party(OTHER, false, TRAINER, MEMBER), None);
}

#[test]
fn idn_80_a_start_is_set_when_it_becomes_active_and_only_then() {
    let now = at(20);
    assert_eq!(dates_on_creation(Active, now), (Some(now), None));
    assert_eq!(dates_on_creation(Pending, now), (None, None));
    for before in [Pending, Paused] {
        assert_eq!(dates(&row(before, None, None), to(Active), now), (Some(now), None));
        assert_eq!(dates(&row(before, Some(3), None), to(Active), now), (Some(at(3)), None), "set once");
    }
    let given = RelationshipPatch { start_date: Some(Some(at(9))), ..to(Active) };
    assert_eq!(dates(&row(Pending, None, None), given, now), (Some(at(9)), None));
    let cleared = RelationshipPatch { start_date: Some(None), ..to(Active) };
    assert_eq!(dates(&row(Pending, Some(3), None), cleared, now), (Some(now), None));
    for status in [Pending, Paused, Terminated] {
        assert_eq!(dates(&row(status, None, None), to(status), now).0, None, "{status:?} stays without a start");
    }
    let notes = RelationshipPatch { notes: Some(None), ..Default::default() };
    assert_eq!(dates(&row(Active, None, None), notes, now), (None, None), "it did not become active");
}

#[test]
fn idn_81_an_end_is_set_on_termination_and_cleared_on_return() {
    let now = at(20);
    assert_eq!(dates_on_creation(Terminated, now), (None, Some(now)));
    for before in [Active, Paused, Pending] {
        assert_eq!(dates(&row(before, Some(3), None), to(Terminated), now), (Some(at(3)), Some(now)));
        assert_eq!(dates(&row(before, Some(3), Some(28)), to(Terminated), now).1, Some(now), "a planned end gives way");
        assert_eq!(dates(&row(before, Some(3), Some(28)), to(before), now).1, Some(at(28)));
    }
    let given = RelationshipPatch { end_date: Some(Some(at(25))), ..to(Terminated) };
    assert_eq!(dates(&row(Active, Some(3), None), given, now).1, Some(at(25)));
    let none = RelationshipPatch { end_date: Some(None), ..to(Terminated) };
    assert_eq!(dates(&row(Active, Some(3), None), none, now).1, Some(now));
    for after in [Active, Paused, Pending] {
        assert_eq!(dates(&row(Terminated, Some(3), Some(9)), to(after), now), (Some(at(3)), None));
        let given = RelationshipPatch { end_date: Some(Some(at(25))), ..to(after) };
        assert_eq!(dates(&row(Terminated, Some(3), Some(9)), given, now).1, Some(at(25)));
    }
    assert_eq!(dates(&row(Terminated, Some(3), Some(9)), to(Terminated), now).1, Some(at(9)), "it ended once");
}

#[test]
fn idn_81_the_member_ends_and_pauses_and_nothing_else() {
    for from in STATUSES {
        let row = row(from, Some(3), None);
        for wanted in STATUSES {
            let member = wanted == Terminated || wanted == from || (from == Active && wanted == Paused);
            assert_eq!(may_change(Party::Member, &row, &to(wanted)), member, "{from:?} to {wanted:?}");
            assert!(may_change(Party::Trainer, &row, &to(wanted)));
            assert!(may_change(Party::Administrator, &row, &to(wanted)));
        }
        for patch in [
            RelationshipPatch { notes: Some(None), ..to(Terminated) },
            RelationshipPatch { notes: Some(Some("mine".into())), ..Default::default() },
            RelationshipPatch { start_date: Some(None), ..to(Terminated) },
            RelationshipPatch { end_date: Some(Some(at(9))), ..to(Terminated) },
        ] {
            assert!(!may_change(Party::Member, &row, &patch), "{patch:?}");
            assert!(may_change(Party::Trainer, &row, &patch));
        }
        let same = RelationshipPatch {
            status: Some(Terminated),
            notes: Some(row.notes.clone()),
            start_date: Some(row.start_date),
            end_date: Some(row.end_date),
        };
        assert!(may_change(Party::Member, &row, &same), "what stands already is no change");
    }
}

#[test]
fn idn_81_an_end_before_the_start_is_refused_when_a_date_was_named() {
    let now = at(20);
    let end = |day| RelationshipPatch { end_date: Some(Some(at(day))), ..Default::default() };
    let start = |day| RelationshipPatch { start_date: Some(Some(at(day))), ..Default::default() };
    assert_eq!(change(&row(Active, Some(10), None), end(9), now), Err(EndBeforeStart));
    assert!(change(&row(Active, Some(10), None), end(10), now).is_ok());
    assert_eq!(change(&row(Active, Some(1), Some(5)), start(6), now), Err(EndBeforeStart));
    let planned = row(Pending, Some(28), None);
    assert_eq!(dates(&planned, to(Terminated), now), (Some(at(28)), Some(now)), "what never began can end");
}

#[test]
fn a_change_that_repeats_what_stands_writes_nothing() {
    let row = row(Paused, Some(3), None);
    let patch = RelationshipPatch {
        status: Some(Paused),
        notes: Some(row.notes.clone()),
        start_date: Some(row.start_date),
        end_date: Some(None),
    };
    assert_eq!(change(&row, patch, at(20)), Ok(Update::default()));
}

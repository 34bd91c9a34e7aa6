use super::*;
use crate::UserId;
use GoalType::*;
use proptest::prelude::*;
use serde_json::json;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Edge case 22.
#[test]
fn att_55_percent_of_the_way() {
    for (kind, start, current, target, percent) in [
        (WeightLoss, Some(80.0), 80.0, 70.0, 0.0),
        (WeightLoss, Some(80.0), 77.5, 70.0, 25.0),
        (WeightLoss, Some(80.0), 65.0, 70.0, 100.0), // overshoot
        (WeightLoss, Some(80.0), 82.0, 70.0, 0.0),   // upwards
        (WeightLoss, Some(70.0), 70.0, 70.0, 100.0), // nothing is needed
        (WeightLoss, Some(65.0), 90.0, 70.0, 100.0),
        (WeightLoss, None, 60.0, 70.0, 0.0),
        (BodyFatLoss, Some(30.0), 25.0, 20.0, 50.0),
        (WeightGain, Some(60.0), 63.0, 70.0, 30.0),
        (MuscleGain, Some(30.0), 29.0, 35.0, 0.0),
        (Strength, Some(0.0), 120.0, 100.0, 100.0),
        (Attendance, None, 9.0, 10.0, 0.0),
    ] {
        assert_eq!(progress(kind, start, current, target), percent, "{kind:?} {start:?} {current} {target}");
    }
}

/// Edge case 22.
#[test]
fn att_56_how_a_goal_stands_against_its_time() {
    use ProgressStatus::*;
    let (created, target) = ("2026-03-01", Some("2026-03-21"));
    for (percent, target, today, expected) in [
        (100.0, target, "2026-03-01", Completed),
        (99.9, target, "2026-03-11", Ahead),
        (60.0, target, "2026-03-11", Ahead), // half of the time is over
        (59.9, target, "2026-03-11", OnTrack),
        (40.0, target, "2026-03-11", OnTrack),
        (39.9, target, "2026-03-11", Behind),
        (0.0, target, "2026-03-01", OnTrack),
        (90.0, target, "2026-03-21", OnTrack), // the day itself
        (89.9, target, "2026-03-21", Behind),
        (95.0, target, "2026-04-21", OnTrack),            // it is over
        (50.0, Some("2026-03-01"), "2026-03-01", Behind), // no time at all
        (75.0, None, "2026-03-11", OnTrack),
        (74.9, None, "2026-03-11", Behind),
    ] {
        assert_eq!(
            status(percent, day(created), target.map(day), day(today)),
            expected,
            "{percent} {target:?} {today}"
        );
    }
}

#[test]
fn att_57_reached_from_above_or_from_below() {
    for (kind, current, target, reached) in [
        (WeightLoss, 70.1, 70.0, false),
        (WeightLoss, 70.0, 70.0, true),
        (BodyFatLoss, 25.0, 20.0, false),
        (BodyFatLoss, 19.0, 20.0, true),
        (WeightGain, 69.9, 70.0, false),
        (WeightGain, 70.0, 70.0, true),
        (Attendance, 11.0, 10.0, true),
    ] {
        assert_eq!(is_reached(kind, current, target), reached, "{kind:?} {current} {target}");
    }
}

#[test]
fn att_58_a_goal_of_weight_begins_at_the_weight_that_was_measured() {
    let goal = |kind: &str, more: serde_json::Value| {
        let mut body = json!({"goal_type": kind, "title": "x", "target_value": 70, "unit": "kg"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<NewGoal>(body).unwrap()
    };
    for (kind, more, weight, start, current) in [
        ("weight_loss", json!({"start_value": 99, "current_value": 98}), Some(80.0), Some(80.0), 80.0),
        ("weight_gain", json!({}), Some(60.0), Some(60.0), 60.0),
        ("weight_loss", json!({"start_value": 99}), None, Some(99.0), 99.0),
        ("weight_loss", json!({}), None, None, 0.0),
        ("strength", json!({"start_value": 5, "current_value": 6}), Some(80.0), Some(5.0), 6.0),
        ("strength", json!({"current_value": 6}), Some(80.0), Some(6.0), 6.0),
    ] {
        let row = goal(kind, more).row(UserId(1), weight);
        assert_eq!((row.start_value, row.current_value), (start, current), "{kind} {weight:?}");
    }
    assert!(goal("strength", json!({})).notifications_enabled);
}

#[test]
fn a_goal_lies_ahead_and_its_values_in_bounds() {
    let today = day("2026-03-10");
    let fine =
        json!({"goal_type": "strength", "title": "x", "target_value": 1, "unit": "kg", "target_date": "2026-03-10"});
    let check = |change: serde_json::Value| {
        let mut body = fine.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value::<NewGoal>(body).unwrap().check(today)
    };
    assert!(check(json!({})).is_ok());
    for bad in [
        json!({"target_date": "2026-03-09"}),
        json!({"target_date": "+10000-01-01"}),
        json!({"title": ""}),
        json!({"title": "x".repeat(256)}),
        json!({"unit": ""}),
        json!({"target_value": -1}),
        json!({"start_value": 1e7}),
    ] {
        assert!(check(bad.clone()).is_err(), "{bad}");
    }
    let patch = |body: serde_json::Value| serde_json::from_value::<GoalPatch>(body).unwrap();
    assert_eq!(patch(json!({"target_date": null})).change().target_date, Some(None));
    assert_eq!(patch(json!({})).change(), goal::Update::default());
    assert!(patch(json!({"target_date": "2026-03-09"})).check(today).is_err());
    for made_by_the_system in ["completed", "expired"] {
        assert!(serde_json::from_value::<GoalPatch>(json!({"status": made_by_the_system})).is_err());
    }
}

proptest! {
    #[test]
    fn att_55_progress_is_a_percentage_and_complete_when_reached(
        start in 0.0..200.0f64, current in 0.0..200.0f64, target in 0.0..200.0f64, kind in 0usize..4,
    ) {
        let kind = [WeightLoss, WeightGain, BodyFatLoss, Endurance][kind];
        let percent = progress(kind, Some(start), current, target);
        prop_assert!((0.0..=100.0).contains(&percent));
        if is_reached(kind, current, target) {
            prop_assert_eq!(percent, 100.0);
        }
    }
}

use super::*;
use crate::kernel::validation::check;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

fn ratings(counts: [i64; 5]) -> Ratings {
    let [one, two, three, four, five] = counts;
    Ratings { one, two, three, four, five }
}

#[test]
fn sch_100_the_first_thing_that_stands_against_a_review() {
    use ParticipationStatus::{Attended, Cancelled, NoShow, Registered};
    use SessionStatus::{Cancelled as Off, Completed, InProgress, Scheduled};
    let now: DateTime<Utc> = "2026-03-02T18:00:00Z".parse().unwrap();
    for (status, ended, own, reviewed, expected) in [
        (Completed, 0, Some(Attended), false, Ok(())),
        (Completed, 60, Some(Attended), true, Err(ReviewRefusal::AlreadyReviewed)),
        (Completed, 60, Some(Registered), false, Err(ReviewRefusal::NotAttended)),
        (Completed, 60, Some(NoShow), false, Err(ReviewRefusal::NotAttended)),
        (Completed, 60, Some(Cancelled), true, Err(ReviewRefusal::NotAttended)),
        (Completed, 60, None, false, Err(ReviewRefusal::NotAttended)),
        (Completed, -1, None, false, Err(ReviewRefusal::NotOver)),
        (Scheduled, -1, None, false, Err(ReviewRefusal::NotCompleted)),
        (InProgress, 60, Some(Attended), false, Err(ReviewRefusal::NotCompleted)),
        (Off, 60, Some(Attended), false, Err(ReviewRefusal::NotCompleted)),
    ] {
        let review = reviewed.then_some(ReviewId(1));
        let ground = Ground { status, end_time: now - TimeDelta::seconds(ended), own, review };
        assert_eq!(ground.review(now), expected, "{ground:?}");
    }
}

#[test]
fn sch_101_bounds_of_a_review() {
    for (body, good) in [
        (json!({"rating": 1, "comment": "x".repeat(1000)}), true),
        (json!({"rating": 5, "comment": null}), true),
        (json!({"rating": 0}), false),
        (json!({"rating": 6}), false),
        (json!({"rating": 5, "comment": "x".repeat(1001)}), false),
    ] {
        let mut new = body.clone();
        new.as_object_mut().unwrap().insert("session_id".into(), json!(1));
        let new: NewReview = serde_json::from_value(new).unwrap();
        let patch: ReviewPatch = serde_json::from_value(body.clone()).unwrap();
        assert_eq!((check(&new).is_ok(), check(&patch).is_ok()), (good, good), "{body}");
    }
    assert!(serde_json::from_value::<ReviewPatch>(json!({"rating": 4.5})).is_err());
}

#[test]
fn sch_103_averages_are_rounded_half_up_to_two_decimals() {
    for (counts, average) in [
        ([0, 0, 0, 0, 0], 0.0),
        ([0, 0, 0, 1, 2], 4.67), // 4.666…
        ([0, 0, 0, 2, 1], 4.33),
        ([1, 0, 0, 0, 0], 1.0),
        ([0, 0, 0, 7, 1], 4.13),  // 4.125
        ([0, 0, 0, 1, 199], 5.0), // 4.995
        ([0, 0, 0, 2, 198], 4.99),
    ] {
        assert_eq!(ratings(counts).average(), average, "{counts:?}");
    }
    let keys: Vec<_> = ratings([0, 3, 0, 0, 1]).distribution().into_iter().collect();
    assert_eq!(keys, [("1", 0), ("2", 3), ("3", 0), ("4", 0), ("5", 1)].map(|(k, n)| (k.to_owned(), n)));
}

proptest! {
    #[test]
    fn sch_103_an_average_is_nowhere_further_off_than_half_a_hundredth(counts in prop::array::uniform5(0_i64..100_000)) {
        let all = ratings(counts);
        prop_assume!(all.total() > 0);
        let sum: i64 = counts.iter().zip(1..).map(|(count, rating)| count * rating).sum();
        let exact = sum as f64 / all.total() as f64;
        prop_assert!((all.average() - exact).abs() <= 0.005 + 1e-9);
        prop_assert!((1.0..=5.0).contains(&all.average()));
    }
}

#[test]
fn sch_104_names_without_the_empty_parts() {
    for (first, last, expected) in [
        (Some("Ana"), Some("Ruiz"), Some("Ana Ruiz")),
        (Some("Ana"), None, Some("Ana")),
        (None, Some(" Ruiz "), Some("Ruiz")),
        (Some(""), Some(""), None),
        (Some(" "), None, None),
        (None, None, None),
    ] {
        assert_eq!(name(first, last).as_deref(), expected, "{first:?} {last:?}");
    }
}

use super::*;
use crate::{GoalId, GymId};

#[test]
fn att_23_streak_milestones_with_their_rarity_and_points() {
    let table: Vec<_> = STREAKS.map(Milestone::Streak).map(|m| (m.target(), m.rarity(), m.points())).to_vec();
    use Rarity::{Common, Epic, Legendary, Rare};
    let expected = [
        (3, Common, 10),
        (7, Common, 10),
        (14, Rare, 25),
        (30, Rare, 25),
        (60, Epic, 50),
        (90, Epic, 50),
        (180, Legendary, 100),
        (365, Legendary, 100),
    ];
    assert_eq!(table, expected);
    let row = Milestone::Streak(7).earned(UserId(3), "2026-03-02T18:00:00Z".parse().unwrap());
    assert_eq!((row.achievement_type, row.value, row.is_milestone), (AchievementType::AttendanceStreak, 7.0, true));
    assert_eq!((row.icon.as_str(), row.unit.as_deref(), row.source_id), ("🔥", Some("días"), None));
}

#[test]
fn att_24_class_milestones_with_their_rarity_and_points() {
    let table: Vec<_> = CLASSES.map(Milestone::Classes).map(|m| (m.target(), m.rarity(), m.points())).to_vec();
    use Rarity::{Common, Epic, Legendary, Rare};
    let expected = [
        (10, Common, 5),
        (25, Common, 12),
        (50, Rare, 25),
        (100, Epic, 50),
        (250, Legendary, 125),
        (500, Legendary, 250),
    ];
    assert_eq!(table, expected);
    let row = Milestone::Classes(10).earned(UserId(3), "2026-03-02T18:00:00Z".parse().unwrap());
    assert_eq!((row.achievement_type, row.value, row.is_milestone), (AchievementType::ClassMilestone, 10.0, true));
    assert_eq!((row.icon.as_str(), row.unit.as_deref()), ("🏆", Some("clases")));
}

#[test]
fn att_22_everything_up_to_here_is_reached() {
    for (streak, classes, reached_so_far) in [
        (0, 0, vec![]),
        (2, 9, vec![]),
        (3, 9, vec![Milestone::Streak(3)]),
        (8, 25, vec![Milestone::Streak(3), Milestone::Streak(7), Milestone::Classes(10), Milestone::Classes(25)]),
    ] {
        assert_eq!(reached(Progress { streak, classes }), reached_so_far);
    }
    assert_eq!(reached(Progress { streak: 4000, classes: 4000 }).len(), STREAKS.len() + CLASSES.len());
}

#[test]
fn att_27_of_each_kind_the_next_that_is_not_earned() {
    let shown = |streak, classes, earned: &[Milestone]| {
        let next = next(Progress { streak, classes }, |m| earned.contains(&m));
        next.iter().map(|n| (n.milestone, n.current, n.percentage)).collect::<Vec<_>>()
    };
    use Milestone::{Classes, Streak};
    assert_eq!(shown(0, 0, &[]), [(Streak(3), 0, 0.0), (Classes(10), 0, 0.0)]);
    assert_eq!(shown(2, 5, &[]), [(Streak(3), 2, 200.0 / 3.0), (Classes(10), 5, 50.0)]);
    assert_eq!(shown(1, 5, &[]), [(Classes(10), 5, 50.0), (Streak(3), 1, 100.0 / 3.0)]);
    // a run that was broken: what it earned is not promised again
    assert_eq!(shown(1, 10, &[Streak(3), Classes(10)]), [(Classes(25), 10, 40.0), (Streak(7), 1, 100.0 / 7.0)]);
    assert_eq!(shown(3, 10, &[]), [(Streak(7), 3, 300.0 / 7.0), (Classes(25), 10, 40.0)]);
    assert_eq!(shown(365, 499, &[]), [(Classes(500), 499, 99.8)]);
    let all: Vec<_> = STREAKS.map(Streak).into_iter().chain(CLASSES.map(Classes)).collect();
    assert_eq!(shown(0, 0, &all), []);
    assert_eq!(shown(1000, 1000, &[]), []);
}

#[test]
fn att_25_a_goal_earns_what_was_gained_or_lost() {
    let at: DateTime<Utc> = "2026-03-02T18:00:00Z".parse().unwrap();
    let goal = |goal_type, start_value| goal::Model {
        id: GoalId(8),
        user_id: UserId(3),
        gym_id: GymId(1),
        goal_type,
        title: "t".repeat(255),
        description: None,
        target_value: 70.0,
        current_value: 80.0,
        start_value,
        unit: "kg".into(),
        target_date: None,
        status: goal::GoalStatus::Active,
        is_public: false,
        notifications_enabled: true,
        created_at: at,
        updated_at: at,
        completed_at: None,
    };
    for (kind, start, current, icon, value) in [
        (GoalType::WeightLoss, Some(80.5), 70.0, "⚖️", 10.5),
        (GoalType::WeightGain, Some(60.0), 70.0, "💪", 10.0),
        (GoalType::Strength, Some(50.0), 71.0, "🎯", 21.0),
        (GoalType::Attendance, None, 70.0, "🎯", 0.0),
    ] {
        let row = of_goal(&goal(kind, start), current, at);
        assert_eq!((row.icon.as_str(), row.value), (icon, value), "{kind:?}");
        assert!(goal_of(&row.title).starts_with("tt"), "{}", row.title);
        assert_eq!(
            (row.achievement_type, row.rarity, row.points_awarded),
            (AchievementType::WeightGoal, Rarity::Rare, 50)
        );
        assert_eq!((row.source_id, row.unit.as_deref(), row.is_milestone), (Some(GoalId(8)), Some("kg"), true));
        assert!(row.title.chars().count() <= 255);
    }
}

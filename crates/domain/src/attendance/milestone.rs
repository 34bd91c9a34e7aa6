//! What is earned, and what is next (ATT-23 … ATT-27).
use super::{
    achievement::{self, AchievementType, Rarity},
    goal::{self, GoalType},
};
use crate::UserId;
use chrono::{DateTime, Utc};

/// Days in a row (ATT-23).
pub const STREAKS: [u32; 8] = [3, 7, 14, 30, 60, 90, 180, 365];
/// Classes attended in the gym (ATT-24).
pub const CLASSES: [u32; 6] = [10, 25, 50, 100, 250, 500];
/// Entries of a list of next milestones (ATT-27).
pub const NEXT_AT_MOST: usize = 5;

/// What a member has come to in a gym.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Days in a row: those of the longest run where something is awarded, of the current where it is shown.
    pub streak: u32,
    pub classes: u32,
}

/// A mark that is earned once per member and gym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    Streak(u32),
    Classes(u32),
}

impl Milestone {
    pub fn kind(self) -> AchievementType {
        match self {
            Self::Streak(_) => AchievementType::AttendanceStreak,
            Self::Classes(_) => AchievementType::ClassMilestone,
        }
    }

    pub fn target(self) -> u32 {
        match self {
            Self::Streak(n) | Self::Classes(n) => n,
        }
    }

    pub fn rarity(self) -> Rarity {
        match self {
            Self::Streak(..14) | Self::Classes(..50) => Rarity::Common,
            Self::Streak(14..60) | Self::Classes(50..100) => Rarity::Rare,
            Self::Streak(60..180) | Self::Classes(100..250) => Rarity::Epic,
            Self::Streak(180..) | Self::Classes(250..) => Rarity::Legendary,
        }
    }

    pub fn points(self) -> i32 {
        match self {
            Self::Streak(_) => match self.rarity() {
                Rarity::Common => 10,
                Rarity::Rare => 25,
                Rarity::Epic => 50,
                Rarity::Legendary => 100,
            },
            Self::Classes(n) => i32::try_from(n / 2).unwrap_or(i32::MAX),
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Self::Streak(_) => "🔥",
            Self::Classes(_) => "🏆",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Self::Streak(_) => "días",
            Self::Classes(_) => "clases",
        }
    }

    /// In the language of the units; it is kept with the row.
    pub fn title(self) -> String {
        match self {
            Self::Streak(n) => format!("Racha de {n} días"),
            Self::Classes(n) => format!("{n} clases"),
        }
    }

    /// Of what was done.
    fn earned_by(self) -> String {
        match self {
            Self::Streak(n) => format!("Has entrenado {n} días seguidos."),
            Self::Classes(n) => format!("Has asistido a {n} clases."),
        }
    }

    /// Of what is to be done.
    pub fn asks_for(self) -> String {
        match self {
            Self::Streak(n) => format!("Entrena {n} días seguidos."),
            Self::Classes(n) => format!("Asiste a {n} clases."),
        }
    }

    /// The row to insert.
    pub fn earned(self, user: UserId, at: DateTime<Utc>) -> achievement::Create {
        achievement::Create {
            user_id: user,
            achievement_type: self.kind(),
            title: self.title(),
            description: self.earned_by(),
            icon: self.icon().to_owned(),
            value: self.target().into(),
            unit: Some(self.unit().to_owned()),
            rarity: self.rarity(),
            earned_at: at,
            is_milestone: true,
            points_awarded: self.points(),
            source_id: None,
        }
    }
}

/// Everything that this progress has earned, ever (ATT-22).
pub fn reached(progress: Progress) -> Vec<Milestone> {
    let streaks = STREAKS.into_iter().filter(|n| *n <= progress.streak).map(Milestone::Streak);
    let classes = CLASSES.into_iter().filter(|n| *n <= progress.classes).map(Milestone::Classes);
    streaks.chain(classes).collect()
}

/// A milestone to come, with how far the member is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Next {
    pub milestone: Milestone,
    pub current: u32,
    /// 0.0 … 100.0
    pub percentage: f64,
}

/// Of each kind the smallest above what the member has now that is not earned yet, the nearest to completion first
/// (ATT-27).
pub fn next(progress: Progress, is_earned: impl Fn(Milestone) -> bool) -> Vec<Next> {
    let of = |targets: &[u32], current: u32, milestone: fn(u32) -> Milestone| {
        let open = targets.iter().copied().filter(|target| *target > current).map(milestone);
        let milestone = open.into_iter().find(|m| !is_earned(*m))?;
        let percentage = (100.0 * f64::from(current) / f64::from(milestone.target())).min(100.0);
        Some(Next { milestone, current, percentage })
    };
    let streak = of(&STREAKS, progress.streak, Milestone::Streak);
    let classes = of(&CLASSES, progress.classes, Milestone::Classes);
    let mut next: Vec<_> = streak.into_iter().chain(classes).collect();
    next.sort_by(|a, b| b.percentage.total_cmp(&a.percentage));
    next.truncate(NEXT_AT_MOST);
    next
}

/// What the title of a goal's achievement begins with; the goal's own title follows.
const GOAL_REACHED: &str = "Objetivo cumplido: ";

/// The goal that the title of an achievement names.
pub fn goal_of(title: &str) -> &str {
    title.strip_prefix(GOAL_REACHED).unwrap_or(title)
}

/// What a completed goal earns (ATT-25). `current` is the value that completed it.
pub fn of_goal(goal: &goal::Model, current: f64, at: DateTime<Utc>) -> achievement::Create {
    let value = (current - goal.start_value.unwrap_or(current)).abs();
    achievement::Create {
        user_id: goal.user_id,
        achievement_type: AchievementType::WeightGoal,
        title: format!("{GOAL_REACHED}{}", goal.title).chars().take(255).collect(),
        description: format!("Has alcanzado {} {}.", goal.target_value, goal.unit),
        icon: match goal.goal_type {
            GoalType::WeightLoss => "⚖️",
            GoalType::WeightGain => "💪",
            _ => "🎯",
        }
        .to_owned(),
        value,
        unit: Some(goal.unit.clone()),
        rarity: Rarity::Rare,
        earned_at: at,
        is_milestone: true,
        points_awarded: 50,
        source_id: Some(goal.id),
    }
}

#[cfg(test)]
#[path = "milestone_tests.rs"]
mod tests;

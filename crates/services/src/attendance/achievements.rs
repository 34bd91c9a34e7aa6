//! What a member has earned in a gym, and what is next (ATT-26, ATT-27).
use crate::{
    Actor, Core, Page, Ports, Result, Settings,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AchievementId, GymId, UserId,
    attendance::{
        achievement::{AchievementType, Rarity},
        milestone::{self, Milestone, Progress},
        streak,
    },
    identity::GymRole,
    kernel::timezone::local_day,
};
use ports::cache::{Bytes, encode};
use repository::attendance::achievements::Earned;
use serde::Serialize;
use utoipa::ToSchema;

/// Something earned.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AchievementResponse)]
pub struct Achievement {
    pub id: AchievementId,
    pub achievement_type: AchievementType,
    pub title: String,
    pub description: String,
    pub icon: String,
    pub value: f64,
    pub unit: Option<String>,
    /// `common`, `rare`, `epic` or `legendary`
    pub rarity: String,
    pub is_milestone: bool,
    pub points_awarded: i32,
    pub earned_at: DateTime<Utc>,
}

impl From<Earned> for Achievement {
    fn from(row: Earned) -> Self {
        Self {
            id: row.id,
            achievement_type: row.achievement_type,
            title: row.title,
            description: row.description,
            icon: row.icon,
            value: row.value,
            unit: row.unit,
            rarity: row.rarity,
            is_milestone: row.is_milestone,
            points_awarded: row.points_awarded,
            earned_at: row.earned_at,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct AchievementsByRarity {
    pub common: Vec<Achievement>,
    pub rare: Vec<Achievement>,
    pub epic: Vec<Achievement>,
    pub legendary: Vec<Achievement>,
}

/// Everything earned, newest first in each list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = UserAchievementsResponse)]
pub struct UserAchievements {
    pub user_id: UserId,
    pub gym_id: GymId,
    pub total_achievements: usize,
    pub total_points: i64,
    pub achievements_by_rarity: AchievementsByRarity,
    /// The newest five.
    pub recent_achievements: Vec<Achievement>,
}

/// A milestone to come.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NextMilestone {
    pub achievement_type: AchievementType,
    pub title: String,
    pub description: String,
    pub icon: &'static str,
    pub current_value: f64,
    pub target_value: f64,
    pub unit: &'static str,
    #[schema(minimum = 0.0, maximum = 100.0)]
    pub progress_percentage: f64,
    pub rarity: Rarity,
    pub points_to_earn: i32,
}

impl From<milestone::Next> for NextMilestone {
    fn from(next: milestone::Next) -> Self {
        let milestone = next.milestone;
        Self {
            achievement_type: milestone.kind(),
            title: milestone.title(),
            description: milestone.asks_for(),
            icon: milestone.icon(),
            current_value: next.current.into(),
            target_value: milestone.target().into(),
            unit: milestone.unit(),
            progress_percentage: next.percentage,
            rarity: milestone.rarity(),
            points_to_earn: milestone.points(),
        }
    }
}

/// The nearest to completion first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = NextMilestonesResponse)]
pub struct NextMilestones {
    pub user_id: UserId,
    pub gym_id: GymId,
    pub next_milestones: Vec<NextMilestone>,
}

/// The caller's achievements in this gym, as the JSON that is sent.
#[async_trait]
pub trait Achievements: Send + Sync {
    /// [`UserAchievements`]. Member guard.
    async fn earned(&self, actor: &Actor) -> Result<Bytes>;
    /// [`NextMilestones`], by the streak and the count of now. Member guard.
    async fn next(&self, actor: &Actor) -> Result<Bytes>;
}

pub struct AchievementService {
    core: Core,
}

const RECENT: usize = 5;

/// More than anybody can earn.
const ALL: Page = Page { skip: 0, limit: Page::MAX };

impl AchievementService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

fn view(user: UserId, gym: GymId, earned: Vec<Earned>) -> UserAchievements {
    let all: Vec<_> = earned.into_iter().map(Achievement::from).collect();
    let of = |rarity: &str| all.iter().filter(|a| a.rarity == rarity).cloned().collect();
    UserAchievements {
        user_id: user,
        gym_id: gym,
        total_achievements: all.len(),
        total_points: all.iter().map(|a| i64::from(a.points_awarded)).sum(),
        achievements_by_rarity: AchievementsByRarity {
            common: of("common"),
            rare: of("rare"),
            epic: of("epic"),
            legendary: of("legendary"),
        },
        recent_achievements: all.iter().take(RECENT).cloned().collect(),
    }
}

#[async_trait]
impl Achievements for AchievementService {
    async fn earned(&self, actor: &Actor) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, user, gym) = (&self.core, actor.user_id(), actor.gym_id());
        let load = async || {
            let earned = core.stores.earned.of_member(&core.db, gym, user, ALL).await?;
            Ok(encode(&view(user, gym, earned)))
        };
        core.cache.bytes_or_load(&CacheKey::MemberStats(user, gym).ns(), "achievements", LIST_TTL, load).await
    }

    async fn next(&self, actor: &Actor) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, user, gym) = (&self.core, actor.user_id(), actor.gym_id());
        let zone = &actor.gym().timezone;
        let today = local_day(core.clock.now(), zone);
        let load = async || {
            let attended = core.stores.attended_days.attended(&core.db, gym, user, None).await?;
            let earned = core.stores.earned.of_member(&core.db, gym, user, ALL).await?;
            let progress = Progress {
                streak: streak::current(&streak::days(attended.iter().copied(), zone), today),
                classes: u32::try_from(attended.len()).unwrap_or(u32::MAX),
            };
            let is_earned = |milestone: Milestone| {
                let (kind, value) = (milestone.kind(), f64::from(milestone.target()));
                earned.iter().any(|row| row.achievement_type == kind && row.value == value)
            };
            let next = milestone::next(progress, is_earned).into_iter().map(NextMilestone::from).collect();
            Ok(encode(&NextMilestones { user_id: user, gym_id: gym, next_milestones: next }))
        };
        // a streak ends with a day, and nobody writes then; the gym's zone says when that is
        let key = format!("next_milestones:{zone}:{today}");
        core.cache.bytes_or_load(&CacheKey::MemberStats(user, gym).ns(), &key, LIST_TTL, load).await
    }
}

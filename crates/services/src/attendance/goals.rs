//! One's own goals (ATT-55 … ATT-58).
use super::figures::of_goal;
use crate::{Actor, Core, Error, Page, Refusal, Result, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    GoalId, GymId, UserId,
    attendance::{
        goal::{self, GoalStatus, GoalType},
        goal_progress::{self, GoalPatch, NewGoal, ProgressStatus},
        milestone,
    },
    identity::{GymRole, gym},
    kernel::{timezone::local_day, validation::Invalid},
};
use repository::Tx;
use serde::Serialize;
use utoipa::ToSchema;

pub const GOAL_NOT_FOUND: Refusal =
    Refusal::not_found("goal_not_found", "There is no such goal.", "El objetivo no existe.");
pub const GOAL_COMPLETED: Refusal = Refusal::bad_request(
    "goal_completed",
    "The goal is reached: its state no longer changes.",
    "El objetivo está cumplido: su estado ya no cambia.",
);

/// A member's goal.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = UserGoal)]
pub struct Goal {
    pub id: GoalId,
    pub user_id: UserId,
    pub gym_id: GymId,
    pub goal_type: GoalType,
    pub title: String,
    pub description: Option<String>,
    pub target_value: f64,
    pub current_value: f64,
    pub start_value: Option<f64>,
    pub unit: String,
    pub target_date: Option<NaiveDate>,
    pub status: GoalStatus,
    pub is_public: bool,
    pub notifications_enabled: bool,
    /// Percent.
    pub progress_percentage: f64,
    /// Against the time that it has.
    pub progress_status: ProgressStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}

impl Goal {
    /// `zone` is the gym's.
    fn of(row: goal::Model, now: DateTime<Utc>, zone: &str) -> Self {
        let progress = of_goal(&row, now, zone);
        Self {
            id: row.id,
            user_id: row.user_id,
            gym_id: row.gym_id,
            goal_type: row.goal_type,
            title: row.title,
            description: row.description,
            target_value: row.target_value,
            current_value: row.current_value,
            start_value: row.start_value,
            unit: row.unit,
            target_date: row.target_date,
            status: row.status,
            is_public: row.is_public,
            notifications_enabled: row.notifications_enabled,
            progress_percentage: progress.progress_percentage,
            progress_status: progress.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
        }
    }
}

/// The caller's own goals in the gym. Member guard.
#[async_trait]
pub trait Goals: Send + Sync {
    /// A goal of weight starts at the weight that was measured last (ATT-58).
    async fn set(&self, actor: &Actor, goal: NewGoal) -> Result<Goal>;
    /// Those in a state, the newest first.
    async fn list(&self, actor: &Actor, status: GoalStatus, page: Page) -> Result<Vec<Goal>>;
    /// One that is reached by the change is completed with it (ATT-57).
    ///
    /// # Errors
    /// [`GOAL_NOT_FOUND`], [`GOAL_COMPLETED`].
    async fn change(&self, actor: &Actor, goal: GoalId, patch: GoalPatch) -> Result<Goal>;
}

pub struct GoalService {
    core: Core,
}

impl GoalService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

impl Core {
    /// Completes those of these goals that are active and reached, and keeps what they earn, in the transaction that
    /// reached them (ATT-25, ATT-57); the member is told, unless a goal is not to be spoken of (NTF-93). Returns those
    /// that were completed.
    pub(super) async fn complete_reached(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        goals: &[goal::Model],
        now: DateTime<Utc>,
    ) -> Result<Vec<goal::Model>> {
        let reached = |goal: &&goal::Model| {
            goal.status == GoalStatus::Active
                && goal_progress::is_reached(goal.goal_type, goal.current_value, goal.target_value)
        };
        let reached: Vec<_> = goals.iter().filter(reached).map(|goal| goal.id).collect();
        let completed = self.stores.wanted.complete(tx, gym.id, &reached, now).await?;
        let earned = completed.iter().map(|goal| milestone::of_goal(goal, goal.current_value, now)).collect();
        let earned = self.stores.earned.award(tx, gym.id, earned).await?;
        for goal in completed.iter().filter(|goal| goal.notifications_enabled) {
            if let Some(earned) = earned.iter().find(|row| row.source_id == Some(goal.id)) {
                self.unlocked(tx, gym, earned).await?;
            }
        }
        Ok(completed)
    }
}

#[async_trait]
impl Goals for GoalService {
    async fn set(&self, actor: &Actor, goal: NewGoal) -> Result<Goal> {
        actor.must_be(GymRole::Member)?;
        let (core, stores, gym, user) = (&self.core, &self.core.stores, actor.gym_id(), actor.user_id());
        let (now, zone) = (core.clock.now(), &actor.gym().timezone);
        goal.check(local_day(now, zone))?;
        let row = core
            .db
            .run(async |tx| {
                let measured = if goal.goal_type.is_of_weight() {
                    // held, so that no measurement comes between the look and the goal that begins with it
                    stores.users.by_id_for_update(&tx, user).await?;
                    stores.measured.latest_weight(&tx, gym, user).await?
                } else {
                    None
                };
                let row = goal.clone().row(user, measured.map(|(_, weight)| weight));
                Ok::<_, Error>(stores.goals.create(&tx, gym, row).await?)
            })
            .await?;
        core.committed(&[CacheKey::MemberStats(user, gym)]).await;
        Ok(Goal::of(row, now, zone))
    }

    async fn list(&self, actor: &Actor, status: GoalStatus, page: Page) -> Result<Vec<Goal>> {
        actor.must_be(GymRole::Member)?;
        let (core, now) = (&self.core, self.core.clock.now());
        let rows = core.stores.wanted.of_user(&core.db, actor.gym_id(), actor.user_id(), status, page).await?;
        Ok(rows.into_iter().map(|row| Goal::of(row, now, &actor.gym().timezone)).collect())
    }

    async fn change(&self, actor: &Actor, goal: GoalId, patch: GoalPatch) -> Result<Goal> {
        actor.must_be(GymRole::Member)?;
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        let (now, zone) = (core.clock.now(), &actor.gym().timezone);
        let today = local_day(now, zone);
        patch.check(today)?;
        let row = core
            .db
            .run(async |tx| {
                let row = stores.goals.get_for_update(&tx, gym, goal).await?;
                let row = row.filter(|row| row.user_id == actor.user_id()).ok_or(GOAL_NOT_FOUND)?;
                if row.status == GoalStatus::Completed && patch.status.is_some() {
                    return Err(GOAL_COMPLETED.into());
                }
                if patch.lacks_time(&row, today) {
                    return Err(Invalid::field("target_date", "is over").into());
                }
                let row = stores.goals.update(&tx, gym, goal, patch.clone().change()).await?;
                let completed = core.complete_reached(&tx, actor.gym(), std::slice::from_ref(&row), now).await?;
                Ok::<_, Error>(completed.into_iter().next().unwrap_or(row))
            })
            .await?;
        core.committed(&[CacheKey::MemberStats(actor.user_id(), gym)]).await;
        Ok(Goal::of(row, now, zone))
    }
}

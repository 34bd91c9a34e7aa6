//! What members want to reach.
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    GoalId, GymId, UserId,
    attendance::goal::{Column as G, Entity, GoalStatus, GoalType, Model},
    identity::gym,
    kernel::time,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};
use std::collections::BTreeSet;

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Goals: Send + Sync {
    /// A member's goals in a state, the newest first.
    async fn of_user(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        status: GoalStatus,
        page: Page,
    ) -> Result<Vec<Model>>;
    /// Sets the weight of a member's active goals of weight, and returns these (ATT-59).
    async fn weigh(&self, conn: &Conn, gym: GymId, user: UserId, weight: f64) -> Result<Vec<Model>>;
    /// Completes those of these goals that are active, and returns them (ATT-57).
    async fn complete(&self, conn: &Conn, gym: GymId, goals: &[GoalId], at: DateTime<Utc>) -> Result<Vec<Model>>;
    /// The zones of gyms where an active goal may be over, by their IANA names: its date is before this one.
    async fn zones_of_due(&self, conn: &Conn, before: NaiveDate) -> Result<BTreeSet<String>>;
    /// Ends active goals of the gyms of a zone whose date is before this one; whose they were.
    async fn expire(&self, conn: &Conn, zone: &str, before: NaiveDate) -> Result<BTreeSet<(GymId, UserId)>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaGoals;

fn of_gym() -> sea_orm::RelationDef {
    Entity::belongs_to(gym::Entity).from(G::GymId).to(gym::Column::Id).into()
}

/// As a literal, so that the partial index is seen to fit.
fn is_active() -> sea_orm::sea_query::SimpleExpr {
    Expr::cust("user_goals.status = 'active'")
}

#[async_trait]
impl Goals for SeaGoals {
    async fn of_user(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        status: GoalStatus,
        page: Page,
    ) -> Result<Vec<Model>> {
        let goals = scope::select::<Entity>(gym)
            .filter(G::UserId.eq(user))
            .filter(G::Status.eq(status))
            .order_by_desc(G::CreatedAt)
            .order_by_desc(G::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(goals.all(&conn.executor()?).await?)
    }

    async fn weigh(&self, conn: &Conn, gym: GymId, user: UserId, weight: f64) -> Result<Vec<Model>> {
        let weighed = scope::update::<Entity>(gym)
            .col_expr(G::CurrentValue, Expr::value(weight))
            .col_expr(G::UpdatedAt, Expr::value(time::now()))
            .filter(G::UserId.eq(user))
            .filter(G::Status.eq(GoalStatus::Active))
            .filter(G::GoalType.is_in(GoalType::OF_WEIGHT));
        Ok(weighed.exec_with_returning(&conn.executor()?).await?)
    }

    async fn complete(&self, conn: &Conn, gym: GymId, goals: &[GoalId], at: DateTime<Utc>) -> Result<Vec<Model>> {
        if goals.is_empty() {
            return Ok(Vec::new());
        }
        let completed = scope::update::<Entity>(gym)
            .col_expr(G::Status, Expr::value(GoalStatus::Completed.to_value()))
            .col_expr(G::CompletedAt, Expr::value(at))
            .col_expr(G::UpdatedAt, Expr::value(time::now()))
            .filter(G::Id.is_in(goals.iter().copied()))
            .filter(G::Status.eq(GoalStatus::Active));
        Ok(completed.exec_with_returning(&conn.executor()?).await?)
    }

    #[allow(clippy::disallowed_methods, reason = "the platform's clock looks over all gyms")]
    async fn zones_of_due(&self, conn: &Conn, before: NaiveDate) -> Result<BTreeSet<String>> {
        let zones = Entity::find()
            .select_only()
            .column(gym::Column::Timezone)
            .distinct()
            .join(JoinType::InnerJoin, of_gym())
            .filter(is_active())
            .filter(G::TargetDate.lt(before));
        let zones: Vec<String> = zones.into_tuple().all(&conn.executor()?).await?;
        Ok(zones.into_iter().collect())
    }

    #[allow(clippy::disallowed_methods, reason = "the platform's clock looks over all gyms")]
    async fn expire(&self, conn: &Conn, zone: &str, before: NaiveDate) -> Result<BTreeSet<(GymId, UserId)>> {
        let there = gym::Entity::find().select_only().column(gym::Column::Id).filter(gym::Column::Timezone.eq(zone));
        let expired = Entity::update_many()
            .col_expr(G::Status, Expr::value(GoalStatus::Expired.to_value()))
            .col_expr(G::UpdatedAt, Expr::value(time::now()))
            .filter(is_active())
            .filter(G::TargetDate.lt(before))
            .filter(G::GymId.in_subquery(there.into_query()));
        let expired = expired.exec_with_returning(&conn.executor()?).await?;
        Ok(expired.into_iter().map(|goal| (goal.gym_id, goal.user_id)).collect())
    }
}

//! What has been earned.
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AchievementId, GymId, UserId,
    attendance::achievement::{self, AchievementType, ActiveModel, Column as C, Entity},
    kernel::time,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

/// A row as it is shown. Its rarity is a text: rows that were taken over may hold one that nobody knows (ATT-26).
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Earned {
    pub id: AchievementId,
    pub achievement_type: AchievementType,
    pub title: String,
    pub description: String,
    pub icon: String,
    pub value: f64,
    pub unit: Option<String>,
    pub rarity: String,
    pub is_milestone: bool,
    pub points_awarded: i32,
    pub earned_at: DateTime<Utc>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Achievements: Send + Sync {
    /// Inserts those that are not earned yet, and passes over those that are (ATT-22). Returns the new ones.
    async fn award(&self, conn: &Conn, gym: GymId, earned: Vec<achievement::Create>)
    -> Result<Vec<achievement::Model>>;
    /// A member's own, newest first.
    async fn of_member(&self, conn: &Conn, gym: GymId, user: UserId, page: Page) -> Result<Vec<Earned>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaEarned;

#[async_trait]
impl Achievements for SeaEarned {
    async fn award(
        &self,
        conn: &Conn,
        gym: GymId,
        earned: Vec<achievement::Create>,
    ) -> Result<Vec<achievement::Model>> {
        if earned.is_empty() {
            return Ok(Vec::new());
        }
        let now = time::now();
        let rows = earned.into_iter().map(|row| ActiveModel {
            gym_id: Set(gym),
            created_at: Set(now),
            updated_at: Set(now),
            ..row.into_active_model()
        });
        // the key is an expression, and no conflict target names it on both databases
        let earned_already = OnConflict::new().do_nothing().to_owned();
        Ok(Entity::insert_many(rows).on_conflict(earned_already).exec_with_returning(&conn.executor()?).await?)
    }

    async fn of_member(&self, conn: &Conn, gym: GymId, user: UserId, page: Page) -> Result<Vec<Earned>> {
        let earned = scope::select::<Entity>(gym)
            .select_only()
            .columns([
                C::Id,
                C::AchievementType,
                C::Title,
                C::Description,
                C::Icon,
                C::Value,
                C::Unit,
                C::Rarity,
                C::IsMilestone,
                C::PointsAwarded,
                C::EarnedAt,
            ])
            .filter(C::UserId.eq(user))
            .order_by_desc(C::EarnedAt)
            .order_by_desc(C::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(earned.into_model().all(&conn.executor()?).await?)
    }
}

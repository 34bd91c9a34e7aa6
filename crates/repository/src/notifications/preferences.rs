//! What people do not want to be told.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    kernel::time,
    notifications::preference::{Column as C, Create, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Preferences: Send + Sync {
    /// One person's, in the order of their kinds.
    async fn of_user(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Vec<Model>>;
    /// Writes these; what was said of other kinds and channels stands. No two may be of one kind and channel.
    async fn save(&self, conn: &Conn, gym: GymId, said: Vec<Create>) -> Result<()>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaSaidPreferences;

/// The catalogue is shorter than this, on two channels.
const MOST: u64 = 500;

#[async_trait]
impl Preferences for SeaSaidPreferences {
    async fn of_user(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Vec<Model>> {
        let own = scope::select::<Entity>(gym)
            .filter(C::UserId.eq(user))
            .order_by_asc(C::Kind)
            .order_by_asc(C::Channel)
            .limit(MOST);
        Ok(own.all(&conn.executor()?).await?)
    }

    async fn save(&self, conn: &Conn, gym: GymId, said: Vec<Create>) -> Result<()> {
        if said.is_empty() {
            return Ok(());
        }
        let now = time::now();
        let rows = said.into_iter().map(|said| {
            let mut row = said.into_active_model();
            row.gym_id = Set(gym);
            row.created_at = Set(now);
            row.updated_at = Set(now);
            row
        });
        let there = OnConflict::columns([C::GymId, C::UserId, C::Kind, C::Channel])
            .update_columns([C::Enabled, C::UpdatedAt])
            .to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }
}

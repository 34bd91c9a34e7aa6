//! What a gym decides about the notifications of its people: one row, or none.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use domain::{
    GymId,
    kernel::time,
    notifications::settings::{ActiveModel, Column as C, Create, Entity, Model, Update},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{self, Set},
    EntityTrait, IntoActiveModel, Iterable,
    sea_query::OnConflict,
};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait NotificationSettings: Send + Sync {
    /// The gym's row; a gym without one has the defaults.
    async fn of_gym(&self, conn: &Conn, gym: GymId) -> Result<Option<Model>>;
    /// Changes what `patch` names, in one statement; a gym without a row gets one.
    async fn save(&self, conn: &Conn, gym: GymId, patch: Update) -> Result<Option<Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaSettings;

#[async_trait]
impl NotificationSettings for SeaSettings {
    async fn of_gym(&self, conn: &Conn, gym: GymId) -> Result<Option<Model>> {
        Ok(scope::select::<Entity>(gym).one(&conn.executor()?).await?)
    }

    async fn save(&self, conn: &Conn, gym: GymId, patch: Update) -> Result<Option<Model>> {
        let (now, patch) = (time::now(), patch.into_active_model());
        let mut row: ActiveModel = Create::default().into_active_model();
        let mut changed = vec![C::UpdatedAt];
        for column in C::iter() {
            if let ActiveValue::Set(value) = patch.get(column) {
                row.set(column, value);
                changed.push(column);
            }
        }
        row.gym_id = Set(gym);
        row.created_at = Set(now);
        row.updated_at = Set(now);
        let there = OnConflict::column(C::GymId).update_columns(changed).to_owned();
        let saved = Entity::insert_many([row]).on_conflict(there);
        Ok(saved.exec_with_returning(&conn.executor()?).await?.pop())
    }
}

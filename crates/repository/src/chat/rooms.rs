//! Rooms, and the events that they belong to.
use super::SeaChatRooms;
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use domain::{
    EventId, GymId,
    chat::room::{Column as R, Create, Entity, Model},
    kernel::time,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::OnConflict};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait ChatRooms: Send + Sync {
    /// The room of an event; there is at most one.
    async fn of_event(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<Model>>;
    /// Makes a room, unless its event or its channel has one.
    async fn offer(&self, conn: &Conn, gym: GymId, room: Create) -> Result<()>;
}

#[async_trait]
impl ChatRooms for SeaChatRooms {
    async fn of_event(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<Model>> {
        Ok(scope::select::<Entity>(gym).filter(R::EventId.eq(event)).one(&conn.executor()?).await?)
    }

    async fn offer(&self, conn: &Conn, gym: GymId, room: Create) -> Result<()> {
        let now = time::now();
        let mut row = room.into_active_model();
        row.gym_id = Set(gym);
        row.created_at = Set(now);
        row.updated_at = Set(now);
        // whichever of the two is taken
        let taken = OnConflict::new().do_nothing().to_owned();
        Entity::insert(row).on_conflict(taken).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }
}

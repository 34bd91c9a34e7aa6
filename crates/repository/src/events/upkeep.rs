//! What the clock and the workers do to events, over all gyms at once.
#![allow(clippy::disallowed_methods)] // the clock is no tenant's: each row says which gym it is of
use super::SeaEvents;
use crate::{Conn, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    EventId, GymId,
    chat::room::{self, Column as R, RoomStatus},
    events::event::{self, Column as E},
    kernel::time,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::Expr,
};

/// An event that failed to complete more often than this is for people to look at (EVT-83).
pub const MAX_COMPLETION_ATTEMPTS: i32 = 10;

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait EventUpkeep: Send + Sync {
    /// Up to `max` `SCHEDULED` events that are over and did not fail too often, by (end, id), behind `after`.
    async fn due(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: Option<(DateTime<Utc>, EventId)>,
        max: u64,
    ) -> Result<Vec<event::Model>>;
    /// Which gym an event is of.
    async fn gym_of(&self, conn: &Conn, event: EventId) -> Result<Option<GymId>>;
    /// Counts a completion that failed.
    async fn count_failure(&self, conn: &Conn, event: EventId) -> Result<()>;
    /// Up to `max` open rooms of events that ended, or were cancelled, before this instant, behind `after`, by id.
    async fn rooms_over(
        &self,
        conn: &Conn,
        before: DateTime<Utc>,
        after: domain::ChatRoomId,
        max: u64,
    ) -> Result<Vec<room::Model>>;
}

fn room_event() -> RelationDef {
    room::Entity::belongs_to(event::Entity).from((R::GymId, R::EventId)).to((E::GymId, E::Id)).into()
}

#[async_trait]
impl EventUpkeep for SeaEvents {
    async fn due(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: Option<(DateTime<Utc>, EventId)>,
        max: u64,
    ) -> Result<Vec<event::Model>> {
        let behind = after.map(|(end, id)| {
            Condition::any().add(E::EndTime.gt(end)).add(Condition::all().add(E::EndTime.eq(end)).add(E::Id.gt(id)))
        });
        let due = event::Entity::find()
            // as a literal, so that the partial index is seen to fit
            .filter(Expr::cust("events.status = 'SCHEDULED'"))
            .filter(E::EndTime.lte(now))
            .filter(E::CompletionAttempts.lte(MAX_COMPLETION_ATTEMPTS))
            .filter(Condition::all().add_option(behind))
            .order_by_asc(E::EndTime)
            .order_by_asc(E::Id)
            .limit(max);
        Ok(due.all(&conn.executor()?).await?)
    }

    async fn gym_of(&self, conn: &Conn, event: EventId) -> Result<Option<GymId>> {
        let gym = event::Entity::find().select_only().column(E::GymId).filter(E::Id.eq(event));
        Ok(gym.into_tuple().one(&conn.executor()?).await?)
    }

    async fn count_failure(&self, conn: &Conn, event: EventId) -> Result<()> {
        event::Entity::update_many()
            .col_expr(E::CompletionAttempts, Expr::col(E::CompletionAttempts).add(1))
            .col_expr(E::UpdatedAt, Expr::value(time::now()))
            .filter(E::Id.eq(event))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn rooms_over(
        &self,
        conn: &Conn,
        before: DateTime<Utc>,
        after: domain::ChatRoomId,
        max: u64,
    ) -> Result<Vec<room::Model>> {
        let over = Condition::any().add(E::EndTime.lt(before)).add(E::CancellationDate.lt(before));
        let rooms = room::Entity::find()
            .join(JoinType::InnerJoin, room_event())
            .filter(R::Status.eq(RoomStatus::Active))
            .filter(R::Id.gt(after))
            .filter(over)
            .order_by_asc(R::Id)
            .limit(max);
        Ok(rooms.all(&conn.executor()?).await?)
    }
}

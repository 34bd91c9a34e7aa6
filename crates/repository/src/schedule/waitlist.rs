//! The queues of full sessions. Like seats they are changed under the lock of the session's row alone.
use super::seat_state::theirs;
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId, WaitlistEntryId,
    kernel::time,
    schedule::{
        session::{self, Column as S},
        waitlist::{self, Column as W, WaitlistStatus},
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, SelectStatement},
};

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Waiting {
    pub id: WaitlistEntryId,
    pub session_id: SessionId,
    pub member_id: UserId,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Waitlists: Send + Sync {
    /// A member's place in the queue of a held session.
    async fn own_place(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        member: UserId,
    ) -> Result<Option<waitlist::Model>>;
    /// The queues of these sessions, each in its order.
    async fn queue(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<Waiting>>;
    /// Ends places in queues by their ids.
    async fn resolve(
        &self,
        conn: &Conn,
        gym: GymId,
        places: &[WaitlistEntryId],
        to: WaitlistStatus,
        at: DateTime<Utc>,
    ) -> Result<()>;
    /// Ends the places in the queues of these sessions, everybody's or one member's, and returns them.
    async fn leave(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
        to: WaitlistStatus,
        at: DateTime<Utc>,
    ) -> Result<Vec<waitlist::Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaWaitlists;

/// Those who wait; as a literal, so that the partial index is seen to fit.
fn is_waiting() -> sea_orm::sea_query::SimpleExpr {
    Expr::cust("class_waitlist_entry.status = 'waiting'")
}

/// How many wait for the session of the outer statement.
pub(super) fn waiting(gym: GymId) -> SelectStatement {
    scope::select::<waitlist::Entity>(gym)
        .select_only()
        .column_as(W::Id.count(), "n")
        .filter(Expr::col((waitlist::Entity, W::SessionId)).equals((session::Entity, S::Id)))
        .filter(is_waiting())
        .into_query()
}

/// A member's place in the queue of the session of the outer statement.
pub(super) fn place_of(gym: GymId, member: UserId) -> SelectStatement {
    scope::select::<waitlist::Entity>(gym)
        .select_only()
        .column(W::Id)
        .filter(Expr::col((waitlist::Entity, W::SessionId)).equals((session::Entity, S::Id)))
        .filter(W::MemberId.eq(member))
        .filter(is_waiting())
        .into_query()
}

/// Places in queues end.
fn resolved(gym: GymId, to: WaitlistStatus, at: DateTime<Utc>) -> sea_orm::UpdateMany<waitlist::Entity> {
    scope::update::<waitlist::Entity>(gym)
        .col_expr(W::Status, Expr::value(to.to_value()))
        .col_expr(W::ResolvedAt, Expr::value(at))
        .col_expr(W::UpdatedAt, Expr::value(time::now()))
        .filter(W::Status.eq(WaitlistStatus::Waiting))
}

#[async_trait]
impl Waitlists for SeaWaitlists {
    async fn own_place(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        member: UserId,
    ) -> Result<Option<waitlist::Model>> {
        let row = scope::select::<waitlist::Entity>(gym)
            .filter(W::SessionId.eq(session))
            .filter(W::MemberId.eq(member))
            .filter(W::Status.eq(WaitlistStatus::Waiting));
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn queue(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<Waiting>> {
        let waiting = scope::select::<waitlist::Entity>(gym)
            .select_only()
            .columns([W::Id, W::SessionId, W::MemberId])
            .filter(W::SessionId.is_in(sessions.iter().copied()))
            .filter(is_waiting())
            .order_by_asc(W::SessionId)
            .order_by_asc(W::JoinedAt)
            .order_by_asc(W::Id);
        Ok(waiting.into_model().all(&conn.executor()?).await?)
    }

    async fn resolve(
        &self,
        conn: &Conn,
        gym: GymId,
        places: &[WaitlistEntryId],
        to: WaitlistStatus,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        resolved(gym, to, at).filter(W::Id.is_in(places.iter().copied())).exec(&conn.executor()?).await?;
        Ok(())
    }

    async fn leave(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
        to: WaitlistStatus,
        at: DateTime<Utc>,
    ) -> Result<Vec<waitlist::Model>> {
        let left = resolved(gym, to, at).filter(theirs((W::SessionId, sessions), (W::MemberId, member)));
        Ok(left.exec_with_returning(&conn.executor()?).await?)
    }
}

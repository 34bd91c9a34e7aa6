//! The queues of full sessions. Like seats they are changed under the lock of the session's row alone.
use super::{
    seat_state::theirs,
    seats::{capacity, session_class},
};
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId, WaitlistEntryId,
    kernel::time,
    schedule::{
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
        waitlist::{self, Column as W, WaitlistStatus},
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Alias, Expr, Query, SelectStatement, SimpleExpr},
};

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Waiting {
    pub id: WaitlistEntryId,
    pub session_id: SessionId,
    pub member_id: UserId,
}

/// A place in a queue, and how many stand before it.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Queued {
    #[sea_orm(nested)]
    pub place: waitlist::Model,
    pub ahead: i64,
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
    /// The same, and how many stand before it (SCH-81).
    async fn own_queued(&self, conn: &Conn, gym: GymId, session: SessionId, member: UserId) -> Result<Option<Queued>>;
    /// The queue of a session in its order, a page of it.
    async fn in_order(&self, conn: &Conn, gym: GymId, session: SessionId, page: Page) -> Result<Vec<waitlist::Model>>;
    /// A member's places, the oldest first, each with how many stand before it.
    async fn of_member(&self, conn: &Conn, gym: GymId, member: UserId, page: Page) -> Result<Vec<Queued>>;
    /// Sessions after this id, of any gym, where somebody waits although a seat is free, and that have not started.
    async fn neglected(
        &self,
        conn: &Conn,
        after: SessionId,
        now: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<(GymId, SessionId)>>;
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
pub(super) fn is_waiting() -> SimpleExpr {
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

/// Places in queues with how many stand before each.
fn queued(gym: GymId, member: UserId) -> Select<waitlist::Entity> {
    let ahead = Alias::new("ahead");
    let col = |column: W| Expr::col((ahead.clone(), column));
    let own = |column: W| Expr::col((waitlist::Entity, column));
    let before =
        col(W::JoinedAt).lt(own(W::JoinedAt)).or(col(W::JoinedAt).eq(own(W::JoinedAt)).and(col(W::Id).lt(own(W::Id))));
    let ahead = Query::select()
        .expr(Expr::col((ahead.clone(), W::Id)).count())
        .from_as(waitlist::Entity, ahead.clone())
        .and_where(col(W::GymId).eq(gym))
        .and_where(col(W::SessionId).equals((waitlist::Entity, W::SessionId)))
        .and_where(Expr::cust("ahead.status = 'waiting'"))
        .and_where(before)
        .to_owned();
    scope::select::<waitlist::Entity>(gym)
        .expr_as(SimpleExpr::from(ahead), "ahead")
        .filter(W::MemberId.eq(member))
        .filter(is_waiting())
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

    async fn own_queued(&self, conn: &Conn, gym: GymId, session: SessionId, member: UserId) -> Result<Option<Queued>> {
        let own = queued(gym, member).filter(W::SessionId.eq(session));
        Ok(own.into_model().one(&conn.executor()?).await?)
    }

    async fn in_order(&self, conn: &Conn, gym: GymId, session: SessionId, page: Page) -> Result<Vec<waitlist::Model>> {
        let places = scope::select::<waitlist::Entity>(gym)
            .filter(W::SessionId.eq(session))
            .filter(is_waiting())
            .order_by_asc(W::JoinedAt)
            .order_by_asc(W::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(places.all(&conn.executor()?).await?)
    }

    async fn of_member(&self, conn: &Conn, gym: GymId, member: UserId, page: Page) -> Result<Vec<Queued>> {
        let places =
            queued(gym, member).order_by_asc(W::JoinedAt).order_by_asc(W::Id).offset(page.skip).limit(page.limit);
        Ok(places.into_model().all(&conn.executor()?).await?)
    }

    /// Over all gyms: the clock's question, and nobody's request.
    #[allow(clippy::disallowed_methods)]
    async fn neglected(
        &self,
        conn: &Conn,
        after: SessionId,
        now: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<(GymId, SessionId)>> {
        let seats = Query::select()
            .expr(Expr::col(P::Id).count())
            .from(participation::Entity)
            .and_where(Expr::col((participation::Entity, P::SessionId)).equals((session::Entity, S::Id)))
            .and_where(
                Expr::col((participation::Entity, P::Status)).is_in(ParticipationStatus::SEATED.map(|s| s.to_value())),
            )
            .to_owned();
        let waiting = Query::select()
            .expr(Expr::value(1))
            .from(waitlist::Entity)
            .and_where(Expr::col((waitlist::Entity, W::SessionId)).equals((session::Entity, S::Id)))
            .and_where(is_waiting())
            .to_owned();
        let rows = session::Entity::find()
            .select_only()
            .columns([S::GymId, S::Id])
            .join(JoinType::InnerJoin, session_class())
            .filter(S::Status.eq(SessionStatus::Scheduled))
            .filter(S::StartTime.gt(now))
            .filter(S::Id.gt(after))
            .filter(Expr::exists(waiting))
            .filter(SimpleExpr::from(seats).lt(capacity()))
            .order_by_asc(S::Id)
            .limit(limit);
        Ok(rows.into_tuple().all(&conn.executor()?).await?)
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

//! What the clock does to sessions, over all gyms at once.
#![allow(clippy::disallowed_methods)] // the clock is no tenant's: each row says which gym it is of
use super::{SeaSessions, seats::occupied_anywhere};
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId,
    kernel::time,
    schedule::{
        session::{self, Column as S, SessionStatus},
        waitlist::{self, Column as W, WaitlistStatus},
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType, SimpleExpr},
};
use std::ops::Range;

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait SessionUpkeep: Send + Sync {
    /// Up to `max` sessions whose time has come to be in this state (`in_progress` or `completed`), locked in the order
    /// of their ids.
    async fn due(&self, conn: &Conn, to: SessionStatus, now: DateTime<Utc>, max: u64) -> Result<Vec<SessionId>>;
    /// Moves those of these sessions on whose time has come; returns them with their gyms.
    async fn advance(
        &self,
        conn: &Conn,
        sessions: &[SessionId],
        to: SessionStatus,
        now: DateTime<Utc>,
    ) -> Result<Vec<(SessionId, GymId)>>;
    /// Ends the queues of sessions that have begun (SCH-84).
    async fn expire_queues(&self, conn: &Conn, sessions: &[SessionId], now: DateTime<Utc>) -> Result<u64>;
    /// Up to `max` sessions that start within these instants and whose members were not reminded yet, in the order of
    /// gyms and ids.
    async fn to_remind(&self, conn: &Conn, within: Range<DateTime<Utc>>, max: u64) -> Result<Vec<(GymId, SessionId)>>;
    /// Takes the reminders of those of these sessions that still start within these instants and have not had theirs;
    /// of two that ask for the same session one gets it.
    async fn take_reminders(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        within: Range<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<Vec<SessionId>>;
    /// Up to `max` sessions to come, after `after`, whose counter is not the number of their seated rows, in the order
    /// of ids.
    async fn miscounted(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: SessionId,
        max: u64,
    ) -> Result<Vec<(SessionId, GymId)>>;
}

/// The status is said as a literal, so that the partial indexes are seen to fit.
fn time_has_come(to: SessionStatus, now: DateTime<Utc>) -> Condition {
    match to {
        SessionStatus::Completed => Condition::all()
            .add(Expr::cust("class_session.status IN ('scheduled', 'in_progress')"))
            .add(S::EndTime.lte(now)),
        _ => Condition::all()
            .add(Expr::cust("class_session.status = 'scheduled'"))
            .add(S::StartTime.lte(now))
            .add(S::EndTime.gt(now)),
    }
}

fn unreminded(within: &Range<DateTime<Utc>>) -> Condition {
    Condition::all()
        .add(Expr::cust("class_session.status = 'scheduled'"))
        .add(S::StartTime.gte(within.start))
        .add(S::StartTime.lt(within.end))
        .add(S::ReminderSentAt.is_null())
}

#[async_trait]
impl SessionUpkeep for SeaSessions {
    async fn due(&self, conn: &Conn, to: SessionStatus, now: DateTime<Utc>, max: u64) -> Result<Vec<SessionId>> {
        let due = session::Entity::find()
            .select_only()
            .column(S::Id)
            .filter(time_has_come(to, now))
            .order_by_asc(S::Id)
            .limit(max)
            .lock(LockType::NoKeyUpdate);
        Ok(due.into_tuple().all(&conn.executor()?).await?)
    }

    async fn advance(
        &self,
        conn: &Conn,
        sessions: &[SessionId],
        to: SessionStatus,
        now: DateTime<Utc>,
    ) -> Result<Vec<(SessionId, GymId)>> {
        let advanced = session::Entity::update_many()
            .col_expr(S::Status, Expr::value(to.to_value()))
            .col_expr(S::UpdatedAt, Expr::value(time::now()))
            .filter(S::Id.is_in(sessions.iter().copied()))
            .filter(time_has_come(to, now))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(advanced.into_iter().map(|s| (s.id, s.gym_id)).collect())
    }

    async fn expire_queues(&self, conn: &Conn, sessions: &[SessionId], now: DateTime<Utc>) -> Result<u64> {
        let expired = waitlist::Entity::update_many()
            .col_expr(W::Status, Expr::value(WaitlistStatus::Expired.to_value()))
            .col_expr(W::ResolvedAt, Expr::value(now))
            .col_expr(W::UpdatedAt, Expr::value(time::now()))
            .filter(W::SessionId.is_in(sessions.iter().copied()))
            .filter(Expr::cust("class_waitlist_entry.status = 'waiting'"))
            .exec(&conn.executor()?)
            .await?;
        Ok(expired.rows_affected)
    }

    async fn to_remind(&self, conn: &Conn, within: Range<DateTime<Utc>>, max: u64) -> Result<Vec<(GymId, SessionId)>> {
        let ids = session::Entity::find()
            .select_only()
            .columns([S::GymId, S::Id])
            .filter(unreminded(&within))
            .order_by_asc(S::GymId)
            .order_by_asc(S::Id)
            .limit(max);
        Ok(ids.into_tuple().all(&conn.executor()?).await?)
    }

    async fn take_reminders(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        within: Range<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<Vec<SessionId>> {
        let taken = scope::update::<session::Entity>(gym)
            .col_expr(S::ReminderSentAt, Expr::value(at))
            .filter(S::Id.is_in(sessions.iter().copied()))
            .filter(unreminded(&within))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(taken.into_iter().map(|s| s.id).collect())
    }

    async fn miscounted(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: SessionId,
        max: u64,
    ) -> Result<Vec<(SessionId, GymId)>> {
        let wrong = session::Entity::find()
            .select_only()
            .columns([S::Id, S::GymId])
            .filter(S::StartTime.gt(now))
            .filter(S::Id.gt(after))
            .filter(Expr::col((session::Entity, S::CurrentParticipants)).ne(SimpleExpr::from(occupied_anywhere())))
            .order_by_asc(S::Id)
            .limit(max);
        Ok(wrong.into_tuple().all(&conn.executor()?).await?)
    }
}

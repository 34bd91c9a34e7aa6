//! What the schedule counts of a whole gym.
use super::seats::session_class;
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId,
    schedule::{
        class::{self, Column as K},
        session::{self, Column as S, SessionStatus},
    },
};
use sea_orm::{
    ColumnTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

/// Classes of a gym, and the seats of its sessions of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct GymFigures {
    pub active_classes: i64,
    taken: Option<i64>,
    seats: Option<i64>,
}

impl GymFigures {
    pub fn taken(&self) -> i64 {
        self.taken.unwrap_or_default()
    }
    pub fn seats(&self) -> i64 {
        self.seats.unwrap_or_default()
    }
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait ScheduleFigures: Send + Sync {
    /// Active classes, and the seats of sessions that were not cancelled and started from `since` up to `now`, in one
    /// statement.
    async fn of_gym(&self, conn: &Conn, gym: GymId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<GymFigures>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaScheduleFigures;

#[async_trait]
impl ScheduleFigures for SeaScheduleFigures {
    async fn of_gym(&self, conn: &Conn, gym: GymId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<GymFigures> {
        let held = |sum: SimpleExpr| {
            let sessions = scope::select::<session::Entity>(gym)
                .select_only()
                .expr(sum)
                .join(JoinType::InnerJoin, session_class())
                .filter(S::Status.ne(SessionStatus::Cancelled))
                .filter(S::StartTime.gte(since))
                .filter(S::StartTime.lte(now));
            SimpleExpr::from(sessions.into_query())
        };
        let seats =
            Expr::col((session::Entity, S::OverrideCapacity)).if_null(Expr::col((class::Entity, K::MaxCapacity)));
        let figures = scope::select::<class::Entity>(gym)
            .select_only()
            .column_as(K::Id.count(), "active_classes")
            .expr_as(held(Expr::col((session::Entity, S::CurrentParticipants)).sum()), "taken")
            .expr_as(held(seats.sum()), "seats")
            .filter(K::IsActive.eq(true));
        Ok(figures.into_model().one(&conn.executor()?).await?.unwrap_or_default())
    }
}

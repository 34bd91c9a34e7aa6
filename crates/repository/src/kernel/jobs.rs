use crate::{Conn, Result};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::kernel::{
    job::{ActiveModel, Column as C, Entity, Model},
    time,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};

/// When scheduled jobs run next, and how they ended.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Makes the job known; one that is known already keeps its time.
    async fn register(&self, conn: &Conn, name: &str, first_run: DateTime<Utc>) -> Result<()>;
    /// Takes the job when it is due and nobody holds it; of any number of instances one gets it.
    async fn claim(&self, conn: &Conn, name: &str, lease: &str, holds: TimeDelta) -> Result<Option<Model>>;
    /// Makes the job due now, for an operator.
    async fn trigger(&self, conn: &Conn, name: &str) -> Result<bool>;
    /// Holds a running job longer; false when another instance has it.
    async fn hold(&self, conn: &Conn, name: &str, lease: &str, holds: TimeDelta) -> Result<bool>;
    /// Keeps what a job that works in steps has reached, and holds it longer.
    async fn checkpoint(
        &self,
        conn: &Conn,
        name: &str,
        lease: &str,
        progress: serde_json::Value,
        holds: TimeDelta,
    ) -> Result<bool>;
    async fn finish(&self, conn: &Conn, name: &str, lease: &str, outcome: &str, next: DateTime<Utc>) -> Result<bool>;
    async fn all(&self, conn: &Conn) -> Result<Vec<Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaJobs;

#[async_trait]
impl Jobs for SeaJobs {
    async fn register(&self, conn: &Conn, name: &str, first_run: DateTime<Utc>) -> Result<()> {
        let row = ActiveModel { name: Set(name.to_owned()), next_run_at: Set(first_run), ..Default::default() };
        let known = OnConflict::column(C::Name).do_nothing().to_owned();
        Entity::insert(row).on_conflict(known).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn claim(&self, conn: &Conn, name: &str, lease: &str, holds: TimeDelta) -> Result<Option<Model>> {
        let now = time::now();
        let rows = Entity::update_many()
            .col_expr(C::Lease, Expr::value(lease))
            .col_expr(C::LeasedUntil, Expr::value(now + holds))
            .col_expr(C::LastStartedAt, Expr::value(now))
            .filter(C::Name.eq(name))
            .filter(C::NextRunAt.lte(now))
            .filter(Condition::any().add(C::LeasedUntil.is_null()).add(C::LeasedUntil.lt(now)))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(rows.into_iter().next())
    }

    async fn trigger(&self, conn: &Conn, name: &str) -> Result<bool> {
        let now = time::now();
        let triggered = Entity::update_many()
            .col_expr(C::NextRunAt, Expr::value(now))
            .filter(C::Name.eq(name))
            .filter(Condition::any().add(C::LeasedUntil.is_null()).add(C::LeasedUntil.lt(now)))
            .exec(&conn.executor()?)
            .await?;
        Ok(triggered.rows_affected == 1)
    }

    async fn hold(&self, conn: &Conn, name: &str, lease: &str, holds: TimeDelta) -> Result<bool> {
        let held = Entity::update_many()
            .col_expr(C::LeasedUntil, Expr::value(time::now() + holds))
            .filter(C::Name.eq(name))
            .filter(C::Lease.eq(lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(held.rows_affected == 1)
    }

    async fn checkpoint(
        &self,
        conn: &Conn,
        name: &str,
        lease: &str,
        progress: serde_json::Value,
        holds: TimeDelta,
    ) -> Result<bool> {
        let kept = Entity::update_many()
            .col_expr(C::Progress, Expr::value(progress))
            .col_expr(C::LeasedUntil, Expr::value(time::now() + holds))
            .filter(C::Name.eq(name))
            .filter(C::Lease.eq(lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(kept.rows_affected == 1)
    }

    async fn finish(&self, conn: &Conn, name: &str, lease: &str, outcome: &str, next: DateTime<Utc>) -> Result<bool> {
        let finished = Entity::update_many()
            .col_expr(C::Lease, Expr::value(Option::<String>::None))
            .col_expr(C::LeasedUntil, Expr::value(Option::<DateTime<Utc>>::None))
            .col_expr(C::LastFinishedAt, Expr::value(time::now()))
            .col_expr(C::LastOutcome, Expr::value(outcome))
            .col_expr(C::Progress, Expr::value(Option::<serde_json::Value>::None))
            .col_expr(C::NextRunAt, Expr::value(next))
            .filter(C::Name.eq(name))
            .filter(C::Lease.eq(lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(finished.rows_affected == 1)
    }

    async fn all(&self, conn: &Conn) -> Result<Vec<Model>> {
        Ok(Entity::find().order_by_asc(C::Name).all(&conn.executor()?).await?)
    }
}

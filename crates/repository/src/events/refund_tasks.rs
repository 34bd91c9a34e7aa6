//! Money that is to go back: one task at a time is one worker's.
//!
//! A worker takes a task by moving its next attempt beyond the time that a refund may take; who comes meanwhile finds
//! it not due. One that dies loses the task when that time is over, and its successor asks the payment service by the
//! same key.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    EventId, EventParticipationId, EventRefundTaskId, GymId,
    events::{
        event::{self, Column as E},
        refund_task::{self, Column as T, RefundKind, RefundState},
    },
    kernel::time,
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, UpdateMany,
    sea_query::{Alias, CommonTableExpression, Expr, ExprTrait, LockBehavior, LockType, OnConflict, Query},
};

/// Which tasks a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Of all gyms.
    Due,
    OfEvent(GymId, EventId),
    One(GymId, EventRefundTaskId),
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait RefundTasks: Send + Sync {
    /// Writes tasks; for a payment that has one already it does nothing. Returns those that are new.
    async fn add(&self, conn: &Conn, gym: GymId, tasks: Vec<refund_task::Create>) -> Result<Vec<refund_task::Model>>;
    /// Takes tasks that are due at `now`, until `until`: each is one attempt.
    async fn claim(
        &self,
        conn: &Conn,
        wanted: Wanted,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        max: u64,
    ) -> Result<Vec<refund_task::Model>>;
    /// Ends a task that is still pending; `None` when somebody else did.
    async fn settle(
        &self,
        conn: &Conn,
        gym: GymId,
        task: EventRefundTaskId,
        to: refund_task::Update,
    ) -> Result<Option<refund_task::Model>>;
    /// Takes back what was not sent yet of these rows' refunds for want of a seat; returns whose (EVT-45).
    async fn withdraw(
        &self,
        conn: &Conn,
        gym: GymId,
        rows: &[EventParticipationId],
    ) -> Result<Vec<EventParticipationId>>;
    /// What became of a payment, unless its task was withdrawn.
    async fn of_payment(&self, conn: &Conn, gym: GymId, intent: &str) -> Result<Option<refund_task::Model>>;
    /// Those of these rows that are not through.
    async fn open_of(&self, conn: &Conn, gym: GymId, rows: &[EventParticipationId]) -> Result<Vec<refund_task::Model>>;
    /// Ends the tasks of a row that were for cash, which has been given back by hand.
    async fn settle_cash(&self, conn: &Conn, gym: GymId, row: EventParticipationId) -> Result<()>;
    /// Gives a task that failed for good its attempts again, the first at `now`.
    async fn revive(
        &self,
        conn: &Conn,
        gym: GymId,
        task: EventRefundTaskId,
        now: DateTime<Utc>,
    ) -> Result<Option<refund_task::Model>>;
    /// Takes back that a row's payment is kept: the member does not take part anew after all.
    async fn forget_kept(&self, conn: &Conn, gym: GymId, row: EventParticipationId, intent: &str) -> Result<()>;
    /// Adds to what an event has given back.
    async fn count(&self, conn: &Conn, gym: GymId, event: EventId, cents: i32) -> Result<()>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaRefundTasks;

/// Clippy's closed door is open for the clock, which looks over all gyms.
#[allow(clippy::disallowed_methods)]
fn taken(wanted: Wanted) -> (sea_orm::Select<refund_task::Entity>, UpdateMany<refund_task::Entity>) {
    match wanted {
        Wanted::Due => (refund_task::Entity::find(), refund_task::Entity::update_many()),
        Wanted::OfEvent(gym, event) => (
            scope::select::<refund_task::Entity>(gym).filter(T::EventId.eq(event)),
            scope::update::<refund_task::Entity>(gym),
        ),
        Wanted::One(gym, id) => {
            (scope::select::<refund_task::Entity>(gym).filter(T::Id.eq(id)), scope::update::<refund_task::Entity>(gym))
        }
    }
}

#[async_trait]
impl RefundTasks for SeaRefundTasks {
    async fn add(&self, conn: &Conn, gym: GymId, tasks: Vec<refund_task::Create>) -> Result<Vec<refund_task::Model>> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let now = time::now();
        let rows = tasks.into_iter().map(|task| refund_task::ActiveModel {
            gym_id: Set(gym),
            attempts: Set(0),
            created_at: Set(now),
            updated_at: Set(now),
            ..sea_orm::IntoActiveModel::into_active_model(task)
        });
        let known = OnConflict::columns([T::ParticipationId, T::PaymentIntentId])
            .target_and_where(Expr::cust("state <> 'withdrawn'"))
            .do_nothing()
            .to_owned();
        let added = refund_task::Entity::insert_many(rows).on_conflict(known);
        Ok(added.exec_with_returning(&conn.executor()?).await?)
    }

    async fn claim(
        &self,
        conn: &Conn,
        wanted: Wanted,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        max: u64,
    ) -> Result<Vec<refund_task::Model>> {
        let (select, update) = taken(wanted);
        let ids = select
            .select_only()
            .column(T::Id)
            // as a literal: a bound value does not name the partial index
            .filter(Expr::cust("state = 'pending'"))
            .filter(T::NextAttemptAt.lte(now))
            .order_by_asc(T::NextAttemptAt)
            .order_by_asc(T::Id)
            .limit(max)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_query();
        let chosen = Alias::new("chosen");
        let mut table = CommonTableExpression::new();
        table.table_name(chosen.clone()).column(T::Id).query(ids);
        let ids = Query::select().column(T::Id).from(chosen).to_owned();
        let mut claim = update
            .col_expr(T::Attempts, Expr::col(T::Attempts).add(1))
            .col_expr(T::NextAttemptAt, Expr::value(until))
            .col_expr(T::UpdatedAt, Expr::value(time::now()))
            .filter(T::Id.in_subquery(ids))
            // seen again under the row's lock
            .filter(T::State.eq(RefundState::Pending))
            .filter(T::NextAttemptAt.lte(now));
        QueryTrait::query(&mut claim).with_cte(table);
        Ok(claim.exec_with_returning(&conn.executor()?).await?)
    }

    async fn settle(
        &self,
        conn: &Conn,
        gym: GymId,
        task: EventRefundTaskId,
        to: refund_task::Update,
    ) -> Result<Option<refund_task::Model>> {
        let mut values = sea_orm::IntoActiveModel::into_active_model(to);
        values.updated_at = Set(time::now());
        let settled = scope::update::<refund_task::Entity>(gym)
            .set(values)
            .filter(T::Id.eq(task))
            .filter(T::State.is_in(RefundState::OPEN))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(settled.into_iter().next())
    }

    async fn withdraw(
        &self,
        conn: &Conn,
        gym: GymId,
        rows: &[EventParticipationId],
    ) -> Result<Vec<EventParticipationId>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let withdrawn = scope::update::<refund_task::Entity>(gym)
            .col_expr(T::State, Expr::value(RefundState::Withdrawn.to_value()))
            .col_expr(T::UpdatedAt, Expr::value(time::now()))
            .filter(T::ParticipationId.is_in(rows.iter().copied()))
            .filter(T::Kind.eq(RefundKind::Unseated))
            .filter(T::State.eq(RefundState::Pending))
            .filter(T::Attempts.eq(0))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(withdrawn.into_iter().map(|task| task.participation_id).collect())
    }

    async fn of_payment(&self, conn: &Conn, gym: GymId, intent: &str) -> Result<Option<refund_task::Model>> {
        let task = scope::select::<refund_task::Entity>(gym)
            .filter(T::PaymentIntentId.eq(intent))
            .filter(T::State.ne(RefundState::Withdrawn));
        Ok(task.one(&conn.executor()?).await?)
    }

    async fn open_of(&self, conn: &Conn, gym: GymId, rows: &[EventParticipationId]) -> Result<Vec<refund_task::Model>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let open = scope::select::<refund_task::Entity>(gym)
            .filter(T::ParticipationId.is_in(rows.iter().copied()))
            .filter(T::State.is_in(RefundState::OPEN))
            .order_by_asc(T::Id);
        Ok(open.all(&conn.executor()?).await?)
    }

    async fn settle_cash(&self, conn: &Conn, gym: GymId, row: EventParticipationId) -> Result<()> {
        scope::update::<refund_task::Entity>(gym)
            .col_expr(T::State, Expr::value(RefundState::Done.to_value()))
            .col_expr(T::UpdatedAt, Expr::value(time::now()))
            .filter(T::ParticipationId.eq(row))
            .filter(T::PaymentIntentId.is_null())
            .filter(T::State.is_in(RefundState::OPEN))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn revive(
        &self,
        conn: &Conn,
        gym: GymId,
        task: EventRefundTaskId,
        now: DateTime<Utc>,
    ) -> Result<Option<refund_task::Model>> {
        let revived = scope::update::<refund_task::Entity>(gym)
            .col_expr(T::State, Expr::value(RefundState::Pending.to_value()))
            .col_expr(T::Attempts, Expr::value(0))
            .col_expr(T::NextAttemptAt, Expr::value(now))
            .col_expr(T::UpdatedAt, Expr::value(time::now()))
            .filter(T::Id.eq(task))
            .filter(T::State.eq(RefundState::Failed))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(revived.into_iter().next())
    }

    async fn forget_kept(&self, conn: &Conn, gym: GymId, row: EventParticipationId, intent: &str) -> Result<()> {
        scope::update::<refund_task::Entity>(gym)
            .col_expr(T::State, Expr::value(RefundState::Withdrawn.to_value()))
            .col_expr(T::UpdatedAt, Expr::value(time::now()))
            .filter(T::ParticipationId.eq(row))
            .filter(T::PaymentIntentId.eq(intent))
            .filter(T::State.eq(RefundState::Kept))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn count(&self, conn: &Conn, gym: GymId, event: EventId, cents: i32) -> Result<()> {
        scope::update::<event::Entity>(gym)
            .col_expr(E::TotalRefundedCents, Expr::col(E::TotalRefundedCents).if_null(0).add(cents))
            .col_expr(E::UpdatedAt, Expr::value(time::now()))
            .filter(E::Id.eq(event))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }
}

use crate::{Conn, Result, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    OutboxId,
    kernel::{
        outbox::{ActiveModel, Column as C, Effect, Entity, Model, OutboxStatus as S},
        time,
    },
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    UpdateMany,
    sea_query::{Alias, CommonTableExpression, Expr, LockBehavior, LockType, OnConflict, Query},
};

/// Effects written with the change that causes them (decision 3).
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Writes an effect, unless one of the same kind and dedupe key waits already.
    async fn push(&self, conn: &Conn, effect: Effect) -> Result<()>;
    /// Writes several by one statement. No two of them may have the same kind and dedupe key.
    async fn push_all(&self, conn: &Conn, effects: Vec<Effect>) -> Result<()>;
    /// The same, for effects that are not due before `due`.
    async fn push_for(&self, conn: &Conn, effects: Vec<Effect>, due: DateTime<Utc>) -> Result<()>;
    /// Leases up to `max` effects of these kinds that are due, oldest first. Of one aggregate only the oldest
    /// unfinished effect is ever leased; one whose lease ran out is leased again.
    async fn claim(
        &self,
        conn: &Conn,
        kinds: &[&'static str],
        max: u64,
        lease: &str,
        holds: TimeDelta,
    ) -> Result<Vec<Model>>;
    /// Ends those of these effects that this lease still holds; returns how many.
    async fn finish(&self, conn: &Conn, ids: &[OutboxId], lease: &str) -> Result<u64>;
    /// Hands an effect back for `at`; when a newer one of its kind and key waits already, this one is superseded
    /// and done.
    async fn postpone(&self, conn: &Conn, row: &Model, lease: &str, at: DateTime<Utc>, error: &str) -> Result<bool>;
    /// Hands an effect back for `at` as if it had not been tried: it was not its turn.
    async fn defer(&self, conn: &Conn, row: &Model, lease: &str, at: DateTime<Utc>, reason: &str) -> Result<bool>;
    /// Gives up: the effect waits for an operator.
    async fn park(&self, conn: &Conn, id: OutboxId, lease: &str, error: &str) -> Result<bool>;
    /// Gives back everything that this lease holds, for a worker that stops.
    async fn release(&self, conn: &Conn, lease: &str) -> Result<u64>;
    async fn dead(&self, conn: &Conn, limit: u64) -> Result<Vec<Model>>;
    /// Makes a dead effect pending again; false when there is none of this id.
    async fn replay(&self, conn: &Conn, id: OutboxId) -> Result<bool>;
    /// Makes every dead effect pending again; returns how many.
    async fn replay_all(&self, conn: &Conn) -> Result<u64>;
    /// Deletes the effects of a kind and an aggregate that wait and that nobody has; returns how many.
    async fn withdraw(&self, conn: &Conn, kind: &str, aggregate: &str) -> Result<u64>;
    /// Deletes what was done before `before`; returns how many.
    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64>;
    /// Effects not done yet, dead ones left out, and dead ones.
    async fn backlog(&self, conn: &Conn) -> Result<(u64, u64)>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaOutbox;

fn held(ids: &[OutboxId], lease: &str) -> Condition {
    Condition::all().add(C::Id.is_in(ids.iter().copied())).add(C::Status.eq(S::Running)).add(C::Lease.eq(lease))
}

/// Ends an effect when a newer one of its kind and key waits, and says whether it did.
async fn superseded(conn: &Conn, row: &Model, lease: &str, error: &str) -> Result<bool> {
    let newer = Query::select()
        .expr(Expr::value(1))
        .from_as(Entity, Alias::new("newer"))
        .and_where(Expr::col((Alias::new("newer"), C::Kind)).eq(row.kind.as_str()))
        .and_where(Expr::col((Alias::new("newer"), C::DedupeKey)).eq(row.dedupe_key.clone()))
        .and_where(Expr::col((Alias::new("newer"), C::Status)).eq(S::Pending.to_value()))
        .to_owned();
    let superseded = Entity::update_many()
        .col_expr(C::Status, Expr::value(S::Done.to_value()))
        .col_expr(C::DoneAt, Expr::value(time::now()))
        .col_expr(C::LastError, Expr::value(error))
        .filter(held(&[row.id], lease))
        .filter(Expr::exists(newer))
        .exec(&conn.executor()?)
        .await?;
    Ok(superseded.rows_affected == 1)
}

/// Dead effects, made pending again.
fn replayed() -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(C::Status, Expr::value(S::Pending.to_value()))
        .col_expr(C::Attempts, Expr::value(0))
        .col_expr(C::NextAttemptAt, Expr::value(time::now()))
        // its key may be taken by a newer effect that waits: the replayed one goes without
        .col_expr(C::DedupeKey, Expr::value(Option::<String>::None))
        .filter(C::Status.eq(S::Dead))
}

#[async_trait]
impl Outbox for SeaOutbox {
    async fn push(&self, conn: &Conn, effect: Effect) -> Result<()> {
        self.push_all(conn, vec![effect]).await
    }

    async fn push_all(&self, conn: &Conn, effects: Vec<Effect>) -> Result<()> {
        self.push_for(conn, effects, time::now()).await
    }

    async fn push_for(&self, conn: &Conn, effects: Vec<Effect>, due: DateTime<Utc>) -> Result<()> {
        if effects.is_empty() {
            return Ok(());
        }
        let now = time::now();
        let rows = effects.into_iter().map(|effect| ActiveModel {
            gym_id: Set(effect.gym),
            kind: Set(effect.kind.to_owned()),
            aggregate: Set(effect.aggregate),
            dedupe_key: Set(effect.dedupe_key),
            payload: Set(effect.payload),
            status: Set(S::Pending),
            attempts: Set(0),
            next_attempt_at: Set(due),
            created_at: Set(now),
            ..Default::default()
        });
        let waiting_already = OnConflict::columns([C::Kind, C::DedupeKey])
            // as a literal: SQLite does not see that a bound value names the partial index
            .target_and_where(Expr::cust("status = 'pending'"))
            // changes nothing, but holds the row until this transaction ends: passed over, it could be delivered
            // before what this effect is about can be seen, and nothing would tell of it any more
            .update_column(C::DedupeKey)
            .to_owned();
        Entity::insert_many(rows).on_conflict(waiting_already).exec_without_returning(&conn.executor()?).await?;
        conn.effect_written();
        Ok(())
    }

    async fn claim(
        &self,
        conn: &Conn,
        kinds: &[&'static str],
        max: u64,
        lease: &str,
        holds: TimeDelta,
    ) -> Result<Vec<Model>> {
        let now = time::now();
        let older = Alias::new("older");
        let unfinished_before = Query::select()
            .expr(Expr::value(1))
            .from_as(Entity, older.clone())
            .and_where(Expr::col((older.clone(), C::Aggregate)).equals((Entity, C::Aggregate)))
            .and_where(Expr::col((older.clone(), C::Status)).is_in([S::Pending.to_value(), S::Running.to_value()]))
            .and_where(Expr::col((older, C::Id)).lt(Expr::col((Entity, C::Id))))
            .to_owned();
        let due = Condition::any()
            .add(Condition::all().add(C::Status.eq(S::Pending)).add(C::NextAttemptAt.lte(now)))
            .add(Condition::all().add(C::Status.eq(S::Running)).add(C::LeasedUntil.lt(now)));
        let ids = Entity::find()
            .select_only()
            .column(C::Id)
            .filter(C::Kind.is_in(kinds.iter().copied()))
            .filter(due.clone())
            .filter(Expr::exists(unfinished_before).not())
            .order_by_asc(C::Id)
            .limit(max)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_query();
        // as a table of its own, which is looked at once: a subquery may be run again for each row, and then leases
        // more than `max`
        let chosen = Alias::new("chosen");
        let mut table = CommonTableExpression::new();
        table.table_name(chosen.clone()).column(C::Id).query(ids);
        let ids = Query::select().column(C::Id).from(chosen).to_owned();
        let mut claim = Entity::update_many()
            .col_expr(C::Status, Expr::value(S::Running.to_value()))
            .col_expr(C::Lease, Expr::value(lease))
            .col_expr(C::LeasedUntil, Expr::value(now + holds))
            .col_expr(C::Attempts, Expr::col(C::Attempts).add(1))
            .filter(C::Id.in_subquery(ids))
            // seen again under the row's lock: another worker may have taken it since the subquery looked
            .filter(due);
        QueryTrait::query(&mut claim).with_cte(table);
        Ok(claim.exec_with_returning(&conn.executor()?).await?)
    }

    async fn finish(&self, conn: &Conn, ids: &[OutboxId], lease: &str) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let done = Entity::update_many()
            .col_expr(C::Status, Expr::value(S::Done.to_value()))
            .col_expr(C::DoneAt, Expr::value(time::now()))
            .filter(held(ids, lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(done.rows_affected)
    }

    async fn postpone(&self, conn: &Conn, row: &Model, lease: &str, at: DateTime<Utc>, error: &str) -> Result<bool> {
        if superseded(conn, row, lease, error).await? {
            return Ok(true);
        }
        let postponed = Entity::update_many()
            .col_expr(C::Status, Expr::value(S::Pending.to_value()))
            .col_expr(C::NextAttemptAt, Expr::value(at))
            .col_expr(C::LastError, Expr::value(error))
            .col_expr(C::Lease, Expr::value(Option::<String>::None))
            .filter(held(&[row.id], lease))
            .exec(&conn.executor()?)
            .await
            .map_err(StoreError::from);
        match postponed {
            Ok(postponed) => Ok(postponed.rows_affected == 1),
            // a newer one came between the two statements
            Err(StoreError::Unique(_)) => superseded(conn, row, lease, error).await,
            Err(e) => Err(e),
        }
    }

    async fn defer(&self, conn: &Conn, row: &Model, lease: &str, at: DateTime<Utc>, reason: &str) -> Result<bool> {
        let untried = Entity::update_many()
            .col_expr(C::Attempts, Expr::value(row.attempts - 1))
            .filter(held(&[row.id], lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(untried.rows_affected == 1 && self.postpone(conn, row, lease, at, reason).await?)
    }

    async fn park(&self, conn: &Conn, id: OutboxId, lease: &str, error: &str) -> Result<bool> {
        let parked = Entity::update_many()
            .col_expr(C::Status, Expr::value(S::Dead.to_value()))
            .col_expr(C::LastError, Expr::value(error))
            .filter(held(&[id], lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(parked.rows_affected == 1)
    }

    async fn release(&self, conn: &Conn, lease: &str) -> Result<u64> {
        // the lease simply ends now: going back to pending could meet a newer effect of the same key
        let released = Entity::update_many()
            .col_expr(C::LeasedUntil, Expr::value(time::now() - TimeDelta::seconds(1)))
            .filter(C::Status.eq(S::Running))
            .filter(C::Lease.eq(lease))
            .exec(&conn.executor()?)
            .await?;
        Ok(released.rows_affected)
    }

    async fn dead(&self, conn: &Conn, limit: u64) -> Result<Vec<Model>> {
        let dead = Entity::find().filter(C::Status.eq(S::Dead)).order_by_asc(C::Id).limit(limit);
        Ok(dead.all(&conn.executor()?).await?)
    }

    async fn replay(&self, conn: &Conn, id: OutboxId) -> Result<bool> {
        let found = replayed().filter(C::Id.eq(id)).exec(&conn.executor()?).await?.rows_affected == 1;
        conn.effect_written();
        Ok(found)
    }

    async fn replay_all(&self, conn: &Conn) -> Result<u64> {
        let found = replayed().exec(&conn.executor()?).await?.rows_affected;
        conn.effect_written();
        Ok(found)
    }

    async fn withdraw(&self, conn: &Conn, kind: &str, aggregate: &str) -> Result<u64> {
        let withdrawn = Entity::delete_many()
            .filter(C::Kind.eq(kind))
            .filter(C::Aggregate.eq(aggregate))
            // as a literal, so that the partial index is seen to fit
            .filter(Expr::cust("status = 'pending'"))
            .exec(&conn.executor()?)
            .await?;
        Ok(withdrawn.rows_affected)
    }

    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64> {
        let reaped = Entity::delete_many()
            .filter(C::Status.eq(S::Done))
            .filter(C::DoneAt.lt(before))
            .exec(&conn.executor()?)
            .await?;
        Ok(reaped.rows_affected)
    }

    async fn backlog(&self, conn: &Conn) -> Result<(u64, u64)> {
        // each count by the partial index of its status, named by a literal: else a week of done effects is read too
        let count = |status: &'static str| {
            let rows =
                Query::select().expr(Expr::col(C::Id).count()).from(Entity).and_where(Expr::cust(status)).to_owned();
            Expr::SubQuery(None, Box::new(rows.into()))
        };
        let counts = Query::select()
            .expr(count("status = 'pending'").add(count("status = 'running'")))
            .expr(count("status = 'dead'"))
            .to_owned();
        let Some(row) = conn.executor()?.query_one(&counts).await? else { return Ok((0, 0)) };
        let (waiting, dead): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok((waiting.unsigned_abs(), dead.unsigned_abs()))
    }
}

//! A member's measurements.
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, HealthRecordId, UserId,
    attendance::health_record::{Column as H, Entity, Model},
};
use sea_orm::{
    ColumnTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, SelectStatement, SimpleExpr},
};

/// A member's weight now, and at both ends of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, FromQueryResult)]
pub struct Weights {
    /// Of the latest measurement with one, whenever it was.
    pub latest: Option<f64>,
    pub first: Option<f64>,
    /// How many there are in that time; the latest is the last of them, if there is any.
    pub records: i64,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Health: Send + Sync {
    /// Weights, from `since` on (ATT-52, ATT-54).
    async fn weights(&self, conn: &Conn, gym: GymId, user: UserId, since: DateTime<Utc>) -> Result<Weights>;
    /// The latest measurement with a weight, and its weight.
    async fn latest_weight(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<(HealthRecordId, f64)>>;
    /// Measurements from `since` on, in the order in which they were taken.
    async fn records(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        since: DateTime<Utc>,
        page: Page,
    ) -> Result<Vec<Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaHealth;

fn weighed(gym: GymId, user: UserId) -> Select<Entity> {
    scope::select::<Entity>(gym).select_only().filter(H::UserId.eq(user)).filter(H::Weight.is_not_null())
}

fn newest_first(select: Select<Entity>) -> Select<Entity> {
    select.order_by_desc(H::RecordedAt).order_by_desc(H::Id).limit(1)
}

/// What the member of the outer statement measured last of `what`.
pub(super) fn latest(gym: GymId, what: H, of: impl Into<SimpleExpr>) -> SelectStatement {
    let measured = scope::select::<Entity>(gym)
        .select_only()
        .column(what)
        .filter(Expr::col((Entity, H::UserId)).eq(of))
        .filter(what.is_not_null());
    newest_first(measured).into_query()
}

#[async_trait]
impl Health for SeaHealth {
    async fn weights(&self, conn: &Conn, gym: GymId, user: UserId, since: DateTime<Utc>) -> Result<Weights> {
        let first = weighed(gym, user)
            .column(H::Weight)
            .filter(H::RecordedAt.gte(since))
            .order_by_asc(H::RecordedAt)
            .order_by_asc(H::Id)
            .limit(1);
        let weights = weighed(gym, user)
            .column_as(H::Id.count(), "records")
            .expr_as(SimpleExpr::from(newest_first(weighed(gym, user).column(H::Weight)).into_query()), "latest")
            .expr_as(SimpleExpr::from(first.into_query()), "first")
            .filter(H::RecordedAt.gte(since));
        Ok(weights.into_model().one(&conn.executor()?).await?.unwrap_or_default())
    }

    async fn latest_weight(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<(HealthRecordId, f64)>> {
        let latest = newest_first(weighed(gym, user)).column(H::Id).column(H::Weight);
        Ok(latest.into_tuple().one(&conn.executor()?).await?)
    }

    async fn records(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        since: DateTime<Utc>,
        page: Page,
    ) -> Result<Vec<Model>> {
        let records = scope::select::<Entity>(gym)
            .filter(H::UserId.eq(user))
            .filter(H::RecordedAt.gte(since))
            .order_by_asc(H::RecordedAt)
            .order_by_asc(H::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(records.all(&conn.executor()?).await?)
    }
}

//! When a gym is open.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::NaiveDate;
use domain::{
    GymId,
    schedule::special_day::{self, Column as C},
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Hours: Send + Sync {
    /// The special days from `from` to `to`, both included, on which the gym is closed, in order.
    async fn closed_days(&self, conn: &Conn, gym: GymId, from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaHours;

#[async_trait]
impl Hours for SeaHours {
    async fn closed_days(&self, conn: &Conn, gym: GymId, from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>> {
        let closed = scope::select::<special_day::Entity>(gym)
            .select_only()
            .column(C::Date)
            .filter(C::Date.between(from, to))
            .filter(C::IsClosed.eq(true))
            .order_by_asc(C::Date);
        Ok(closed.into_tuple().all(&conn.executor()?).await?)
    }
}

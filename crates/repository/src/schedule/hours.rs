//! When a gym is open: its week, and the days that are otherwise.
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::NaiveDate;
use domain::{
    GymId,
    kernel::time,
    schedule::{
        hours::DayOfWeek,
        opening_hours::{self, Column as H},
        special_day::{self, Column as D},
    },
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockType, OnConflict},
};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Hours: Send + Sync {
    /// The weekly template, Monday first. Days that nobody wrote yet are missing.
    async fn week(&self, conn: &Conn, gym: GymId) -> Result<Vec<opening_hours::Model>>;
    /// Writes those of these days that have no row yet, and leaves the others as they are (SCH-20).
    async fn add_missing(&self, conn: &Conn, gym: GymId, days: Vec<opening_hours::Create>) -> Result<()>;
    /// One day of the week, locked until the transaction ends.
    async fn hold_day(&self, conn: &Conn, gym: GymId, day: DayOfWeek) -> Result<Option<opening_hours::Model>>;
    /// The special day of a date.
    async fn special_on(&self, conn: &Conn, gym: GymId, date: NaiveDate) -> Result<Option<special_day::Model>>;
    /// The same, locked until the transaction ends.
    async fn hold_special_on(&self, conn: &Conn, gym: GymId, date: NaiveDate) -> Result<Option<special_day::Model>>;
    /// Special days from `from` to `to`, both included, in the order of their dates.
    async fn special_between(
        &self,
        conn: &Conn,
        gym: GymId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<special_day::Model>>;
    /// Closed special days from `from` to `to`, both included, in their order (SCH-48).
    async fn closed_days(&self, conn: &Conn, gym: GymId, from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>>;
    /// Special days: those from `since` on in the order of their dates, or all of them, latest first (SCH-32).
    async fn special_days(
        &self,
        conn: &Conn,
        gym: GymId,
        since: Option<NaiveDate>,
        page: Page,
    ) -> Result<Vec<special_day::Model>>;
    /// Makes a date special in one statement. A date that is special already has its hours and description replaced
    /// when `overwrite` is set; otherwise it stays, and the answer is `None` (SCH-30).
    async fn put_special(
        &self,
        conn: &Conn,
        gym: GymId,
        day: special_day::Create,
        overwrite: bool,
    ) -> Result<Option<special_day::Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaHours;

fn on(gym: GymId, date: NaiveDate) -> sea_orm::Select<special_day::Entity> {
    scope::select::<special_day::Entity>(gym).filter(D::Date.eq(date))
}

#[async_trait]
impl Hours for SeaHours {
    async fn week(&self, conn: &Conn, gym: GymId) -> Result<Vec<opening_hours::Model>> {
        Ok(scope::select::<opening_hours::Entity>(gym).order_by_asc(H::DayOfWeek).all(&conn.executor()?).await?)
    }

    async fn add_missing(&self, conn: &Conn, gym: GymId, days: Vec<opening_hours::Create>) -> Result<()> {
        if days.is_empty() {
            return Ok(());
        }
        let now = time::now();
        let rows = days.into_iter().map(|day| opening_hours::ActiveModel {
            gym_id: Set(gym),
            created_at: Set(now),
            updated_at: Set(now),
            ..day.into_active_model()
        });
        let there = OnConflict::columns([H::GymId, H::DayOfWeek]).do_nothing().to_owned();
        let missing = opening_hours::Entity::insert_many(rows).on_conflict(there);
        missing.exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn hold_day(&self, conn: &Conn, gym: GymId, day: DayOfWeek) -> Result<Option<opening_hours::Model>> {
        let row = scope::select::<opening_hours::Entity>(gym).filter(H::DayOfWeek.eq(day.number()));
        Ok(row.lock(LockType::NoKeyUpdate).one(&conn.executor()?).await?)
    }

    async fn special_on(&self, conn: &Conn, gym: GymId, date: NaiveDate) -> Result<Option<special_day::Model>> {
        Ok(on(gym, date).one(&conn.executor()?).await?)
    }

    async fn hold_special_on(&self, conn: &Conn, gym: GymId, date: NaiveDate) -> Result<Option<special_day::Model>> {
        Ok(on(gym, date).lock(LockType::NoKeyUpdate).one(&conn.executor()?).await?)
    }

    async fn special_between(
        &self,
        conn: &Conn,
        gym: GymId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<special_day::Model>> {
        let days = scope::select::<special_day::Entity>(gym).filter(D::Date.between(from, to));
        Ok(days.order_by_asc(D::Date).all(&conn.executor()?).await?)
    }

    async fn closed_days(&self, conn: &Conn, gym: GymId, from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>> {
        let closed = scope::select::<special_day::Entity>(gym)
            .select_only()
            .column(D::Date)
            .filter(D::Date.between(from, to))
            .filter(D::IsClosed.eq(true))
            .order_by_asc(D::Date);
        Ok(closed.into_tuple().all(&conn.executor()?).await?)
    }

    async fn special_days(
        &self,
        conn: &Conn,
        gym: GymId,
        since: Option<NaiveDate>,
        page: Page,
    ) -> Result<Vec<special_day::Model>> {
        // a gym has one row of a date: its order is total
        let days = scope::select::<special_day::Entity>(gym).offset(page.skip).limit(page.limit);
        let days = match since {
            Some(day) => days.filter(D::Date.gte(day)).order_by_asc(D::Date),
            None => days.order_by_desc(D::Date),
        };
        Ok(days.all(&conn.executor()?).await?)
    }

    async fn put_special(
        &self,
        conn: &Conn,
        gym: GymId,
        day: special_day::Create,
        overwrite: bool,
    ) -> Result<Option<special_day::Model>> {
        let now = time::now();
        let row = special_day::ActiveModel {
            gym_id: Set(gym),
            created_at: Set(now),
            updated_at: Set(now),
            ..day.into_active_model()
        };
        let mut there = OnConflict::columns([D::GymId, D::Date]);
        if overwrite {
            // who made the day stays its maker
            there.update_columns([D::OpenTime, D::CloseTime, D::IsClosed, D::Description, D::UpdatedAt]);
        } else {
            there.do_nothing();
        }
        let put = special_day::Entity::insert_many([row]).on_conflict(there);
        Ok(put.exec_with_returning(&conn.executor()?).await?.pop())
    }
}

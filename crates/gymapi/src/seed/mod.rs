//! A world of any size, the same each time: for demonstrations, load tests and plans of queries.
//!
//! Rows go in by many at a time, with ids given here, so that a world of a million rows is a matter of a minute.
mod events;
mod names;
mod timetable;
mod world;

use chrono::{DateTime, Utc};
use repository::{Db, Result, StoreError};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Iterable};

/// How large the world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Of both types: every third is a personal trainer's.
    pub gyms: u32,
    /// Members of each gym; a personal trainer's has a tenth, at least three.
    pub members: u32,
    pub trainers: u32,
    pub admins: u32,
    /// Weeks of the timetable before this one, and as many after it.
    pub weeks: u32,
    /// Classes a week; a personal trainer's gym has at most 21.
    pub sessions_a_week: u32,
    /// Bookings of a class, on average, as far as there are seats.
    pub bookings: i32,
    /// The same seed makes the same world.
    pub seed: u64,
}

impl Size {
    /// Three gyms, about 120 people in every role, a week that is on, two before it and two to come.
    pub const DEMO: Self =
        Self { gyms: 3, members: 50, trainers: 4, admins: 2, weeks: 2, sessions_a_week: 42, bookings: 5, seed: 1 };
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub gyms: u64,
    pub people: u64,
    pub rows: u64,
    /// One address of each role in the first gym, to try things with: role, address.
    pub cast: Vec<(&'static str, String)>,
}

/// Fills the database. `progress` hears how many rows of how many are in.
pub async fn fill(db: &Db, size: Size, progress: impl Fn(u64, u64) + Sync) -> Result<Summary> {
    world::Plan::new(db, size).await?.write(&progress).await
}

/// Whether the database holds no gym and nobody yet.
pub async fn is_empty(db: &Db) -> Result<bool> {
    use domain::identity::{gym, user};
    Ok(first_free::<gym::Entity>(db, gym::Column::Id).await? == 1
        && first_free::<user::Entity>(db, user::Column::Id).await? == 1)
}

/// The id after the largest there is.
async fn first_free<E: EntityTrait>(db: &Db, id: E::Column) -> Result<i64> {
    use sea_orm::{ColumnTrait, QuerySelect};
    #[allow(clippy::disallowed_methods)] // over all gyms on purpose
    let select = E::find().select_only().column_as(id.max(), "largest");
    let largest: Option<Option<i64>> = select.into_tuple().one(&db.executor()?).await?;
    Ok(largest.flatten().unwrap_or(0) + 1)
}

/// Inserts rows by many at a time: as many as the database's limit on parameters allows.
async fn insert<A>(db: &Db, rows: Vec<A>) -> Result<()>
where
    A: ActiveModelTrait + Send + 'static,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let columns = <A::Entity as EntityTrait>::Column::iter().count().max(1);
    let parameters = if db.is_postgres() { 60_000 } else { 30_000 };
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let batch: Vec<A> = rows.by_ref().take((parameters / columns).min(2_000)).collect();
        A::Entity::insert_many(batch).exec_without_returning(&db.executor()?).await?;
    }
    Ok(())
}

/// Ids were given here: the database's own counters go on behind them. SQLite's do by themselves.
async fn advance_sequences(db: &Db, tables: &[&str]) -> Result<()> {
    let Some(pool) = db.pool().filter(|p| p.get_database_backend() == DbBackend::Postgres) else { return Ok(()) };
    for table in tables {
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT COALESCE(MAX(id), 1) FROM {table}))"
        );
        pool.execute_unprepared(&set).await.map_err(StoreError::from)?;
    }
    Ok(())
}

/// An element of a list that is never empty, by any number.
fn pick<T: Copy>(list: &[T], n: usize) -> T {
    list.get(n % list.len()).copied().unwrap_or_else(|| unreachable!("the remainder is smaller than the length"))
}

/// A day in the past, the same for the same number.
fn days_ago(now: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    now - chrono::TimeDelta::days(i64::try_from(days).unwrap_or(0))
}

//! Reads that are asked so often that the way to the database is most of what they cost.
//!
//! A [`HotRead`] is a statement that is built once. On PostgreSQL it is sent over a few connections of their own
//! (`lines`), which all callers share: the statements of many requests are on their way at once, each is prepared
//! already, and nobody waits for a connection. Its rows are read by position. Everywhere else – on SQLite, inside a
//! transaction, and while no line is up – the same statement goes the ordinary way, and so does one that failed on a
//! line: it changes nothing, so it can be asked twice.
//!
//! There is one definition of each statement, the builder that the ordinary way uses. It is called with marks in the
//! place of arguments, and where the marks come out among the statement's values the arguments belong. A builder is
//! therefore a plain function: it cannot choose another text for other arguments. The first argument of a tenant's read
//! is the gym, and a builder that does not ask for it is refused.
//!
//! For statements that an index answers, and for few rows: a slow one holds up what was sent after it.
mod address;
mod argument;
mod lines;
mod row;
mod text;
mod tls;

pub(crate) use address::Address;
pub use argument::Argument;
pub(crate) use lines::Lines;
pub(crate) use row::hot_row;
pub use row::{Columns, HotRow};

use crate::{Conn, Result};
use domain::{GymId, kernel::tenant::TenantEntity};
use sea_orm::{DbBackend, EntityTrait, QueryTrait, Select, SelectModel, SelectorRaw};
use std::{marker::PhantomData, sync::OnceLock};
use text::Text;

/// A read of one gym's rows: `static NEWEST: HotRead<Entity, Page, Model> = HotRead::new(|gym, page| …)`, and then
/// `NEWEST.all(conn, gym, page)`.
pub struct HotRead<E: EntityTrait, A, R> {
    build: fn(GymId, A) -> Select<E>,
    known: Known<R>,
}

impl<E: TenantEntity, A: Argument, R: HotRow> HotRead<E, A, R> {
    /// `build` starts from [`crate::scope::select`], with the gym that it is given.
    pub const fn new(build: fn(GymId, A) -> Select<E>) -> Self {
        Self { build, known: Known::new() }
    }

    pub async fn all(&self, conn: &Conn, gym: GymId, arguments: A) -> Result<Vec<R>> {
        self.known.all(conn, (gym, arguments), |(gym, arguments)| (self.build)(gym, arguments)).await
    }

    /// The first row; the builder limits the statement to one, unless a unique index does.
    pub async fn one(&self, conn: &Conn, gym: GymId, arguments: A) -> Result<Option<R>> {
        Ok(self.all(conn, gym, arguments).await?.into_iter().next())
    }
}

/// A read of what is no tenant's: people, and gyms themselves.
pub struct PlatformRead<E: EntityTrait, A, R> {
    build: fn(A) -> Select<E>,
    known: Known<R>,
}

impl<E: EntityTrait, A: Argument, R: HotRow> PlatformRead<E, A, R> {
    pub const fn new(build: fn(A) -> Select<E>) -> Self {
        Self { build, known: Known::new() }
    }

    /// The first row; the builder limits the statement to one, unless a unique index does.
    pub async fn one(&self, conn: &Conn, arguments: A) -> Result<Option<R>> {
        Ok(self.known.all(conn, arguments, self.build).await?.into_iter().next())
    }
}

/// What is known of a statement since it was first asked.
struct Known<R> {
    text: OnceLock<Option<Text>>,
    row: PhantomData<fn() -> R>,
}

impl<R: HotRow> Known<R> {
    const fn new() -> Self {
        Self { text: OnceLock::new(), row: PhantomData }
    }

    async fn all<E, A, F>(&self, conn: &Conn, arguments: A, build: F) -> Result<Vec<R>>
    where
        E: EntityTrait,
        A: Argument,
        F: Fn(A) -> Select<E>,
    {
        if let Some(lines) = conn.lines()
            && let Some(text) = self.text.get_or_init(|| Text::of(&build))
            && let Some(rows) = lines.ask(text, &arguments).await
        {
            conn.count();
            return Ok(rows);
        }
        let executor = conn.executor()?;
        let statement = executor_backend(&executor).build(&build(arguments).into_query());
        let asked: SelectorRaw<SelectModel<R>> = R::find_by_statement(statement);
        Ok(asked.all(&executor).await?)
    }
}

fn executor_backend(executor: &sea_orm::DatabaseExecutor<'_>) -> DbBackend {
    use sea_orm::ConnectionTrait;
    executor.get_database_backend()
}

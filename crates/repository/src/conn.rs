use crate::{Result, StoreError, hot::Lines};
use sea_orm::{DatabaseConnection, DatabaseExecutor, DatabaseTransaction};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

tokio::task_local! {
    /// Statements of the request that runs, so that a test can hold a page's cost constant.
    pub static STATEMENTS: Arc<AtomicU64>;
}

/// What a repository runs on: the pool or an open transaction. `&db` and `&tx` both deref to it.
///
/// A concrete type without a lifetime: traits that take it are dyn-safe and can be mocked as they stand.
pub struct Conn(pub(crate) Inner);

pub(crate) enum Inner {
    /// And what hot reads go by, where there is any.
    Pool(DatabaseConnection, Option<Lines>),
    Tx(DatabaseTransaction),
    Detached,
}

impl Conn {
    /// For one statement.
    pub fn executor(&self) -> Result<DatabaseExecutor<'_>> {
        self.count();
        match &self.0 {
            Inner::Pool(p, _) => Ok(p.into()),
            Inner::Tx(t) => Ok(t.into()),
            Inner::Detached => Err(StoreError::Detached),
        }
    }

    /// One statement more of the request that runs.
    pub(crate) fn count(&self) {
        let _ = STATEMENTS.try_with(|n| n.fetch_add(1, Relaxed));
    }

    /// What a hot read may go by instead: nothing inside a transaction, which has its own connection.
    pub(crate) fn lines(&self) -> Option<&Lines> {
        match &self.0 {
            Inner::Pool(_, lines) => lines.as_ref(),
            Inner::Tx(_) | Inner::Detached => None,
        }
    }
}

/// A cheap handle of one open transaction. Dropping the last one rolls back.
#[derive(Clone)]
pub struct Tx(pub(crate) Arc<Conn>);

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl Tx {
    /// # Errors
    /// [`StoreError::LeakedHandle`] when a clone of the handle outlives the work: nothing is committed then.
    pub async fn commit(self) -> Result<()> {
        match Arc::try_unwrap(self.0) {
            Ok(Conn(Inner::Tx(t))) => Ok(t.commit().await?),
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::LeakedHandle),
        }
    }

    pub async fn rollback(self) -> Result<()> {
        match Arc::try_unwrap(self.0) {
            Ok(Conn(Inner::Tx(t))) => Ok(t.rollback().await?),
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::LeakedHandle),
        }
    }
}

use crate::{Result, StoreError, hot::Lines};
use sea_orm::{DatabaseConnection, DatabaseExecutor, DatabaseTransaction};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::Notify;

tokio::task_local! {
    /// Statements of the request that runs, so that a test can hold a page's cost constant.
    pub static STATEMENTS: Arc<AtomicU64>;
}

/// What a repository runs on: the pool or an open transaction. `&db` and `&tx` both deref to it.
///
/// A concrete type without a lifetime: traits that take it are dyn-safe and can be mocked as they stand.
pub struct Conn {
    pub(crate) inner: Inner,
    pub(crate) effects: Effects,
}

pub(crate) enum Inner {
    /// And what hot reads go by, where there is any.
    Pool(DatabaseConnection, Option<Lines>),
    Tx(DatabaseTransaction),
    Detached,
}

/// Word of effects that were written into the outbox.
#[derive(Default)]
pub(crate) struct Effects {
    /// Whoever delivers them waits for this.
    pub word: Arc<Notify>,
    /// By this transaction, whose commit passes the word.
    written: AtomicBool,
}

impl Effects {
    pub fn new(word: &Arc<Notify>) -> Self {
        Self { word: word.clone(), written: AtomicBool::new(false) }
    }
}

impl Conn {
    /// An effect was written: on the pool it can be seen at once.
    pub(crate) fn effect_written(&self) {
        match &self.inner {
            Inner::Tx(_) => self.effects.written.store(true, Relaxed),
            Inner::Pool(..) | Inner::Detached => self.effects.word.notify_one(),
        }
    }

    /// For one statement.
    pub fn executor(&self) -> Result<DatabaseExecutor<'_>> {
        self.count();
        match &self.inner {
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
        match &self.inner {
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
            Ok(Conn { inner: Inner::Tx(t), effects }) => {
                t.commit().await?;
                if effects.written.into_inner() {
                    effects.word.notify_one();
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::LeakedHandle),
        }
    }

    pub async fn rollback(self) -> Result<()> {
        match Arc::try_unwrap(self.0) {
            Ok(Conn { inner: Inner::Tx(t), .. }) => Ok(t.rollback().await?),
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::LeakedHandle),
        }
    }
}

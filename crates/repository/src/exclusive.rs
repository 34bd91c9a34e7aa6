//! One at a time over all processes that use a database: migrating, filling an empty one.
use crate::{Db, Result, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, TransactionTrait};
use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

impl Db {
    /// Runs `work` while no other process does what it calls by the same name.
    ///
    /// On PostgreSQL the lock lies in a transaction that is open meanwhile, on a connection of this pool: the pool
    /// needs another one for the work itself. It ends with the process that holds it, and needs no session of its own
    /// at a pooler. For a SQLite file the lock is a file beside it; a database in memory is nobody else's anyway.
    ///
    /// # Errors
    /// Those of the work; [`StoreError`] when the lock cannot be had.
    pub async fn exclusively<T, E: From<StoreError>>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match (self.pool(), self.file()) {
            (Some(pool), _) if self.is_postgres() => {
                let tx = pool.begin().await.map_err(StoreError::from)?;
                lock(&tx, name).await?;
                let outcome = work.await;
                // nothing was written in it; where the connection broke, the lock went with it
                let _ = tx.rollback().await;
                outcome
            }
            (Some(_), Some(file)) => {
                let held = lock_file(file, name).await?;
                let outcome = work.await;
                drop(held);
                outcome
            }
            _ => work.await,
        }
    }
}

async fn lock(tx: &DatabaseTransaction, name: &str) -> Result<()> {
    // others may migrate for longer than any limit that is right for a request
    for setting in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        tx.execute_unprepared(&format!("SET LOCAL {setting} = 0")).await?;
    }
    let by_name =
        |sql: &str| Statement::from_sql_and_values(DbBackend::Postgres, sql, [format!("gymapi:{name}").into()]);
    let free = tx.query_one_raw(by_name("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))")).await?;
    if !free.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false) {
        tracing::info!(name, "another instance is at it: waiting");
        tx.query_one_raw(by_name("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")).await?;
    }
    Ok(())
}

/// The lock goes with the handle. The file stays: were it removed, two could hold a lock on two files of one name.
async fn lock_file(database: &Path, name: &str) -> Result<File> {
    let unusable = |e: std::io::Error| StoreError::Db(DbErr::Custom(format!("{name}: the lock beside the file: {e}")));
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(unusable)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(e)) => return Err(unusable(e)),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::info!(name, "another process is at it: waiting");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

/// What a caller of the store can act on. Its texts never leave the process.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No such row in this gym.
    #[error("{entity} {id} not found")]
    NotFound { entity: &'static str, id: String },
    /// By design of the tables an insert has one meaning of this, so nobody needs to look at the name.
    #[error("unique constraint: {0}")]
    Unique(String),
    #[error("foreign key: {0}")]
    ForeignKey(String),
    #[error("check constraint: {0}")]
    Check(String),
    /// Serialization failure, deadlock victim, lock timeout, SQLite busy: the whole transaction may be run again.
    #[error("contention: {0}")]
    Contention(DbErr),
    /// No connection to be had.
    #[error("database unavailable: {0}")]
    Unavailable(DbErr),
    #[error("a handle of the transaction outlived it")]
    LeakedHandle,
    /// A repository was run against `Db::detached()`.
    #[error("no database behind this handle")]
    Detached,
    #[error(transparent)]
    Db(DbErr),
}

/// Whether the whole transaction may be run again.
pub trait Retryable {
    fn is_retryable(&self) -> bool;
}
impl Retryable for StoreError {
    fn is_retryable(&self) -> bool {
        matches!(self, StoreError::Contention(_))
    }
}

impl From<DbErr> for StoreError {
    fn from(e: DbErr) -> Self {
        match e.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(m)) => return Self::Unique(constraint(&e).unwrap_or(m)),
            Some(SqlErr::ForeignKeyConstraintViolation(m)) => return Self::ForeignKey(constraint(&e).unwrap_or(m)),
            _ => {}
        }
        match &e {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return Self::Unavailable(e),
            _ => {}
        }
        if let Some(sqlx) = sqlx_error(&e) {
            match sqlx {
                SqlxError::Database(d) => match d.code().as_deref() {
                    // PostgreSQL: serialization_failure, deadlock_detected, lock_not_available
                    Some("40001" | "40P01" | "55P03") => return Self::Contention(e),
                    // SQLite primary/extended result codes: BUSY, LOCKED, BUSY_RECOVERY, BUSY_SNAPSHOT, BUSY_TIMEOUT, LOCKED_SHAREDCACHE
                    Some("5" | "6" | "261" | "517" | "773" | "262") => return Self::Contention(e),
                    // SQLite reports ON DELETE RESTRICT as CONSTRAINT_TRIGGER, which `sql_err()` does not know
                    Some("1811") => return Self::ForeignKey(d.message().to_owned()),
                    // check_violation, not_null_violation; SQLite CHECK, NOTNULL
                    Some("23514" | "23502" | "275" | "1299") => {
                        return Self::Check(d.constraint().map_or_else(|| d.message().to_owned(), str::to_owned));
                    }
                    // PostgreSQL's class 22, data exceptions: text with a NUL, a time or a number beyond the type
                    Some(code) if code.len() == 5 && code.starts_with("22") => {
                        return Self::Check(d.message().to_owned());
                    }
                    // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, query_canceled (time-out)
                    Some("57P01" | "57P02" | "57P03" | "53300" | "57014") => return Self::Unavailable(e),
                    _ => {}
                },
                SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed => return Self::Unavailable(e),
                _ => {}
            }
        }
        Self::Db(e)
    }
}

/// Whether SQLite says that another connection is at it.
pub(crate) fn is_busy(e: &DbErr) -> bool {
    let code = sqlx_error(e).and_then(|e| e.as_database_error()?.code());
    matches!(code.as_deref(), Some("5" | "261" | "517" | "773"))
}

fn sqlx_error(e: &DbErr) -> Option<&SqlxError> {
    match e {
        DbErr::Exec(RuntimeErr::SqlxError(s))
        | DbErr::Query(RuntimeErr::SqlxError(s))
        | DbErr::Conn(RuntimeErr::SqlxError(s)) => Some(s),
        _ => None,
    }
}
fn constraint(e: &DbErr) -> Option<String> {
    match sqlx_error(e)? {
        SqlxError::Database(d) => d.constraint().map(str::to_owned),
        _ => None,
    }
}

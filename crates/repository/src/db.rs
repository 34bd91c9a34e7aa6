use crate::{
    Conn, Result, Retryable, StoreError, Tx,
    conn::{Effects, Inner},
    error::is_busy,
    hot::{Address, Lines},
};
use backon::{BackoffBuilder, ExponentialBuilder};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::{
    future::Future,
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// The database: a pool of connections, cheap to clone.
#[derive(Clone)]
pub struct Db {
    conn: Arc<Conn>,
    /// Of a SQLite database that lies in one.
    file: Option<Arc<Path>>,
}

impl Deref for Db {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

#[derive(Clone, Debug)]
pub struct DbOptions {
    /// `postgres://…`, `sqlite://path` or `sqlite::memory:`
    pub url: String,
    /// All together.
    pub max_connections: u32,
    /// How many of them are lines for hot reads (PostgreSQL): at most a quarter.
    pub hot_connections: u32,
    pub acquire_timeout: Duration,
    /// A statement that takes longer is ended by the server (IDN-109; PostgreSQL).
    pub statement_timeout: Duration,
}

impl DbOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 16,
            hot_connections: 2,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

impl DbOptions {
    fn lines(&self) -> Option<Lines> {
        let number = self.hot_connections.min(self.max_connections / 4);
        let address = (number > 0).then(|| Address::of(&self.url, self.statement_timeout))?;
        Some(Lines::new(address?, number))
    }
}

impl Db {
    pub async fn connect(options: DbOptions) -> Result<Self> {
        let memory = options.url.contains(":memory:");
        let lines = options.lines();
        let pooled = options.max_connections - lines.as_ref().map_or(0, Lines::number);
        let mut connect = ConnectOptions::new(options.url.clone());
        // every connection to :memory: is a database of its own
        connect
            .max_connections(if memory { 1 } else { pooled })
            .acquire_timeout(options.acquire_timeout)
            .sqlx_logging(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(30))
            .map_sqlx_sqlite_opts(move |sqlite| {
                use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
                // pragmas belong to a connection, so they are set here, where each is made
                sqlite
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(5))
                    .journal_mode(if memory { SqliteJournalMode::Memory } else { SqliteJournalMode::Wal })
                    .synchronous(SqliteSynchronous::Normal)
                    .create_if_missing(true)
            })
            .map_sqlx_postgres_opts(move |postgres| {
                let timeout = format!("{}ms", options.statement_timeout.as_millis());
                postgres.application_name("gymapi").options([("statement_timeout", timeout)])
            });
        let file: Option<Arc<Path>> = sqlite_file(&options.url).map(Into::into);
        let begun = Instant::now();
        let pool = loop {
            match Database::connect(connect.clone()).await {
                // turning a new file's journal to WAL waits for nobody who does the same, whatever the time-out says
                Err(e) if file.is_some() && is_busy(&e) && begun.elapsed() < options.acquire_timeout => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                pool => break pool?,
            }
        };
        Ok(Self { conn: Arc::new(Conn { inner: Inner::Pool(pool, lines), effects: Effects::default() }), file })
    }

    /// A handle with no database: begin and commit do nothing, any statement is an error. For unit tests of services.
    pub fn detached() -> Self {
        Self { conn: Arc::new(Conn { inner: Inner::Detached, effects: Effects::default() }), file: None }
    }

    /// The pool itself: for migrations and for tests. `None` when detached.
    pub fn pool(&self) -> Option<&DatabaseConnection> {
        match &self.conn.inner {
            Inner::Pool(p, _) => Some(p),
            _ => None,
        }
    }

    /// The same pool; what is sent through this handle is shown to `seen`, once it is answered. For tests of plans.
    ///
    /// # Panics
    /// When detached.
    #[cfg(feature = "testing")]
    pub fn watched(&self, seen: impl Fn(&sea_orm::Statement) + Send + Sync + 'static) -> Self {
        let mut pool = self.pool().expect("a database").clone();
        let seen = Arc::new(seen);
        let lines = self.conn.lines().map(|lines| lines.watched(seen.clone()));
        pool.set_metric_callback(move |info| seen(info.statement));
        self.with(Inner::Pool(pool, lines))
    }

    /// The same pool without lines: hot reads go the ordinary way. For tests that hold the two against each other.
    ///
    /// # Panics
    /// When detached.
    #[cfg(feature = "testing")]
    pub fn without_lines(&self) -> Self {
        self.with(Inner::Pool(self.pool().expect("a database").clone(), None))
    }

    /// The same database by another way.
    #[cfg(feature = "testing")]
    fn with(&self, inner: Inner) -> Self {
        Self { conn: Arc::new(self.of(inner)), file: self.file.clone() }
    }

    /// The lines of hot reads, for tests.
    #[cfg(feature = "testing")]
    pub fn lines_up(&self) -> Option<bool> {
        self.conn.lines().map(Lines::are_up)
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub fn is_postgres(&self) -> bool {
        self.pool().is_some_and(|p| p.get_database_backend() == DbBackend::Postgres)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        match self.pool() {
            Some(p) => Ok(p.ping().await?),
            None => Err(StoreError::Detached),
        }
    }

    /// Closes the pool: waits for what runs.
    pub async fn close(&self) {
        if let Some(lines) = self.conn.lines() {
            lines.close();
        }
        if let Some(p) = self.pool() {
            let _ = p.clone().close().await;
        }
    }

    /// `let tx = db.begin().await?; …; tx.commit().await?`. Dropping rolls back. Prefer [`Self::run`].
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match self.pool() {
            // IMMEDIATE: a SQLite transaction that reads first and writes later fails with BUSY_SNAPSHOT, which no
            // busy timeout waits for. PostgreSQL ignores it.
            Some(p) => Inner::Tx(
                p.begin_with_options(TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                })
                .await?,
            ),
            None => Inner::Detached,
        };
        Ok(Tx(Arc::new(self.of(inner))))
    }

    /// A connection whose effects are told of where those of this handle are.
    fn of(&self, inner: Inner) -> Conn {
        Conn { inner, effects: Effects::new(&self.conn.effects.word) }
    }

    /// Waits until effects can be seen that this process has written since the last one waited.
    pub async fn effects_written(&self) {
        self.conn.effects.word.notified().await;
    }

    /// Runs `work` in one transaction and commits when it returns `Ok`; on contention runs it again, up to 5 times.
    ///
    /// `work` gets a cheap owned handle, so it needs no boxed future and no higher-ranked lifetime:
    /// `db.run(async |tx| …)`. It must have no side effects but through `tx`.
    pub async fn run<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<StoreError> + Retryable,
    {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(5))
            .with_max_delay(Duration::from_millis(300))
            .with_max_times(4)
            .with_jitter()
            .build();
        loop {
            match self.attempt(&work).await {
                Err(e) if e.is_retryable() => match pauses.next() {
                    Some(pause) => {
                        metrics::counter!("gymapi_transaction_retries_total").increment(1);
                        tokio::time::sleep(pause).await;
                    }
                    None => return Err(e),
                },
                other => return other,
            }
        }
    }

    async fn attempt<T, E, F, Fut>(&self, work: &F) -> Result<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<StoreError>,
    {
        let tx = self.begin().await?;
        match work(tx.clone()).await {
            Ok(value) => tx.commit().await.map(|()| value).map_err(E::from),
            Err(e) => {
                let _ = tx.rollback().await;
                Err(e)
            }
        }
    }
}

/// `sqlite://path?mode=rwc` or `sqlite:path`; none for a database in memory.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let address = url.strip_prefix("sqlite:")?;
    let (path, options) = address.split_once('?').unwrap_or((address, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    let in_memory = path == ":memory:" || options.split('&').any(|option| option == "mode=memory");
    (!path.is_empty() && !in_memory).then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_address_is_found() {
        for (url, file) in [
            ("sqlite:///var/gym.db?mode=rwc", Some("/var/gym.db")),
            ("sqlite://data/gym.db", Some("data/gym.db")),
            ("sqlite:gym.db", Some("gym.db")),
            ("sqlite:///memory-lane/gym.db", Some("/memory-lane/gym.db")),
            ("sqlite::memory:", None),
            ("sqlite://:memory:", None),
            ("sqlite://shared?cache=shared&mode=memory", None),
            ("sqlite://shared?mode=memory", None),
            ("postgres://db/gym", None),
        ] {
            assert_eq!(sqlite_file(url), file.map(PathBuf::from), "{url}");
        }
    }
}

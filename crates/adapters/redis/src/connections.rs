//! A few connections that all tasks share.
//!
//! A connection carries the requests of many tasks at once, so a task waits neither for a free connection nor for
//! the check that the pool makes before it lends one out (a PING, a second round trip). The pool therefore only
//! makes connections, each of which stays in its place until it fails; then the next task has a new one made.
use deadpool_redis::{
    Connection, Manager, Pool, Runtime, Timeouts,
    redis::{AsyncConnectionConfig, FromRedisValue, Pipeline, RedisError, aio::MultiplexedConnection},
};
use ports::CacheError;
use std::{
    fmt::Display,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::OnceCell;

/// For an answer, a new connection, or a place in the pool. Shorter than the 250 ms that a cached read may take: a
/// connection that fell silent must be noticed here, before the caller's limit cuts the request off unnoticed.
const LIMIT: Duration = Duration::from_millis(200);

/// An empty cell is a connection that the next task makes, while the others wait for that one.
type Place = Mutex<Arc<OnceCell<Connection>>>;

pub(crate) struct Connections {
    pool: Pool,
    places: Box<[Place]>,
    next: AtomicUsize,
}

impl Connections {
    pub(crate) fn new(url: &str, size: usize) -> Result<Self, CacheError> {
        let size = size.max(1);
        if url.starts_with("rediss:") {
            if url.ends_with("#insecure") {
                return Err(unavailable("certificates are always checked: leave out #insecure"));
            }
            // no choice is left to the linked features; whoever chose a provider before keeps it
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT)).set_connection_timeout(Some(LIMIT));
        let manager = Manager::new_with_config(url, config).map_err(unavailable)?;
        let pool = Pool::builder(manager)
            .max_size(size)
            .timeouts(Timeouts { wait: Some(LIMIT), create: Some(LIMIT), recycle: Some(LIMIT) })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(unavailable)?;
        Ok(Self { pool, places: (0..size).map(|_| Place::default()).collect(), next: AtomicUsize::new(0) })
    }

    /// Sends the commands in one round trip.
    ///
    /// A connection that turns out to be closed (an idle one, or the server was started anew) is replaced and the
    /// commands are sent once more. What this store sends bears that: a hit counted twice errs on the safe side,
    /// and a value that was taken is not there the second time.
    pub(crate) async fn ask<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, CacheError> {
        let turn = self.next.fetch_add(1, Relaxed) % self.places.len();
        let place = self.places.get(turn).ok_or_else(|| unavailable("no connection"))?;
        match self.try_ask(place, commands).await {
            // the same place, which has a new connection made now; the next one's may be closed as well
            Err(Failure::Closed(_)) => self.try_ask(place, commands).await,
            outcome => outcome,
        }
        .map_err(|failure| match failure {
            Failure::Closed(error) | Failure::Other(error) => error,
        })
    }

    async fn try_ask<T: FromRedisValue>(&self, place: &Place, commands: &Pipeline) -> Result<T, Failure> {
        let cell = lock(place).clone();
        let mut connection = connection(&self.pool, &cell).await.map_err(Failure::Other)?;
        match commands.query_async(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                if is_spent(&error) {
                    replace(place, cell);
                }
                let closed = error.is_connection_dropped();
                let error = unavailable(error);
                Err(if closed { Failure::Closed(error) } else { Failure::Other(error) })
            }
        }
    }
}

enum Failure {
    Closed(CacheError),
    Other(CacheError),
}

async fn connection(pool: &Pool, cell: &OnceCell<Connection>) -> Result<MultiplexedConnection, CacheError> {
    let connection = cell.get_or_try_init(|| pool.get()).await.map_err(unavailable)?;
    Ok(MultiplexedConnection::clone(connection))
}

/// Whether a connection must not be used again: closed, silent for too long, or at a server that cannot serve it.
fn is_spent(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error() || error.code() == Some("READONLY")
}

/// Empties the place, unless another task has done so already.
fn replace(place: &Place, spent: Arc<OnceCell<Connection>>) {
    let mut current = lock(place);
    if !Arc::ptr_eq(&current, &spent) {
        return;
    }
    *current = Arc::default();
    drop(current);
    // The last holder takes the connection from the pool for good. Where that is not us, it goes back to the pool,
    // which checks it before it lends it out.
    if let Some(connection) = Arc::into_inner(spent).and_then(OnceCell::into_inner) {
        drop(Connection::take(connection));
    }
}

fn lock(place: &Place) -> std::sync::MutexGuard<'_, Arc<OnceCell<Connection>>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn unavailable(error: impl Display) -> CacheError {
    CacheError::Unavailable(error.to_string())
}

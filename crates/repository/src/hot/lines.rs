//! A few connections to PostgreSQL that all hot reads share.
//!
//! What concurrent callers ask goes out in one packet and is answered in turn, so PostgreSQL wakes up once for several
//! of them. A line dials by itself, again and again with growing pauses; while it is down nobody waits for it.
use super::{
    address::{Address, Connection},
    argument::Argument,
    row::{Columns, HotRow, ReadError},
    text::{Slot, Text},
};
use arc_swap::ArcSwapOption;
use futures_util::TryStreamExt;
use sea_orm::{DbBackend, Statement as Sent};
use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tokio_postgres::{Client, Statement};

/// For an answer: a line that gives none is cut, and dialled anew.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Between two attempts to dial, at first and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(15));

/// Who waits on one line at most; others go the ordinary way.
const CROWD: usize = 256;

/// How many of these have asked: enough that PostgreSQL never waits for them, and few enough that the rows of long
/// lists do not pile up before somebody encodes them.
const ASKED: usize = 16;

/// Told of every statement that was answered.
pub(crate) type Seen = Arc<dyn Fn(&Sent) + Send + Sync>;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lines {
    all: Arc<All>,
    seen: Option<Seen>,
}

struct All {
    address: Address,
    lines: Box<[Arc<Line>]>,
    started: AtomicBool,
}

impl Drop for All {
    fn drop(&mut self) {
        self.lines.iter().for_each(|line| line.close());
    }
}

struct Line {
    up: ArcSwapOption<Up>,
    waiting: AtomicUsize,
    turns: Semaphore,
    closed: AtomicBool,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            up: ArcSwapOption::empty(),
            waiting: AtomicUsize::new(0),
            turns: Semaphore::new(ASKED),
            closed: AtomicBool::new(false),
        }
    }
}

/// A connection that stands.
struct Up {
    client: Client,
    /// By the numbers of their texts.
    prepared: RwLock<Vec<Option<Statement>>>,
    /// Ends it, whatever is still waited for.
    cut: Arc<Notify>,
}

/// Somebody who waits on a line.
struct Waiting<'a>(&'a Line);

impl<'a> Waiting<'a> {
    fn on(line: &'a Line) -> Self {
        line.waiting.fetch_add(1, Relaxed);
        Self(line)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

impl Lines {
    /// Dials nothing yet: the first question does.
    pub(crate) fn new(address: Address, number: u32) -> Self {
        let lines = (0..number).map(|_| Arc::default()).collect();
        Self { all: Arc::new(All { address, lines, started: AtomicBool::new(false) }), seen: None }
    }

    pub(crate) fn number(&self) -> u32 {
        u32::try_from(self.all.lines.len()).unwrap_or_default()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn watched(&self, seen: Seen) -> Self {
        Self { all: self.all.clone(), seen: Some(seen) }
    }

    /// Whether every line is up, for tests.
    #[cfg(feature = "testing")]
    pub(crate) fn are_up(&self) -> bool {
        self.start();
        self.all.lines.iter().all(|line| line.up.load().is_some())
    }

    pub(crate) fn close(&self) {
        self.all.lines.iter().for_each(|line| line.close());
    }

    /// The rows; `None` when no line is up, and when the one that was asked failed: then the ordinary way answers.
    pub(crate) async fn ask<A: Argument, R: HotRow>(&self, text: &Text, arguments: &A) -> Option<Vec<R>> {
        self.start();
        let open = |line: &&Arc<Line>| line.waiting.load(Relaxed) < CROWD && line.up.load().is_some();
        let line = self.all.lines.iter().filter(open).min_by_key(|line| line.waiting.load(Relaxed))?;
        let _waiting = Waiting::on(line);
        let _turn = line.turns.acquire().await.ok()?;
        let up = line.up.load_full()?;
        let asked = match timeout(LIMIT, up.ask(text, arguments, self.seen.as_ref())).await {
            Ok(asked) => asked,
            Err(_) => {
                line.hang_up(&up);
                Err("no answer in time".into())
            }
        };
        match asked {
            Ok(rows) => Some(rows),
            Err(error) => {
                up.forget(text);
                metrics::counter!("gymapi_hot_read_failures_total").increment(1);
                tracing::debug!(error, "a hot read goes the ordinary way");
                None
            }
        }
    }

    fn start(&self) {
        if self.all.started.load(Relaxed) || self.all.started.swap(true, Relaxed) {
            return;
        }
        for line in &self.all.lines {
            tokio::spawn(keep(Arc::downgrade(line), self.all.address.clone()));
        }
    }
}

impl Line {
    fn close(&self) {
        self.closed.store(true, SeqCst);
        self.up.store(None);
    }

    fn put(&self, up: Arc<Up>) {
        self.up.store(Some(up));
        // closed meanwhile
        if self.closed.load(SeqCst) {
            self.up.store(None);
        }
    }

    /// Takes this connection out of use, unless another stands already, and ends it.
    fn hang_up(&self, up: &Arc<Up>) {
        self.up.compare_and_swap(&Some(up.clone()), None);
        up.cut.notify_one();
    }
}

impl Up {
    async fn ask<A: Argument, R: HotRow>(
        &self,
        text: &Text,
        arguments: &A,
        seen: Option<&Seen>,
    ) -> Result<Vec<R>, ReadError> {
        let statement = match self.known(text) {
            Some(statement) => statement,
            None => self.prepare::<R>(text).await?,
        };
        let mut bound = Vec::with_capacity(text.values.len());
        arguments.bind(&mut bound);
        let values = text.values.iter().map(|slot| match slot {
            Slot::Argument(n, _) => bound.get(*n),
            Slot::Constant(value) => Some(value),
        });
        let mut stream = pin!(self.client.query_raw(&statement, values.clone()).await?);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(R::read(&mut Columns::of(&row))?);
        }
        if let Some(seen) = seen {
            let values = values.flatten().map(|value| value.to_value());
            seen(&Sent::from_sql_and_values(DbBackend::Postgres, &text.sql, values));
        }
        Ok(rows)
    }

    fn known(&self, text: &Text) -> Option<Statement> {
        let prepared = self.prepared.read().unwrap_or_else(PoisonError::into_inner);
        prepared.get(text.number).cloned().flatten()
    }

    fn keep(&self, text: &Text, statement: Option<Statement>) {
        let mut prepared = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        if prepared.len() <= text.number {
            prepared.resize(text.number + 1, None);
        }
        if let Some(place) = prepared.get_mut(text.number) {
            *place = statement;
        }
    }

    /// What failed is prepared anew the next time: a table may have changed its columns.
    fn forget(&self, text: &Text) {
        self.keep(text, None);
    }

    async fn prepare<R: HotRow>(&self, text: &Text) -> Result<Statement, ReadError> {
        let kinds = text.values.iter().map(|slot| match slot {
            Slot::Argument(_, kind) => kind.clone(),
            Slot::Constant(value) => value.kind(),
        });
        let statement = self.client.prepare_typed(&text.sql, &kinds.collect::<Vec<_>>()).await?;
        let mut names = Vec::new();
        R::names("", &mut names);
        if !statement.columns().iter().map(|column| column.name()).eq(names.iter().map(String::as_str)) {
            tracing::error!(sql = text.sql, ?names, "the columns of a hot read are not those of its row");
            return Err("the columns are not those of the row".into());
        }
        self.keep(text, Some(statement.clone()));
        Ok(statement)
    }
}

/// Keeps a line up as long as somebody holds it.
async fn keep(line: Weak<Line>, address: Address) {
    let mut pause = PAUSES.0;
    while line.upgrade().is_some_and(|line| !line.closed.load(Relaxed)) {
        match timeout(LIMIT, address.dial()).await {
            Ok(Ok((client, connection))) => {
                pause = PAUSES.0;
                stand(&line, client, connection).await;
            }
            Ok(Err(error)) => tracing::info!(%error, "a line to the database does not come up"),
            Err(_) => tracing::info!("a line to the database does not come up in time"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Until the connection ends.
async fn stand(line: &Weak<Line>, client: Client, connection: Connection) {
    let cut = Arc::new(Notify::new());
    let up = Arc::new(Up { client, prepared: RwLock::default(), cut: cut.clone() });
    let place = Arc::downgrade(&up);
    match line.upgrade() {
        Some(line) => line.put(up),
        None => return,
    }
    let ended = tokio::select! {
        ended = connection => ended,
        () = cut.notified() => Ok(()),
    };
    if let Err(error) = ended {
        tracing::info!(%error, "a line to the database ended");
    }
    if let (Some(line), Some(up)) = (line.upgrade(), place.upgrade()) {
        line.hang_up(&up);
    }
}

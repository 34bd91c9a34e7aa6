use async_trait::async_trait;
use http_api::Readiness;
use repository::Db;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Whether this instance should be sent requests: not before it is migrated, not while it drains, not without its
/// database. Cheap to clone; all clones are the same gauge.
#[derive(Clone)]
pub struct Gauge {
    db: Db,
    migrated: Arc<AtomicBool>,
    draining: Arc<AtomicBool>,
}

impl Gauge {
    pub(crate) fn new(db: Db) -> Self {
        Self { db, migrated: Arc::default(), draining: Arc::default() }
    }
    pub(crate) fn migrated(&self) {
        self.migrated.store(true, Relaxed);
    }
    /// From now on the instance asks not to be sent requests.
    pub fn drain(&self) {
        self.draining.store(true, Relaxed);
    }
}

#[async_trait]
impl Readiness for Gauge {
    async fn check(&self) -> Result<(), Vec<String>> {
        let mut missing = Vec::new();
        if !self.migrated.load(Relaxed) {
            missing.push("the database is being migrated".to_owned());
        }
        if self.draining.load(Relaxed) {
            missing.push("the instance is shutting down".to_owned());
        }
        let answers = tokio::time::timeout(Duration::from_secs(2), self.db.ping()).await;
        if !matches!(answers, Ok(Ok(()))) {
            missing.push("the database does not answer".to_owned());
        }
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }
}

//! What the worker does, over SQLite and PostgreSQL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic
extern crate gymapi_services as services;

mod relay;
mod scheduler;

use ports::{CacheFront, MemoryCache};
use services::Core;
use std::sync::Arc;
use testkit::database::TestDb;

/// What one instance stands on.
fn instance(t: &TestDb) -> Core {
    Core::new(t.db.clone(), Arc::new(CacheFront::new(Arc::new(MemoryCache::new(1 << 20)))))
}

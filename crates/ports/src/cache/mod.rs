//! The cache: bytes under typed keys, in families that are dropped in constant time.
//!
//! A family of keys is a namespace ([`Ns`]), and a namespace has a random version. Every value is stored together
//! with the version that was seen *before* it was loaded, and is readable only while the two agree. Therefore
//! invalidating a namespace is one write however many keys it holds, a load that raced a write is never served
//! (IDN-100), and a version that was lost can never match an old value again, as a counter could.
mod front;
mod measures;
mod memory;

pub use bytes::Bytes;
pub use front::{CacheFront, CacheStats, REQUEST_STATS, encode};
pub use memory::MemoryCache;

use async_trait::async_trait;
use std::{fmt::Display, time::Duration};

/// A family of keys that is dropped together: `family:scope`. The scope names the tenant (or the one user) whose
/// data it holds, so that a key cannot forget it (IDN-102).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ns {
    family: &'static str,
    full: String,
}

impl Ns {
    pub fn new(family: &'static str, scope: impl Display) -> Self {
        Self { family, full: format!("{family}:{scope}") }
    }
    /// The key up to its first colon: the label `cache_type` of the metrics (IDN-101).
    pub fn family(&self) -> &'static str {
        self.family
    }
    pub fn as_str(&self) -> &str {
        &self.full
    }
}

/// The version that a namespace has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl Version {
    pub fn fresh() -> Self {
        Self(uuid::Uuid::new_v4().as_u64_pair().0)
    }
}

/// What one look at the store says: the namespace's version, and the value if it was stored under that version.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub version: Version,
    pub value: Option<Bytes>,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum CacheError {
    #[error("cache unavailable: {0}")]
    Unavailable(String),
}

/// The port. Failing open is the business of [`CacheFront`], which is what services hold.
#[async_trait]
pub trait Cache: Send + Sync + 'static {
    /// Looks up several keys in one round trip; the answers stand in the order of the questions.
    async fn get_many(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError>;
    /// Stores a value under the version seen before its load.
    async fn put(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) -> Result<(), CacheError>;
    /// Drops whole namespaces, each in constant time, in one round trip.
    async fn bump(&self, namespaces: &[&Ns]) -> Result<(), CacheError>;
    /// Deletes the keys that match a glob pattern (`*`, `?`) by walking the key space with a cursor, 100 at a time;
    /// returns how many were deleted (IDN-98). For operators: its cost grows with the store.
    async fn clear_matching(&self, pattern: &str) -> Result<u64, CacheError>;
}

//! Object storage: public files under buckets.
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Where an object lies. The path is made by the system from ids and random names, never from what a client sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ObjectPath {
    pub bucket: String,
    pub path: String,
}

/// What to store: bytes in memory (images) or a spooled file (videos).
#[derive(Debug)]
pub enum ObjectBody {
    Bytes(Bytes),
    File(PathBuf),
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    pub path: String,
    pub modified: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// No store was configured (503, MED-19).
    #[error("no object storage is configured")]
    NotConfigured,
    /// All attempts failed (502, MED-19).
    #[error("object storage failed: {0}")]
    Failed(String),
}

#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Stores an object under a fresh name, with up to 3 attempts (MED-17, MED-18).
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError>;
    /// Deletes objects of one bucket; a missing object counts as deleted (MED-25).
    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError>;
    /// All objects of a bucket, in order of their paths.
    async fn list(&self, bucket: &str) -> Result<Vec<StoredObject>, StorageError>;
    /// The address under which anyone may read the object. No call, path segments percent-encoded (MED-16).
    fn public_url(&self, at: &ObjectPath) -> String;
    /// The object behind an address that [`Self::public_url`] made; `None` for anybody else's address (MED-26).
    fn object_of(&self, url: &str) -> Option<ObjectPath>;
    /// Whether uploads can be taken at all; asked before a body is read (MED-19).
    fn is_configured(&self) -> bool {
        true
    }
}

/// Objects in memory, for tests: what is stored can be looked at, and failures can be ordered.
#[derive(Default)]
pub struct MemoryObjectStore {
    objects: Mutex<BTreeMap<ObjectPath, (Bytes, String, DateTime<Utc>)>>,
    failures: Mutex<u32>,
}

const BASE: &str = "memory://objects/";

impl MemoryObjectStore {
    /// The next `n` calls fail.
    pub fn fail_next(&self, n: u32) {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner) = n;
    }
    /// Bytes and content type of an object.
    pub fn object(&self, at: &ObjectPath) -> Option<(Bytes, String)> {
        self.lock().get(at).map(|(bytes, kind, _)| (bytes.clone(), kind.clone()))
    }
    pub fn paths(&self) -> Vec<ObjectPath> {
        self.lock().keys().cloned().collect()
    }
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectPath, (Bytes, String, DateTime<Utc>)>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn fail(&self) -> Result<(), StorageError> {
        let mut left = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if *left > 0 {
            *left -= 1;
            return Err(StorageError::Failed("ordered to fail".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for MemoryObjectStore {
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError> {
        self.fail()?;
        let bytes = match body {
            ObjectBody::Bytes(bytes) => bytes,
            ObjectBody::File(path) => std::fs::read(path).map_err(|e| StorageError::Failed(e.to_string()))?.into(),
        };
        self.lock().insert(at.clone(), (bytes, content_type.to_owned(), domain::kernel::time::now()));
        Ok(())
    }

    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError> {
        self.fail()?;
        let mut objects = self.lock();
        for path in paths {
            objects.remove(&ObjectPath { bucket: bucket.to_owned(), path: path.clone() });
        }
        Ok(())
    }

    async fn list(&self, bucket: &str) -> Result<Vec<StoredObject>, StorageError> {
        self.fail()?;
        let of_bucket = |(at, (_, _, modified)): (&ObjectPath, &(Bytes, String, DateTime<Utc>))| {
            (at.bucket == bucket).then(|| StoredObject { path: at.path.clone(), modified: *modified })
        };
        Ok(self.lock().iter().filter_map(of_bucket).collect())
    }

    fn public_url(&self, at: &ObjectPath) -> String {
        format!("{BASE}{}/{}", at.bucket, at.path)
    }

    fn object_of(&self, url: &str) -> Option<ObjectPath> {
        let (bucket, path) = url.strip_prefix(BASE)?.split_once('/')?;
        Some(ObjectPath { bucket: bucket.to_owned(), path: path.to_owned() })
    }
}

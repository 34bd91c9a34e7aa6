//! Object storage: public files under buckets.
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Where an object lies. The path is made by the system from ids and random names, never from what a client sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ObjectPath {
    pub bucket: String,
    pub path: String,
}

impl ObjectPath {
    /// Whether the path stays inside its bucket in every store, a folder on a disk included: no empty, `.` or `..`
    /// segment, no backslash, no control character.
    pub fn is_sound(&self) -> bool {
        let sound = |segment: &str| {
            !matches!(segment, "" | "." | "..") && !segment.chars().any(|c| c == '\\' || c.is_control())
        };
        sound(&self.bucket) && !self.bucket.contains('/') && self.path.split('/').all(sound)
    }
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
    /// Stores an object under a fresh name, with up to 3 attempts (MED-17, MED-18). A name that is taken is refused and
    /// its object left as it is, as far as the store can tell (MED-23).
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError>;
    /// Deletes objects of one bucket; a missing object counts as deleted (MED-25).
    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError>;
    /// All objects of a bucket, in order of their paths.
    async fn list(&self, bucket: &str) -> Result<Vec<StoredObject>, StorageError>;
    /// The address under which anyone may read the object. No call, path segments percent-encoded (MED-16).
    fn public_url(&self, at: &ObjectPath) -> String;
    /// The object behind an address that [`Self::public_url`] made; `None` for anybody else's address (MED-26). Whether
    /// the object lies under its owner's own prefix is the caller's question.
    fn object_of(&self, url: &str) -> Option<ObjectPath>;
    /// Whether the store answers now, for readiness. One attempt.
    async fn health(&self) -> Result<(), StorageError> {
        Ok(())
    }
    /// Whether uploads can be taken at all; asked before a body is read (MED-19).
    fn is_configured(&self) -> bool {
        true
    }
}

/// The form of public addresses: `{base}/{bucket}/{path}`, each segment percent-encoded (MED-16).
#[derive(Clone, Debug)]
pub struct PublicUrls {
    base: String,
    buckets: BTreeSet<String>,
}

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl PublicUrls {
    /// `base` is the address under which all buckets lie, with or without a slash at its end; `buckets` are the only
    /// ones that objects are ever looked for in.
    pub fn new(base: &str, buckets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let base = format!("{}/", base.trim_end_matches('/'));
        Self { base, buckets: buckets.into_iter().map(Into::into).collect() }
    }
    pub fn buckets(&self) -> &BTreeSet<String> {
        &self.buckets
    }
    pub fn url_of(&self, at: &ObjectPath) -> String {
        let mut url = format!("{}{}", self.base, utf8_percent_encode(&at.bucket, SEGMENT));
        for segment in at.path.split('/') {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        url
    }
    /// The inverse of [`Self::url_of`]; query strings and fragments are ignored. `None` for another base, another
    /// bucket, or a path that would leave its bucket (MED-26).
    pub fn object_of(&self, url: &str) -> Option<ObjectPath> {
        let rest = url.strip_prefix(&self.base)?;
        let rest = rest.split(['?', '#']).next()?;
        let segments = rest.split('/').map(|segment| {
            let decoded = percent_decode_str(segment).decode_utf8().ok()?;
            (!decoded.contains('/')).then_some(decoded)
        });
        let segments = segments.collect::<Option<Vec<_>>>()?;
        let (bucket, path) = segments.split_first()?;
        let at = ObjectPath { bucket: bucket.to_string(), path: path.join("/") };
        (self.buckets.contains(&at.bucket) && at.is_sound()).then_some(at)
    }
}

/// The store of a system that was given none: refuses uploads before their bodies are read (MED-19).
pub struct NoObjectStore;

#[async_trait]
impl ObjectStore for NoObjectStore {
    async fn put(&self, _: &ObjectPath, _: ObjectBody, _: &str) -> Result<(), StorageError> {
        Err(StorageError::NotConfigured)
    }
    async fn delete(&self, _: &str, _: &[String]) -> Result<(), StorageError> {
        Err(StorageError::NotConfigured)
    }
    async fn list(&self, _: &str) -> Result<Vec<StoredObject>, StorageError> {
        Err(StorageError::NotConfigured)
    }
    /// Empty: no object of this store exists.
    fn public_url(&self, _: &ObjectPath) -> String {
        String::new()
    }
    fn object_of(&self, _: &str) -> Option<ObjectPath> {
        None
    }
    async fn health(&self) -> Result<(), StorageError> {
        Err(StorageError::NotConfigured)
    }
    fn is_configured(&self) -> bool {
        false
    }
}

/// Objects in memory, for tests: what is stored can be looked at, and failures can be ordered.
pub struct MemoryObjectStore {
    urls: PublicUrls,
    objects: Mutex<BTreeMap<ObjectPath, Held>>,
    failures: Mutex<u32>,
}

struct Held {
    bytes: Bytes,
    content_type: String,
    modified: DateTime<Utc>,
}

/// Under the buckets of the default configuration.
impl Default for MemoryObjectStore {
    fn default() -> Self {
        Self::with_buckets(["gym-posts", "stories", "profile-images", "gym_logo"])
    }
}

impl MemoryObjectStore {
    pub fn with_buckets(buckets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let urls = PublicUrls::new("memory://objects", buckets);
        Self { urls, objects: Mutex::default(), failures: Mutex::default() }
    }
    /// The next `n` calls fail.
    pub fn fail_next(&self, n: u32) {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner) = n;
    }
    /// Bytes and content type of an object.
    pub fn object(&self, at: &ObjectPath) -> Option<(Bytes, String)> {
        self.lock().get(at).map(|held| (held.bytes.clone(), held.content_type.clone()))
    }
    pub fn paths(&self) -> Vec<ObjectPath> {
        self.lock().keys().cloned().collect()
    }
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectPath, Held>> {
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
        if !self.urls.buckets().contains(&at.bucket) || !at.is_sound() {
            return Err(StorageError::Failed(format!("no such place: {at:?}")));
        }
        match self.lock().entry(at.clone()) {
            Entry::Occupied(_) => Err(StorageError::Failed("the name is taken".into())),
            Entry::Vacant(place) => {
                place.insert(Held {
                    bytes,
                    content_type: content_type.to_owned(),
                    modified: domain::kernel::time::now(),
                });
                Ok(())
            }
        }
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
        let of_bucket = |(at, held): (&ObjectPath, &Held)| {
            (at.bucket == bucket).then(|| StoredObject { path: at.path.clone(), modified: held.modified })
        };
        Ok(self.lock().iter().filter_map(of_bucket).collect())
    }

    fn public_url(&self, at: &ObjectPath) -> String {
        self.urls.url_of(at)
    }

    fn object_of(&self, url: &str) -> Option<ObjectPath> {
        self.urls.object_of(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bucket: &str, path: &str) -> ObjectPath {
        ObjectPath { bucket: bucket.into(), path: path.into() }
    }

    #[test]
    fn med_16_an_address_is_base_bucket_and_encoded_segments() {
        let urls = PublicUrls::new("https://x.supabase.co/storage/v1/object/public/", ["gym_logo"]);
        assert_eq!(
            urls.url_of(&at("gym_logo", "gym_7/a b/ü#?%.png")),
            "https://x.supabase.co/storage/v1/object/public/gym_logo/gym_7/a%20b/%C3%BC%23%3F%25.png"
        );
    }

    #[test]
    fn med_26_only_our_own_addresses_name_objects() {
        let urls = PublicUrls::new("https://x.supabase.co/storage/v1/object/public", ["gym_logo"]);
        let of = |rest: &str| urls.object_of(&format!("https://x.supabase.co/storage/v1/object/public/{rest}"));
        assert_eq!(of("gym_logo/gym_7/a%20b.png?width=3#top"), Some(at("gym_logo", "gym_7/a b.png")));
        for foreign in [
            "other/gym_7/a.png",
            "gym_logo",
            "gym_logo/",
            "gym_logo//a.png",
            "gym_logo/../stories/a.png",
            "gym_logo/%2e%2e/a.png",
            "gym_logo/gym_7%2F..%2Fa.png",
            "gym_logo/a%5Cb.png",
            "gym_logo/a%00.png",
            "gym_logo/%ff.png",
        ] {
            assert_eq!(of(foreign), None, "{foreign}");
        }
        for foreign in [
            "https://x.supabase.co.evil.example/storage/v1/object/public/gym_logo/a.png",
            "https://evil.example/storage/v1/object/public/gym_logo/a.png",
            "http://x.supabase.co/storage/v1/object/public/gym_logo/a.png",
            "https://x.supabase.co/storage/v1/object/sign/gym_logo/a.png",
            "",
        ] {
            assert_eq!(urls.object_of(foreign), None, "{foreign}");
        }
    }

    #[tokio::test]
    async fn med_19_without_a_store_nothing_is_taken() {
        assert!(!NoObjectStore.is_configured());
        let put = NoObjectStore.put(&at("b", "p"), ObjectBody::Bytes(Bytes::new()), "image/png").await;
        assert_eq!(put, Err(StorageError::NotConfigured));
    }
}

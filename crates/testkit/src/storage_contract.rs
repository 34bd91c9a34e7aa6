//! What every object store keeps, whatever it is made of: one suite, run over each implementation.
use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use ports::{
    ObjectStore, StorageError,
    storage::{MemoryObjectStore, ObjectBody, ObjectPath},
};
use std::io::Write as _;

/// How a test sees what was really stored, on a way that does not lead through the store under test.
#[async_trait]
pub trait ReadBack: Send + Sync {
    /// The bytes of an object, and its content type where the store keeps one.
    async fn read(&self, at: &ObjectPath) -> Option<(Vec<u8>, Option<String>)>;
}

#[async_trait]
impl ReadBack for MemoryObjectStore {
    async fn read(&self, at: &ObjectPath) -> Option<(Vec<u8>, Option<String>)> {
        self.object(at).map(|(bytes, content_type)| (bytes.to_vec(), Some(content_type)))
    }
}

/// Runs the whole contract in one bucket that exists and is expected; objects that others left there do not matter.
///
/// # Panics
/// Where the contract is broken.
pub async fn uphold(store: &dyn ObjectStore, read_back: &dyn ReadBack, bucket: &str) {
    let suite = Suite { store, read_back, bucket, folder: uuid::Uuid::new_v4().simple().to_string() };
    suite.what_is_put_can_be_read().await;
    suite.files_are_stored_whole().await;
    suite.a_taken_name_is_refused().await;
    suite.names_outside_ascii_survive().await;
    suite.lists_are_in_order_with_times().await;
    suite.deleting_is_idempotent().await;
    suite.more_than_a_hundred_are_deleted().await;
    suite.foreign_places_are_refused().await;
    suite.foreign_addresses_are_ignored();
    assert!(store.is_configured());
    assert_eq!(store.health().await, Ok(()));
}

struct Suite<'a> {
    store: &'a dyn ObjectStore,
    read_back: &'a dyn ReadBack,
    bucket: &'a str,
    /// Of this run alone.
    folder: String,
}

impl Suite<'_> {
    fn at(&self, name: &str) -> ObjectPath {
        ObjectPath { bucket: self.bucket.to_owned(), path: format!("{}/{name}", self.folder) }
    }

    async fn put(&self, at: &ObjectPath, bytes: &[u8]) -> Result<(), StorageError> {
        self.store.put(at, ObjectBody::Bytes(bytes.to_vec().into()), "image/png").await
    }

    async fn bytes(&self, at: &ObjectPath) -> Option<Vec<u8>> {
        self.read_back.read(at).await.map(|(bytes, _)| bytes)
    }

    async fn delete(&self, names: &[&str]) {
        let paths: Vec<_> = names.iter().map(|name| self.at(name).path).collect();
        self.store.delete(self.bucket, &paths).await.expect("deleting works");
    }

    /// The names under a folder of this run, in the order in which the store lists them.
    async fn names(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{}/{folder}/", self.folder);
        let listed = self.store.list(self.bucket).await.expect("listing works");
        listed.iter().filter_map(|object| object.path.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    async fn what_is_put_can_be_read(&self) {
        let at = self.at("read/a.png");
        assert_eq!(self.read_back.read(&at).await, None);
        self.put(&at, b"first").await.expect("a fresh name is taken");
        let (bytes, content_type) = self.read_back.read(&at).await.expect("the object is there");
        assert_eq!(bytes, b"first");
        if let Some(content_type) = content_type {
            assert_eq!(content_type, "image/png");
        }
    }

    /// Once below and once above the size from which files are sent in parts.
    async fn files_are_stored_whole(&self) {
        for size in [0, 3, 8 * 1024 * 1024, 17 * 1024 * 1024 + 5] {
            // a period that does not divide a part's size, so that parts in a wrong order are seen
            let content: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let mut spool = tempfile::NamedTempFile::new().expect("a temporary file");
            spool.write_all(&content).expect("the temporary file takes its bytes");
            let at = self.at(&format!("files/{size}.mp4"));
            let body = ObjectBody::File(spool.path().to_owned());
            self.store.put(&at, body, "video/mp4").await.expect("a file is taken");
            let (bytes, content_type) = self.read_back.read(&at).await.expect("the object is there");
            assert!(bytes == content, "{} bytes came back of {size}, or others", bytes.len());
            if let Some(content_type) = content_type {
                assert_eq!(content_type, "video/mp4");
            }
            assert!(spool.path().exists(), "the spooled file is its owner's to remove");
            // Whether the caller is told that the name is taken cannot be said for large bodies: a store may hang up
            // before it has read them, and the next attempt then finds the name taken. The object stays in any case.
            let other: Vec<u8> = content.iter().rev().copied().collect();
            std::fs::write(spool.path(), other).expect("the temporary file takes its bytes");
            let again = ObjectBody::File(spool.path().to_owned());
            let _ = self.store.put(&at, again, "video/mp4").await;
            let kept = self.bytes(&at).await;
            assert!(kept.as_ref() == Some(&content), "an object of {size} bytes was replaced");
        }
        let gone = ObjectBody::File("/nowhere/at/all".into());
        let refused = self.store.put(&self.at("files/gone.mp4"), gone, "video/mp4").await;
        assert!(matches!(refused, Err(StorageError::Failed(_))), "{refused:?}");
    }

    async fn a_taken_name_is_refused(&self) {
        let at = self.at("taken/a.png");
        self.put(&at, b"first").await.expect("a fresh name is taken");
        let refused = self.put(&at, b"second").await;
        assert!(matches!(refused, Err(StorageError::Failed(_))), "{refused:?}");
        assert_eq!(self.bytes(&at).await.as_deref(), Some(&b"first"[..]));
    }

    async fn names_outside_ascii_survive(&self) {
        let names = ["a b.png", "naïve ü.png", "写真.png", "50%.png", "q?x=1&y#z.png", "+.png", "%20.png"];
        for name in names {
            let at = self.at(&format!("names/{name}"));
            self.put(&at, name.as_bytes()).await.expect("the name is taken");
            assert_eq!(self.bytes(&at).await.as_deref(), Some(name.as_bytes()), "{name}");
            let url = self.store.public_url(&at);
            assert!(url.bytes().all(|c| c.is_ascii_graphic()), "{url}");
            assert!(!url.contains(['?', '#', '+']), "{url}");
            assert_eq!(self.store.object_of(&url), Some(at.clone()));
            assert_eq!(self.store.object_of(&format!("{url}?width=100#top")), Some(at));
        }
        let mut in_order = names.map(str::to_owned);
        in_order.sort();
        assert_eq!(self.names("names").await, in_order);
        self.delete(&names.map(|name| format!("names/{name}")).each_ref().map(String::as_str)).await;
        assert_eq!(self.names("names").await, [""; 0]);
    }

    async fn lists_are_in_order_with_times(&self) {
        // stores keep whole seconds
        let before = Utc::now() - TimeDelta::seconds(2);
        for name in ["order/b.png", "order/a/z.png", "order/a-b.png", "order/B.png", "order/a.png"] {
            self.put(&self.at(name), b"x").await.expect("a fresh name is taken");
        }
        let after = Utc::now() + TimeDelta::seconds(2);
        assert_eq!(self.names("order").await, ["B.png", "a-b.png", "a.png", "a/z.png", "b.png"]);
        let listed = self.store.list(self.bucket).await.expect("listing works");
        let own: Vec<_> = listed.iter().filter(|object| object.path.starts_with(&self.folder)).collect();
        assert!(own.iter().all(|object| object.modified >= before - TimeDelta::minutes(5) && object.modified <= after));
        let fresh = own.iter().filter(|object| object.path.contains("/order/"));
        assert!(fresh.clone().all(|object| object.modified >= before), "{:?}", fresh.collect::<Vec<_>>());
    }

    async fn deleting_is_idempotent(&self) {
        for name in ["delete/a.png", "delete/b.png", "delete/c.png"] {
            self.put(&self.at(name), b"x").await.expect("a fresh name is taken");
        }
        self.delete(&["delete/a.png", "delete/never-there.png", "delete/b.png"]).await;
        assert_eq!(self.names("delete").await, ["c.png"]);
        assert_eq!(self.bytes(&self.at("delete/a.png")).await, None);
        self.delete(&["delete/a.png", "delete/b.png"]).await;
        self.delete(&[]).await;
        assert_eq!(self.names("delete").await, ["c.png"]);
        // a path that leaves its bucket deletes nothing
        let outside = format!("{}/delete/../delete/c.png", self.folder);
        self.store.delete(self.bucket, &[outside]).await.expect("it counts as deleted");
        assert_eq!(self.names("delete").await, ["c.png"]);
    }

    async fn more_than_a_hundred_are_deleted(&self) {
        let names: Vec<_> = (0..120).map(|i| format!("many/{i}.png")).collect();
        for name in &names {
            self.put(&self.at(name), b"x").await.expect("a fresh name is taken");
        }
        assert_eq!(self.names("many").await.len(), 120);
        self.delete(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!(self.names("many").await, [""; 0]);
    }

    async fn foreign_places_are_refused(&self) {
        let places = [
            ObjectPath { bucket: "nobodys-bucket".into(), path: "a.png".into() },
            ObjectPath { bucket: "../outside".into(), path: "a.png".into() },
            self.at("../../outside.png"),
            self.at("/a.png"),
            self.at(""),
            self.at("a\\b.png"),
        ];
        for at in places {
            let refused = self.put(&at, b"x").await;
            assert!(matches!(refused, Err(StorageError::Failed(_))), "{at:?}: {refused:?}");
        }
    }

    fn foreign_addresses_are_ignored(&self) {
        let url = self.store.public_url(&self.at("a.png"));
        let base = url.split(self.bucket).next().expect("split gives at least one piece");
        for foreign in [
            format!("https://elsewhere.example/{}/a.png", self.bucket),
            format!("{base}nobodys-bucket/a.png"),
            format!("{base}{}/../a.png", self.bucket),
            format!("{base}{}/%2e%2e/a.png", self.bucket),
            format!("{base}{}/a%2F..%2Fb.png", self.bucket),
            format!("{base}{}/", self.bucket),
            base.to_owned(),
            String::new(),
        ] {
            assert_eq!(self.store.object_of(&foreign), None, "{foreign}");
        }
    }
}

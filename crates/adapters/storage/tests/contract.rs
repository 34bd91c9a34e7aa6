//! The contract of object stores over memory, a disk, and a real S3 server that checks signatures.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use async_trait::async_trait;
use gymapi_storage::{LocalStore, RetryPolicy, S3Options, S3Store};
use object_store::{
    Attribute, ObjectStoreExt as _,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
    signer::Signer as _,
};
use ports::{
    ObjectStore, StorageError,
    storage::{MemoryObjectStore, ObjectBody, ObjectPath},
};
use std::time::Duration;
use testkit::storage_contract::{ReadBack, uphold};

#[tokio::test]
async fn memory_keeps_the_contract() {
    let store = MemoryObjectStore::default();
    uphold(&store, &store, "gym-posts").await;
}

/// Reads the files themselves.
struct Disk(std::path::PathBuf);

#[async_trait]
impl ReadBack for Disk {
    async fn read(&self, at: &ObjectPath) -> Option<(Vec<u8>, Option<String>)> {
        Some((std::fs::read(self.0.join(&at.bucket).join(&at.path)).ok()?, None))
    }
}

#[tokio::test]
async fn a_disk_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("not/there/yet");
    let store = LocalStore::new(&root, "http://localhost:8000/media/", ["gym-posts", "stories"]).unwrap();
    assert_eq!(store.list("stories").await, Ok(vec![]));
    uphold(&store, &Disk(root.clone()), "gym-posts").await;

    let at = ObjectPath { bucket: "stories".into(), path: "gym_1/a b.png".into() };
    store.put(&at, ObjectBody::Bytes("x".into()), "image/png").await.unwrap();
    assert_eq!(std::fs::read(store.file_of(&at).unwrap()).unwrap(), b"x");
    assert_eq!(store.file_of(&ObjectPath { path: "../a.png".into(), ..at }), None);
    std::fs::remove_dir_all(&root).unwrap();
    assert!(matches!(store.health().await, Err(StorageError::Failed(_))));
}

/// Another client of the same server.
struct Other(AmazonS3);

#[async_trait]
impl ReadBack for Other {
    async fn read(&self, at: &ObjectPath) -> Option<(Vec<u8>, Option<String>)> {
        let found = self.0.get(&Path::parse(&at.path).unwrap()).await.ok()?;
        let content_type = found.attributes.get(&Attribute::ContentType).map(|value| value.to_string());
        Some((found.bytes().await.unwrap().to_vec(), content_type))
    }
}

fn options(server: &testkit::servers::S3, buckets: &[&str]) -> S3Options {
    S3Options {
        endpoint: server.endpoint.clone(),
        region: "us-east-1".into(),
        access_key: server.access_key.clone(),
        secret_key: server.secret_key.clone(),
        session_token: None,
        public_base_url: format!("{}/storage/v1/object/public", server.endpoint),
        buckets: buckets.iter().map(|name| name.to_string()).collect(),
        retry: RetryPolicy { step: Duration::from_millis(10), ..RetryPolicy::default() },
    }
}

/// A bucket of this run alone.
async fn bucket(server: &testkit::servers::S3) -> (String, AmazonS3) {
    let name = format!("bucket-{}", uuid::Uuid::new_v4().simple());
    let client = AmazonS3Builder::new()
        .with_endpoint(&server.endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_access_key_id(&server.access_key)
        .with_secret_access_key(&server.secret_key)
        .with_bucket_name(&name)
        .build()
        .unwrap();
    let put = reqwest::Method::PUT;
    let address = client.signed_url(put.clone(), &Path::default(), Duration::from_secs(60)).await.unwrap();
    let made = reqwest::Client::new().request(put, address).send().await.unwrap();
    assert!(made.status().is_success(), "{:?}", made.text().await);
    (name, client)
}

#[tokio::test]
async fn an_s3_server_keeps_the_contract() {
    let Some(server) = testkit::servers::s3() else { return };
    let (name, client) = bucket(&server).await;
    let store = S3Store::new(options(&server, &[&name])).unwrap();
    uphold(&store, &Other(client), &name).await;
}

#[tokio::test]
async fn med_18_an_s3_server_refuses_a_wrong_secret_and_misses_a_bucket() {
    let Some(server) = testkit::servers::s3() else { return };
    let (name, _) = bucket(&server).await;
    let wrong = S3Options { secret_key: "wrong".into(), ..options(&server, &[&name]) };
    let store = S3Store::new(wrong).unwrap();
    let at = ObjectPath { bucket: name.clone(), path: "a.png".into() };
    let body = ObjectBody::Bytes("x".into());
    let refused = store.put(&at, body, "image/png").await.unwrap_err().to_string();
    assert!(refused.contains("403"), "{refused}");
    assert!(store.health().await.is_err());
    assert!(store.delete(&name, &["a.png".into()]).await.is_err());

    let missing = format!("missing-{}", uuid::Uuid::new_v4().simple());
    let store = S3Store::new(options(&server, &[&name, &missing])).unwrap();
    assert!(store.list(&missing).await.is_err());
    assert!(store.health().await.is_err());
}

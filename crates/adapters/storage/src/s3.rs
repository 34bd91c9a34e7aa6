//! Buckets of an S3-compatible store.
use crate::{
    S3Options,
    fault::{Consequence, Fault},
    retry::RetryPolicy,
    transport::Transport,
    upload::upload,
};
use async_trait::async_trait;
use futures::{FutureExt as _, StreamExt as _, future::try_join_all, stream};
use object_store::{
    Attribute, Attributes, ObjectStore as _, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    list::{PaginatedListOptions, PaginatedListStore as _},
    path::Path,
};
use ports::{
    ObjectStore, StorageError,
    storage::{ObjectBody, ObjectPath, PublicUrls, StoredObject},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    time::Duration,
};
use tokio::time::timeout;

/// Names are never used again, so what was read once stays true (MED-23).
const CACHE_CONTROL: &str = "max-age=31536000, immutable";
/// Paths per call to delete (MED-25).
const DELETE_GROUP: usize = 100;
/// Of a call that deletes or lists one page; both are tried again by the job that asked.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Objects in an S3-compatible store, Supabase's S3 endpoint among them.
pub struct S3Store {
    buckets: BTreeMap<String, Bucket>,
    urls: PublicUrls,
    retry: RetryPolicy,
}

struct Bucket {
    s3: AmazonS3,
    /// The same bucket, deleting objects one by one.
    singly: AmazonS3,
}

impl S3Store {
    /// Makes no call.
    ///
    /// # Errors
    /// Options that make no address.
    pub fn new(options: S3Options) -> Result<Self, StorageError> {
        let transport = Transport::new()?;
        let mut builder = AmazonS3Builder::new()
            .with_endpoint(options.endpoint.trim_end_matches('/'))
            .with_allow_http(options.endpoint.starts_with("http://"))
            .with_region(options.region)
            .with_access_key_id(options.access_key)
            .with_secret_access_key(options.secret_key)
            .with_http_connector(transport)
            // attempts are counted in one place, by `RetryPolicy`
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() });
        if let Some(token) = options.session_token {
            builder = builder.with_token(token);
        }
        let urls = PublicUrls::new(&options.public_base_url, options.buckets);
        let bucket = |name: &String| {
            let builder = builder.clone().with_bucket_name(name);
            let singly = builder.clone().with_disable_bulk_delete(true).build().map_err(Fault::from)?;
            let s3 = builder.build().map_err(Fault::from)?;
            Ok::<_, StorageError>((name.clone(), Bucket { s3, singly }))
        };
        let buckets = urls.buckets().iter().map(bucket).collect::<Result<_, _>>()?;
        Ok(Self { buckets, urls, retry: options.retry })
    }

    fn bucket(&self, name: &str) -> Result<&Bucket, StorageError> {
        self.buckets.get(name).ok_or_else(|| StorageError::Failed(format!("the bucket {name} is not configured")))
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError> {
        let bucket = self.bucket(&at.bucket)?;
        let key = key(at)?;
        let attributes = Attributes::from_iter([
            (Attribute::ContentType, content_type.to_owned()),
            (Attribute::CacheControl, CACHE_CONTROL.to_owned()),
        ]);
        let limit = self.retry.timeout(content_type);
        self.retry.put(|| upload(&bucket.s3, &key, &body, &attributes, limit)).await?;
        Ok(())
    }

    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError> {
        let s3 = self.bucket(bucket)?;
        // a path that no object can have is as good as deleted
        let at = |path: &String| ObjectPath { bucket: bucket.to_owned(), path: path.clone() };
        let keys: Vec<_> = paths.iter().filter_map(|path| key(&at(path)).ok()).collect();
        for group in keys.chunks(DELETE_GROUP) {
            let left = s3.delete_together(group).await?;
            s3.delete_one_by_one(left).await?;
        }
        Ok(())
    }

    async fn list(&self, bucket: &str) -> Result<Vec<StoredObject>, StorageError> {
        let mut found = self.bucket(bucket)?.s3.list(None);
        let mut objects = Vec::new();
        while let Some(object) = timeout(CALL_TIMEOUT, found.next()).await.map_err(|_| Fault::timed_out())? {
            let object = object.map_err(Fault::from)?;
            objects.push(StoredObject { path: object.location.to_string(), modified: object.last_modified });
        }
        objects.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(objects)
    }

    fn public_url(&self, at: &ObjectPath) -> String {
        self.urls.url_of(at)
    }

    fn object_of(&self, url: &str) -> Option<ObjectPath> {
        self.urls.object_of(url)
    }

    /// Asks for one object of each bucket.
    async fn health(&self) -> Result<(), StorageError> {
        let ask = |bucket: &Bucket| {
            let first = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
            let s3 = bucket.s3.clone();
            async move {
                let call = timeout(HEALTH_TIMEOUT, s3.list_paginated(None, first));
                call.await.map_err(|_| Fault::timed_out())?.map_err(Fault::from)
            }
        };
        try_join_all(self.buckets.values().map(ask)).await?;
        Ok(())
    }
}

impl Bucket {
    /// One call for all keys. Returns those of which the store did not say that they are gone: some stores answer this
    /// call in a form of their own, or not at all.
    async fn delete_together(&self, keys: &[Path]) -> Result<Vec<Path>, Fault> {
        let call = self.s3.delete_stream(stream::iter(keys.to_vec()).map(Ok).boxed()).collect::<Vec<_>>();
        // object_store panics over an answer that names a key that was not asked for
        let answers = match AssertUnwindSafe(timeout(CALL_TIMEOUT, call)).catch_unwind().await {
            Ok(answers) => answers.map_err(|_| Fault::timed_out())?,
            Err(_) => return Ok(keys.to_vec()),
        };
        let mut gone = BTreeSet::new();
        for answer in answers {
            match answer.map_err(Fault::from) {
                Ok(key) => {
                    gone.insert(key);
                }
                Err(fault) => match fault.status {
                    Some(501) => {}
                    Some(401 | 403) => return Err(fault),
                    _ if fault.is_passing() => return Err(fault),
                    _ => {}
                },
            }
        }
        Ok(keys.iter().filter(|key| !gone.contains(*key)).cloned().collect())
    }

    async fn delete_one_by_one(&self, keys: Vec<Path>) -> Result<(), Fault> {
        let mut answers = self.singly.delete_stream(stream::iter(keys).map(Ok).boxed());
        while let Some(answer) = timeout(CALL_TIMEOUT, answers.next()).await.map_err(|_| Fault::timed_out())? {
            match answer.map_err(Fault::from) {
                Err(fault) if fault.consequence != Consequence::Missing => return Err(fault),
                _ => {}
            }
        }
        Ok(())
    }
}

fn key(at: &ObjectPath) -> Result<Path, Fault> {
    if !at.is_sound() {
        return Err(Fault::lasting(format!("no object can have the path {:?}", at.path)));
    }
    Path::parse(&at.path).map_err(Fault::lasting)
}

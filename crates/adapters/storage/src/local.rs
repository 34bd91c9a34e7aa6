//! Buckets as folders on a disk.
use crate::{fault::Consequence, fault::Fault, retry::RetryPolicy, upload::upload};
use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{Attributes, ObjectStore as _, local::LocalFileSystem, path::Path};
use ports::{
    ObjectStore, StorageError,
    storage::{ObjectBody, ObjectPath, PublicUrls, StoredObject},
};
use std::path::PathBuf;

/// Objects as files `{root}/{bucket}/{path}`, for development and for installations on one machine.
///
/// A file appears whole or not at all. Its content type is not kept beside it: extensions are made from the content
/// (MED-4), so whatever serves the files at the public address gets the type from the extension.
pub struct LocalStore {
    files: LocalFileSystem,
    root: PathBuf,
    urls: PublicUrls,
}

impl LocalStore {
    /// Creates the folder `root` if it is not there. `public_base_url` is where the files are served, `buckets` the
    /// only ones that are written to, deleted from or recognised in addresses (MED-26).
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(
        root: impl Into<PathBuf>,
        public_base_url: &str,
        buckets: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, StorageError> {
        let root = root.into();
        let failed = |e: std::io::Error| StorageError::Failed(format!("{}: {e}", root.display()));
        std::fs::create_dir_all(&root).map_err(failed)?;
        let files = LocalFileSystem::new_with_prefix(&root).map_err(Fault::from)?;
        let root = root.canonicalize().map_err(failed)?;
        Ok(Self { files, root, urls: PublicUrls::new(public_base_url, buckets) })
    }

    /// The file of an object, for whatever serves it. Whether it exists is not asked.
    pub fn file_of(&self, at: &ObjectPath) -> Option<PathBuf> {
        let location = self.location(at).ok()?;
        Some(location.as_ref().split('/').fold(self.root.clone(), |path, segment| path.join(segment)))
    }

    fn location(&self, at: &ObjectPath) -> Result<Path, Fault> {
        if !self.urls.buckets().contains(&at.bucket) || !at.is_sound() {
            return Err(Fault::lasting(format!("no object can lie at {:?} in {:?}", at.path, at.bucket)));
        }
        Path::parse(format!("{}/{}", at.bucket, at.path)).map_err(Fault::lasting)
    }
}

#[async_trait]
impl ObjectStore for LocalStore {
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError> {
        let location = self.location(at)?;
        let limit = RetryPolicy::default().timeout(content_type);
        // a disk that failed does not recover within seconds: one attempt
        upload(&self.files, &location, &body, &Attributes::new(), limit).await?;
        Ok(())
    }

    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError> {
        let at = |path: &String| ObjectPath { bucket: bucket.to_owned(), path: path.clone() };
        // a path that no object can have is as good as deleted
        let locations: Vec<_> = paths.iter().filter_map(|path| self.location(&at(path)).ok()).collect();
        let mut answers = self.files.delete_stream(stream::iter(locations).map(Ok).boxed());
        while let Some(answer) = answers.next().await {
            match answer.map_err(Fault::from) {
                Err(fault) if fault.consequence != Consequence::Missing => return Err(fault.into()),
                _ => {}
            }
        }
        Ok(())
    }

    async fn list(&self, bucket: &str) -> Result<Vec<StoredObject>, StorageError> {
        if !self.urls.buckets().contains(bucket) {
            return Err(StorageError::Failed(format!("the bucket {bucket} is not configured")));
        }
        let folder = Path::parse(bucket).map_err(Fault::lasting)?;
        let found: Vec<_> = self.files.list(Some(&folder)).try_collect().await.map_err(Fault::from)?;
        let object = |meta: object_store::ObjectMeta| {
            let path = meta.location.as_ref().strip_prefix(bucket)?.strip_prefix('/')?.to_owned();
            Some(StoredObject { path, modified: meta.last_modified })
        };
        let mut objects: Vec<_> = found.into_iter().filter_map(object).collect();
        objects.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(objects)
    }

    fn public_url(&self, at: &ObjectPath) -> String {
        self.urls.url_of(at)
    }

    fn object_of(&self, url: &str) -> Option<ObjectPath> {
        self.urls.object_of(url)
    }

    /// Whether the folder is there.
    async fn health(&self) -> Result<(), StorageError> {
        let found = tokio::fs::metadata(&self.root).await;
        match found {
            Ok(meta) if meta.is_dir() => Ok(()),
            Ok(_) => Err(StorageError::Failed("the root of the object storage is no folder".into())),
            Err(e) => Err(StorageError::Failed(e.to_string())),
        }
    }
}

//! Deletes objects that nothing names any more (MED-25 … MED-27, job M1).
use crate::kernel::{
    effect,
    relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use domain::kernel::outbox::Model;
use ports::{ObjectStore, storage::ObjectPath};
use std::{collections::BTreeMap, sync::Arc};

/// Paths of one call (MED-25).
const PATHS: usize = 100;

pub(super) struct StorageDelete {
    objects: Arc<dyn ObjectStore>,
}

impl StorageDelete {
    pub(super) fn new(objects: &Arc<dyn ObjectStore>) -> Self {
        Self { objects: objects.clone() }
    }
}

fn object_of(row: &Model) -> Result<ObjectPath, Failure> {
    let at: ObjectPath = serde_json::from_value(row.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))?;
    if at.is_sound() { Ok(at) } else { Err(Failure::Permanent("the path leaves its bucket".into())) }
}

#[async_trait]
impl EffectHandler for StorageDelete {
    fn kind(&self) -> &'static str {
        effect::STORAGE_DELETE
    }

    fn max_attempts(&self) -> i32 {
        20
    }

    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        let at = object_of(row)?;
        self.objects.delete(&at.bucket, &[at.path]).await.map_err(Failure::retry)
    }

    /// One call for up to 100 objects of a bucket, which succeed or wait together: a missing object counts as deleted,
    /// so that trying those again that were deleted does no harm.
    async fn deliver_all(&self, rows: &[Model]) -> Vec<Result<(), Failure>> {
        let objects: Vec<_> = rows.iter().map(object_of).collect();
        let mut buckets: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for at in objects.iter().flatten() {
            buckets.entry(&at.bucket).or_default().push(at.path.clone());
        }
        let calls = buckets.iter().flat_map(|(bucket, paths)| paths.chunks(PATHS).map(move |paths| (*bucket, paths)));
        let calls = calls.map(|(bucket, paths)| async move {
            let outcome = self.objects.delete(bucket, paths).await.map_err(Failure::retry);
            paths.iter().map(|path| ((bucket, path.as_str()), outcome.clone())).collect::<Vec<_>>()
        });
        let answers = futures::future::join_all(calls).await;
        let outcomes: BTreeMap<_, _> = answers.into_iter().flatten().collect();
        let outcome = |at: &ObjectPath| {
            let unasked = || Err(Failure::retry("the object was not asked about"));
            outcomes.get(&(at.bucket.as_str(), at.path.as_str())).cloned().unwrap_or_else(unasked)
        };
        objects.iter().map(|at| at.as_ref().map_err(Clone::clone).and_then(outcome)).collect()
    }
}

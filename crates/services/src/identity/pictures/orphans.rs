//! Finds objects that no column names, whatever lost them (job M2).
use crate::{
    Core, Error, Settings,
    kernel::{
        effect::{self, DeleteReason},
        scheduler::{Job, Progress, Schedule},
    },
};
use async_trait::async_trait;
use chrono::{NaiveTime, TimeDelta};
use domain::kernel::media::is_picture_of;
use ports::{ObjectStore, StorageError, storage::ObjectPath};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Younger objects may belong to an upload that still runs.
const MIN_AGE: TimeDelta = TimeDelta::hours(24);
/// Objects queued by one run.
const MAX_QUEUED: usize = 1000;
/// Effects of one transaction.
const BATCH: usize = 100;

pub(super) struct OrphanSweep {
    core: Core,
    objects: Arc<dyn ObjectStore>,
    /// Twice the same when both kinds share one.
    buckets: BTreeSet<String>,
    dry_run: bool,
}

impl OrphanSweep {
    pub(super) fn new(core: &Core, objects: &Arc<dyn ObjectStore>, settings: &Settings) -> Self {
        Self {
            core: core.clone(),
            objects: objects.clone(),
            buckets: [settings.profile_image_bucket.clone(), settings.gym_logo_bucket.clone()].into(),
            dry_run: settings.orphan_sweep_dry_run,
        }
    }

    /// Objects old enough that no picture and no logo names, in order of buckets and paths.
    ///
    /// An object is known by the last segment of its path: names are random and never used twice. So an object is
    /// still known under an address that the store had before it moved, and a wrong public address in the
    /// configuration cannot make everything look lost. Objects whose paths we do not make, or that do not bear our mark,
    /// are not ours to delete (MED-26): another installation may keep its pictures in the same bucket.
    async fn orphans(&self) -> Result<Vec<ObjectPath>, String> {
        let ours = self.core.installation().await.map_err(|e| e.to_string())?;
        let before = self.core.clock.now() - MIN_AGE;
        let mut unnamed = BTreeMap::new();
        for bucket in &self.buckets {
            let listed = self.objects.list(bucket).await.map_err(|e| e.to_string())?;
            let old =
                listed.into_iter().filter(|object| object.modified < before && is_picture_of(&ours, &object.path));
            for object in old {
                let name = last_segment(&object.path).to_owned();
                unnamed
                    .entry(name)
                    .or_insert_with(Vec::new)
                    .push(ObjectPath { bucket: bucket.clone(), path: object.path });
            }
        }
        let (stores, db) = (&self.core.stores, &self.core.db);
        // read after the listing: what was named meanwhile is seen
        for named in [stores.users.pictures_like(db, "").await, stores.gyms.logos_like(db, "").await] {
            for url in named.map_err(|e| e.to_string())? {
                unnamed.remove(last_segment(&url));
            }
        }
        let mut orphans: Vec<_> = unnamed.into_values().flatten().collect();
        orphans.sort();
        orphans.truncate(MAX_QUEUED);
        Ok(orphans)
    }

    async fn queue(&self, orphans: &[ObjectPath]) -> Result<(), Error> {
        for batch in orphans.chunks(BATCH) {
            let queued = self.core.db.run(async |tx| {
                for at in batch {
                    self.core.effect(&tx, effect::storage_delete(at, DeleteReason::Orphan)).await?;
                }
                Ok::<_, Error>(())
            });
            queued.await?;
        }
        Ok(())
    }
}

/// Without query and fragment.
fn last_segment(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

#[async_trait]
impl Job for OrphanSweep {
    fn name(&self) -> &'static str {
        "orphan_sweep"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Daily(NaiveTime::from_hms_opt(3, 30, 0).unwrap_or_default())
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        if !self.objects.is_configured() {
            return Ok(StorageError::NotConfigured.to_string());
        }
        let orphans = self.orphans().await?;
        if self.dry_run {
            for at in &orphans {
                tracing::info!(bucket = at.bucket, path = at.path, "no column names this object");
            }
            return Ok(format!("{} found, none queued: dry run", orphans.len()));
        }
        self.queue(&orphans).await.map_err(|e| e.to_string())?;
        Ok(format!("{} queued", orphans.len()))
    }
}

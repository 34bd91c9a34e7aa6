//! Store, name, delete: in this order (MED-21, MED-22, MED-28).
use super::slot::Slot;
use crate::{
    Core, Error, Ports, Refusal, Result, Settings,
    kernel::{
        effect::{self, DeleteReason},
        upload::storage_refused,
    },
};
use domain::kernel::media::{ObjectName, UploadKind};
use ports::{
    ObjectStore,
    image::EncodedImage,
    storage::{ObjectBody, ObjectPath},
};
use std::{panic::resume_unwind, sync::Arc};
use tracing::Instrument;

const STOPPING: Refusal =
    Refusal::unavailable("unavailable", "Please try again in a moment.", "Vuelve a intentarlo en un momento.");

/// Runs work to its end even when whoever waits for it goes away: a client that hangs up between store and database
/// must not leave an object that nobody names.
pub(super) async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(e) => match e.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(STOPPING.into()),
        },
    }
}

#[derive(Clone)]
pub(super) struct Replacement {
    core: Core,
    pub(super) objects: Arc<dyn ObjectStore>,
    profile_images: String,
    logos: String,
}

impl Replacement {
    pub(super) fn new(core: &Core, ports: &Ports, settings: &Settings) -> Self {
        Self {
            core: core.clone(),
            objects: ports.objects.clone(),
            profile_images: settings.profile_image_bucket.clone(),
            logos: settings.gym_logo_bucket.clone(),
        }
    }

    fn bucket<S: Slot>(&self) -> &str {
        match S::UPLOAD {
            UploadKind::Logo => &self.logos,
            _ => &self.profile_images,
        }
    }

    /// The object behind an address, when it is ours and this slot's own (MED-26, MED-33).
    fn owned<S: Slot>(&self, slot: S, url: &str) -> Option<ObjectPath> {
        let at = self.objects.object_of(url)?;
        (at.bucket == self.bucket::<S>() && slot.place().owns(&at.path)).then_some(at)
    }

    /// Stores the image under a fresh name and then names it; what could not be named is queued for deletion.
    pub(super) async fn store<S: Slot>(&self, slot: S, image: EncodedImage) -> Result<S::Row> {
        let name = ObjectName::random(&self.core.installation().await?);
        let path = slot.place().path(&name, image.extension);
        let at = ObjectPath { bucket: self.bucket::<S>().to_owned(), path };
        let url = self.objects.public_url(&at);
        let stored = self.objects.put(&at, ObjectBody::Bytes(image.bytes), image.content_type).await;
        let outcome = match stored {
            Ok(()) => self.exchange(slot, Some(url.clone())).await,
            Err(error) => Err(storage_refused(error).into()),
        };
        if let Err(error) = &outcome {
            // also when the store failed: an attempt whose answer was lost may have stored it
            self.compensate(slot, &at, &url).await.unwrap_or_else(|lost| {
                tracing::error!(%error, %lost, bucket = at.bucket, path = at.path, "an object is left to the orphan sweep");
            });
        }
        outcome
    }

    /// Names another picture, or none, and queues the old object in the same transaction. Answers with the row as it
    /// then stands. The row is held meanwhile, so that of two that come at once the later finds, and queues, what the
    /// earlier one named.
    pub(super) async fn exchange<S: Slot>(&self, slot: S, new: Option<String>) -> Result<S::Row> {
        let core = &self.core;
        let reason = if new.is_some() { DeleteReason::Replaced } else { DeleteReason::ContentDeleted };
        let (row, stale) = core
            .db
            .run(async |tx| {
                let row = slot.hold(core, &tx).await?.ok_or(S::NOT_FOUND)?;
                let old = S::picture(&row).map(str::to_owned);
                if old == new {
                    return Ok::<_, Error>((row, Vec::new()));
                }
                if !slot.swap(core, &tx, old.clone(), new.clone()).await? {
                    return Err(S::NOT_FOUND.into());
                }
                if let Some(at) = old.and_then(|url| self.owned(slot, &url)) {
                    core.effect(&tx, effect::storage_delete(&at, reason)).await?;
                }
                slot.tell(core, &tx).await?;
                let row = slot.hold(core, &tx).await?.ok_or(S::NOT_FOUND)?;
                let stale = slot.stale(core, &tx, &row).await?;
                Ok((row, stale))
            })
            .await?;
        core.committed(&stale).await;
        Ok(row)
    }

    /// Queues an object whose upload failed, in a transaction of its own (MED-21). A commit whose answer was lost may
    /// have named it all the same: then it stays. Holding the row waits for such a commit to end.
    async fn compensate<S: Slot>(&self, slot: S, at: &ObjectPath, url: &str) -> Result<()> {
        let core = &self.core;
        let stale = core
            .db
            .run(async |tx| {
                match slot.hold(core, &tx).await? {
                    Some(row) if S::picture(&row) == Some(url) => return Ok(slot.stale(core, &tx, &row).await?),
                    _ => core.effect(&tx, effect::storage_delete(at, DeleteReason::Compensation)).await?,
                }
                Ok::<_, Error>(Vec::new())
            })
            .await?;
        core.committed(&stale).await;
        Ok(())
    }
}

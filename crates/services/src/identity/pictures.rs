//! Profile images and gym logos (IDN-41, IDN-55, MED-28 … MED-33).
//!
//! A new picture is stored first and named afterwards, so that a failure anywhere leaves the old one standing; what no
//! column names any more is deleted through the outbox.
mod deletion;
mod orphans;
mod replacement;
mod slot;
mod sync;

use super::view::{Exposure, Gym, User};
use crate::{
    Actor, Caller, Core, Ports, Refusal, Result, Settings,
    kernel::{
        relay::EffectHandler,
        scheduler::Job,
        upload::{Incoming, STORAGE_OFF, Upload, image_refused},
    },
};
use async_trait::async_trait;
use domain::{GymId, identity::GymRole, kernel::validation::Invalid};
use ports::image::{ImageProcessor, ImageSpec};
use replacement::{Replacement, to_its_end};
use slot::{Logo, ProfileImage, Slot};
use std::sync::Arc;

pub const IMAGE_REQUIRED: Refusal = Refusal::bad_request(
    "image_required",
    "The form has no file, image, photo or picture.",
    "El formulario no contiene file, image, photo ni picture.",
);

#[async_trait]
pub trait Pictures: Send + Sync {
    /// Replaces the caller's picture and answers with their row as it stands committed (MED-28, MED-29). `gym` = the
    /// gym of the header, if one was sent, as in the own profile.
    async fn set_profile_image(&self, caller: &Caller, gym: Option<GymId>, file: Incoming<'_>) -> Result<User>;
    /// Whether there was one or not (MED-32).
    async fn remove_profile_image(&self, caller: &Caller) -> Result<()>;
    /// `gym`: that of the path, which must be the actor's (MED-31).
    async fn set_logo(&self, actor: &Actor, gym: GymId, file: Incoming<'_>) -> Result<Gym>;
    async fn remove_logo(&self, actor: &Actor, gym: GymId) -> Result<()>;
}

pub struct PictureService {
    core: Core,
    images: Arc<dyn ImageProcessor>,
    replacement: Replacement,
}

impl PictureService {
    pub fn new(core: &Core, ports: &Ports, settings: &Settings) -> Self {
        let replacement = Replacement::new(core, ports, settings);
        Self { core: core.clone(), images: ports.images.clone(), replacement }
    }

    /// Asked before a body is read (MED-19).
    fn must_have_a_store(&self) -> Result<()> {
        if self.replacement.objects.is_configured() { Ok(()) } else { Err(STORAGE_OFF.into()) }
    }

    async fn replace<S: Slot>(&self, slot: S, file: Upload) -> Result<S::Row> {
        let made = self.images.process(file.bytes, ImageSpec::AVATAR).await.map_err(image_refused)?;
        let replacement = self.replacement.clone();
        to_its_end(async move { replacement.store(slot, made.image).await }).await
    }
}

#[async_trait]
impl Pictures for PictureService {
    async fn set_profile_image(&self, caller: &Caller, gym: Option<GymId>, file: Incoming<'_>) -> Result<User> {
        self.must_have_a_store()?;
        let file = file.await?.ok_or(IMAGE_REQUIRED)?;
        let row = self.replace(ProfileImage(caller.id()), file).await?;
        let membership = match gym {
            Some(gym) => self.core.stores.people.of_user(&self.core.db, gym, row.id).await?,
            None => None,
        };
        Ok(User::of(row, Exposure::WithQrCode, membership.map(|m| m.role)))
    }

    async fn remove_profile_image(&self, caller: &Caller) -> Result<()> {
        self.replacement.exchange(ProfileImage(caller.id()), None).await.map(drop)
    }

    async fn set_logo(&self, actor: &Actor, gym: GymId, file: Incoming<'_>) -> Result<Gym> {
        actor.must_be(GymRole::Admin)?;
        actor.must_be_in(gym)?;
        self.must_have_a_store()?;
        let file = file.await?.ok_or_else(|| Invalid::field("file", "a file is required"))?;
        Ok(self.replace(Logo(gym), file).await?.into())
    }

    async fn remove_logo(&self, actor: &Actor, gym: GymId) -> Result<()> {
        actor.must_be(GymRole::Admin)?;
        actor.must_be_in(gym)?;
        self.replacement.exchange(Logo(gym), None).await.map(drop)
    }
}

pub(crate) fn effect_handlers(core: &Core, ports: &Ports, _: &Settings) -> Vec<Arc<dyn EffectHandler>> {
    vec![
        Arc::new(deletion::StorageDelete::new(&ports.objects)),
        Arc::new(sync::PictureSync::new(core, &ports.accounts)),
    ]
}

pub(crate) fn jobs(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn Job>> {
    vec![Arc::new(orphans::OrphanSweep::new(core, &ports.objects, settings))]
}

//! People, as the administrators of the platform manage them (IDN-59, IDN-65, IDN-66, IDN-117).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait PlatformUsers: Send + Sync {}

pub struct PlatformUserService {
    #[allow(dead_code)]
    core: Core,
}

impl PlatformUserService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl PlatformUsers for PlatformUserService {}

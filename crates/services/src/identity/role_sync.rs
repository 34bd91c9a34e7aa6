//! The identity provider is told who is what (IDN-88 … IDN-92).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait RoleSync: Send + Sync {}

pub struct RoleSyncService {
    #[allow(dead_code)]
    core: Core,
}

impl RoleSyncService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl RoleSync for RoleSyncService {}

pub(crate) fn effect_handlers(_: &Core, _: &Ports, _: &Settings) -> Vec<std::sync::Arc<dyn crate::kernel::relay::EffectHandler>> {
    Vec::new()
}

pub(crate) fn jobs(_: &Core, _: &Ports, _: &Settings) -> Vec<std::sync::Arc<dyn crate::kernel::scheduler::Job>> {
    Vec::new()
}

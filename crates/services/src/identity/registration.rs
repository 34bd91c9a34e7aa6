//! Public registration of gym owners and trainers (IDN-64, IDN-67 … IDN-71).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Registration: Send + Sync {}

pub struct RegistrationService {
    #[allow(dead_code)]
    core: Core,
}

impl RegistrationService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Registration for RegistrationService {}

pub(crate) fn effect_handlers(_: &Core, _: &Ports, _: &Settings) -> Vec<std::sync::Arc<dyn crate::kernel::relay::EffectHandler>> {
    Vec::new()
}

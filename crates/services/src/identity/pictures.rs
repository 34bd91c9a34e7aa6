//! Profile images and gym logos (IDN-41, IDN-55, MED-28 … MED-33).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Pictures: Send + Sync {}

pub struct PictureService {
    #[allow(dead_code)]
    core: Core,
}

impl PictureService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Pictures for PictureService {}

pub(crate) fn effect_handlers(
    _: &Core,
    _: &Ports,
    _: &Settings,
) -> Vec<std::sync::Arc<dyn crate::kernel::relay::EffectHandler>> {
    Vec::new()
}

pub(crate) fn jobs(_: &Core, _: &Ports, _: &Settings) -> Vec<std::sync::Arc<dyn crate::kernel::scheduler::Job>> {
    Vec::new()
}

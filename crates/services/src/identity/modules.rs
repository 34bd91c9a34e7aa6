//! Which modules a gym has (IDN-72 … IDN-77).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Modules: Send + Sync {}

pub struct ModuleService {
    #[allow(dead_code)]
    core: Core,
}

impl ModuleService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Modules for ModuleService {}

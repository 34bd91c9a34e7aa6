//! What the identity provider tells us (IDN-63, IDN-114 … IDN-116).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Hooks: Send + Sync {}

pub struct HookService {
    #[allow(dead_code)]
    core: Core,
}

impl HookService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Hooks for HookService {}

//! Gyms: made by the platform, found by everybody, changed by their owner (IDN-34 … IDN-46).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Gyms: Send + Sync {}

pub struct GymService {
    #[allow(dead_code)]
    core: Core,
}

impl GymService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Gyms for GymService {}

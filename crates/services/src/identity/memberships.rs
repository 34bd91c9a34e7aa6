//! Who joins a gym, leaves it, and as what (IDN-47 … IDN-53).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Memberships: Send + Sync {}

pub struct MembershipService {
    #[allow(dead_code)]
    core: Core,
}

impl MembershipService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Memberships for MembershipService {}

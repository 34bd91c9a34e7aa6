//! The login flow of the identity provider, for clients (IDN-110 … IDN-113).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Login: Send + Sync {}

pub struct LoginService {
    #[allow(dead_code)]
    core: Core,
}

impl LoginService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Login for LoginService {}

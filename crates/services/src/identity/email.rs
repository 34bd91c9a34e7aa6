//! Changing and verifying one's address (IDN-61, IDN-62, IDN-64).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Emails: Send + Sync {}

pub struct EmailService {
    #[allow(dead_code)]
    core: Core,
}

impl EmailService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Emails for EmailService {}

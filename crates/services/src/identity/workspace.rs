//! The workspace as its caller sees it (IDN-85 … IDN-87).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Workspaces: Send + Sync {}

pub struct WorkspaceService {
    #[allow(dead_code)]
    core: Core,
}

impl WorkspaceService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Workspaces for WorkspaceService {}

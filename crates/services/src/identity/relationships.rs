//! Trainers and members who work together (IDN-78 … IDN-84).
use crate::{Core, Ports, Settings};
use async_trait::async_trait;

#[async_trait]
pub trait Relationships: Send + Sync {}

pub struct RelationshipService {
    #[allow(dead_code)]
    core: Core,
}

impl RelationshipService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Relationships for RelationshipService {}

//! People, gyms, memberships: who signs in, who sees whom, who changes what.
mod account_deletion;
pub mod app_access;
mod decoded;
pub mod email;
pub mod gatekeeper;
pub mod gyms;
pub mod hooks;
pub mod login;
pub mod memberships;
pub mod modules;
pub mod people;
pub mod pictures;
pub mod platform;
pub mod profile;
pub mod registration;
pub mod relationships;
pub mod role_sync;
pub mod sign_in;
pub mod token_owner;
pub mod view;
pub mod workspace;

use crate::{
    Core, Ports, Settings,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn EffectHandler>> {
    let handlers = [
        pictures::effect_handlers(core, ports, settings),
        account_deletion::effect_handlers(core, ports),
        role_sync::effect_handlers(core, ports, settings),
    ];
    handlers.into_iter().flatten().chain([Arc::new(crate::kernel::cache_key::DropCache::new(core)) as _]).collect()
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn Job>> {
    let jobs = [pictures::jobs(core, ports, settings), role_sync::jobs(core, ports, settings), sign_in::jobs(core)];
    jobs.into_iter().flatten().collect()
}

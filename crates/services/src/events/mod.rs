//! Events of gyms: what they are, who takes part in them, and what they pay.
pub mod cancellation;
pub(crate) mod completion;
pub mod consumer;
pub mod event_chat;
pub mod event_lists;
pub mod events;
pub mod queue;
pub mod view;
pub mod workers;

use crate::{
    Core, Ports,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(queue::ChatCreations::new(core, ports))]
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core, ports: &Ports) -> Vec<Arc<dyn Job>> {
    completion::jobs(core, ports)
}

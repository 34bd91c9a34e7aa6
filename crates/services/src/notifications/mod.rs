//! What people are told, on which channel, and what they say to it.
mod alert;
mod budget;
pub(crate) mod delivery;
pub mod notify;

use crate::{Core, Ports, Settings, kernel::relay::EffectHandler};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(delivery::NotificationDelivery::new(core, ports, settings))]
}

//! What people are told, on which channel, and what they say to it.
mod alert;
pub mod announcements;
mod breaker;
mod budget;
pub(crate) mod delivery;
pub mod devices;
pub mod inbox;
pub mod notify;
pub mod preferences;
mod quotas;
pub mod settings;
#[cfg(feature = "testing")]
mod stage;
pub(crate) mod upkeep;

use crate::{Core, Ports, Settings, kernel::relay::EffectHandler};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(delivery::NotificationDelivery::new(core, ports, settings))]
}

pub(crate) use upkeep::jobs;

//! What people are told, on which channel, and what they say to it.
mod alert;
pub mod announcements;
pub mod audiences;
mod breaker;
mod budget;
pub(crate) mod delivery;
pub mod devices;
pub mod inbox;
pub mod notify;
pub mod preferences;
mod push_service;
mod quotas;
pub mod segments;
pub mod settings;
#[cfg(feature = "testing")]
mod stage;
pub(crate) mod upkeep;

use crate::{Core, Ports, Settings, kernel::relay::EffectHandler};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn EffectHandler>> {
    let pushes = Arc::new(push_service::PushService::new(core, ports));
    vec![
        Arc::new(delivery::NotificationDelivery::new(core, ports, settings, pushes.clone())),
        Arc::new(segments::SegmentDelivery::new(core, pushes)),
    ]
}

pub(crate) use upkeep::jobs;

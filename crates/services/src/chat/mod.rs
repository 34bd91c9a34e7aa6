//! Where a gym's people talk.
pub mod event_rooms;

use crate::{Core, Ports, kernel::relay::EffectHandler};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(event_rooms::EventRooms::new(core, ports))]
}

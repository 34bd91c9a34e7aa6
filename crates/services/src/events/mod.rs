//! Events of gyms: who takes part in them, and what they pay.
pub mod administration;
pub(crate) mod departure;
mod ending;
pub mod event_payments;
pub(crate) mod expiry;
pub(crate) mod intents;
mod notices;
pub mod participation_view;
pub mod participations;
pub mod payments;
pub(crate) mod refunds;
pub mod seating;

use crate::{
    Core, Ports,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(intents::CancelIntents::new(core, ports))]
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core, ports: &Ports) -> Vec<Arc<dyn Job>> {
    vec![
        Arc::new(expiry::PaymentExpiry::new(core, ports)),
        Arc::new(refunds::RefundRetry::new(core, ports)),
        Arc::new(expiry::UnseatedRefund::new(core, ports)),
    ]
}

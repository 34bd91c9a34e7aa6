//! Events of gyms: what they are, who takes part in them, and what they pay.
pub mod administration;
pub(crate) mod audience;
pub mod cancellation;
pub(crate) mod completion;
pub mod consumer;
pub(crate) mod departure;
mod ending;
pub mod event_chat;
pub mod event_lists;
pub mod event_payments;
#[allow(clippy::module_inception, reason = "the noun itself, beside what belongs to it")]
pub mod events;
pub(crate) mod expiry;
pub(crate) mod intents;
mod joining;
mod leaving;
mod notices;
pub mod participation_view;
pub mod participations;
pub mod payments;
pub mod queue;
mod reading;
pub(crate) mod refunds;
pub mod seating;
pub mod view;
pub mod workers;

use crate::{
    Core, Ports,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(intents::CancelIntents::new(core, ports)), Arc::new(queue::ChatCreations::new(core, ports))]
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core, ports: &Ports) -> Vec<Arc<dyn Job>> {
    vec![
        Arc::new(completion::ChannelsCleanup::new(core, ports)),
        Arc::new(completion::CompletionBackup::new(core)),
        Arc::new(expiry::PaymentExpiry::new(core, ports)),
        Arc::new(refunds::RefundRetry::new(core, ports)),
        Arc::new(expiry::UnseatedRefund::new(core, ports)),
    ]
}

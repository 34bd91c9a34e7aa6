//! What came of it: check-in, attendance, achievements, statistics, health and goals.
pub mod achievements;
pub mod check_in;
pub(crate) mod evaluation;
pub mod last_attendance;
mod notices;
pub mod qr_code;
mod qr_image;

pub mod dashboard;
pub(crate) mod figures;
pub mod goals;
pub mod health;
mod jobs;
pub mod outside;
pub mod statistics;
pub mod view;

use crate::{
    Core,
    identity::modules::Modules,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(evaluation::Evaluation::new(core))]
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core, modules: &Arc<dyn Modules>, outside: &outside::Outside) -> Vec<Arc<dyn Job>> {
    jobs::jobs(core, outside, figures::Figures::new(core, modules.clone(), outside.clone()))
}

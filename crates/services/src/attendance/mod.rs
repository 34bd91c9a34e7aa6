//! What came of it: check-in, attendance and achievements.
pub mod achievements;
pub mod check_in;
pub(crate) mod evaluation;
pub mod last_attendance;
pub mod qr_code;
mod qr_image;

use crate::{Core, kernel::relay::EffectHandler};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(evaluation::Evaluation::new(core))]
}

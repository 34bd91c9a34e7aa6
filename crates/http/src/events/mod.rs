//! Operations of events, of who takes part in them and what they pay, and of their workers.
#[allow(clippy::module_inception, reason = "the noun itself, beside what belongs to it")]
mod events;
mod participations;
mod payments;
mod workers;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(events::routes())
        .merge(participations::routes())
        .merge(payments::routes())
        .merge(workers::routes())
}

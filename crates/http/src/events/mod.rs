//! Operations of events, of who takes part in them, and of what they pay.
mod participations;
mod payments;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().merge(participations::routes()).merge(payments::routes())
}

//! Operations of events and of their workers.
mod events;
mod workers;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().merge(events::routes()).merge(workers::routes())
}

//! Operations of opening hours, classes, sessions and bookings.
mod bookings;
mod sessions;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().merge(bookings::routes()).merge(sessions::routes())
}

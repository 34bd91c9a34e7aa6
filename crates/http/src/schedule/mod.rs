//! Operations of opening hours, classes, sessions and bookings.
mod bookings;
mod calendar;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().merge(bookings::routes()).merge(calendar::routes())
}

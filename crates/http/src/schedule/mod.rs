//! Operations of opening hours, classes, sessions and bookings.
mod attendance;
mod bookings;
mod participations;
mod waitlist;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(bookings::routes())
        .merge(waitlist::routes())
        .merge(attendance::routes())
        .merge(participations::routes())
}

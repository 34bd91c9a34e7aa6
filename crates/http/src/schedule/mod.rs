//! Operations of opening hours, classes, sessions and bookings.
mod attendance;
mod bookings;
mod calendar;
mod categories;
mod classes;
mod hours;
mod participations;
mod reviews;
mod sessions;
mod settings;
mod special_days;
mod waitlist;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(bookings::routes())
        .merge(hours::routes())
        .merge(special_days::routes())
        .merge(settings::routes())
        .merge(categories::routes())
        .merge(classes::routes())
        .merge(reviews::routes())
        .merge(sessions::routes())
        .merge(waitlist::routes())
        .merge(attendance::routes())
        .merge(participations::routes())
        .merge(calendar::routes())
}

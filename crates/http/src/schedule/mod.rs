//! Operations of opening hours, classes, sessions and bookings.
mod bookings;

use crate::{
    HostState,
    extract::{ModuleTenant, module},
};
use utoipa_axum::router::OpenApiRouter;

/// A role and scopes in a gym that has its schedule switched on (SCH-4).
type Scheduled<R, Sc> = ModuleTenant<R, Sc, module::Schedule>;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().merge(bookings::routes())
}

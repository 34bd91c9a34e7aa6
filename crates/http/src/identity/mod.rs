//! Operations of people, gyms and memberships.
mod people;
mod profile;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().merge(profile::routes()).merge(people::routes())
}

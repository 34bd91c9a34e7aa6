//! Operations of people, gyms and memberships.
mod email;
mod gyms;
mod hooks;
mod login;
mod memberships;
mod modules;
mod people;
mod pictures;
mod platform;
mod profile;
mod registration;
mod relationships;
mod role_sync;
mod workspace;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(email::routes())
        .merge(gyms::routes())
        .merge(hooks::routes())
        .merge(login::routes())
        .merge(memberships::routes())
        .merge(modules::routes())
        .merge(people::routes())
        .merge(pictures::routes())
        .merge(platform::routes())
        .merge(profile::routes())
        .merge(registration::routes())
        .merge(relationships::routes())
        .merge(role_sync::routes())
        .merge(workspace::routes())
}

use crate::{
    ApiError, HostState,
    error::{Problem, locale},
    extract::{Platform, Service, scope},
};
use axum::Json;
use services::identity::role_sync::{MigrationStarted, RoleSync};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(sync_roles))
}

/// Send everybody's role to the identity provider
///
/// Starts a job that sends the highest role of every user, two per second at most. It runs once at a time, and goes on
/// where it was cut off.
#[utoipa::path(post, path = "/api/v1/auth/sync-roles-to-auth0", tag = "auth",
    security(("bearer" = ["tenant:admin"])),
    responses(
        (status = 200, body = MigrationStarted),
        (status = 409, description = "`role_migration_running`", body = Problem),
    ))]
async fn sync_roles(
    Platform(caller, ..): Platform<scope::TenantAdmin>,
    Service(role_sync): Service<dyn RoleSync>,
) -> Result<Json<MigrationStarted>, ApiError> {
    Ok(Json(role_sync.start_migration(&caller, locale()).await?))
}

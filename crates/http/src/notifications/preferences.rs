use crate::{
    ApiError, HostState,
    extract::{Body, Member, Service, Tenant, scope},
};
use axum::Json;
use services::notifications::preferences::{Patch, Preference, Preferences};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(get, update))
}

/// What one wants to be told of
///
/// Every type that may be refused, and on which channel it comes; `*` stands for those of which nothing was said. The
/// rest cannot be refused: it is about what a person has, owes or gets back.
#[utoipa::path(get, path = "/api/v1/notifications/preferences", tag = "notifications",
    operation_id = "notification_preferences_get", security(("bearer" = ["resource:read"], "gym" = [])),
    responses((status = 200, body = Vec<Preference>)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(preferences): Service<dyn Preferences>,
) -> Result<Json<Vec<Preference>>, ApiError> {
    Ok(Json(preferences.get(&actor).await?))
}

/// Say what one wants to be told of
#[utoipa::path(put, path = "/api/v1/notifications/preferences", tag = "notifications",
    operation_id = "notification_preferences_update", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = Patch, responses((status = 200, body = Vec<Preference>)))]
async fn update(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(preferences): Service<dyn Preferences>,
    Body(patch): Body<Patch>,
) -> Result<Json<Vec<Preference>>, ApiError> {
    Ok(Json(preferences.update(&actor, patch).await?))
}

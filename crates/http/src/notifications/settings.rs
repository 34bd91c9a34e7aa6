use crate::{
    ApiError, HostState,
    extract::{Admin, Body, Service, Tenant, scope},
};
use axum::Json;
use domain::notifications::settings::Update;
use services::notifications::settings::{GymNotificationSettings, NotificationSettings};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(get, update))
}

/// What the gym decides about notifications
#[utoipa::path(get, path = "/api/v1/notifications/settings", tag = "notifications",
    operation_id = "notification_settings_get", security(("bearer" = ["resource:read"], "gym" = [])),
    responses((status = 200, body = GymNotificationSettings)))]
async fn get(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceRead>,
    Service(settings): Service<dyn NotificationSettings>,
) -> Result<Json<GymNotificationSettings>, ApiError> {
    Ok(Json(settings.get(&actor).await?))
}

/// Decide about notifications
///
/// Only fields that are sent change.
#[utoipa::path(put, path = "/api/v1/notifications/settings", tag = "notifications",
    operation_id = "notification_settings_update", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = Update, responses((status = 200, body = GymNotificationSettings)))]
async fn update(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(settings): Service<dyn NotificationSettings>,
    Body(patch): Body<Update>,
) -> Result<Json<GymNotificationSettings>, ApiError> {
    Ok(Json(settings.update(&actor, patch).await?))
}

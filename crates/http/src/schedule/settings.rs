use crate::{
    ApiError, HostState,
    extract::{Admin, Body, Member, Service, Tenant, scope},
    response::RawJson,
};
use axum::Json;
use domain::schedule::settings::Update;
use services::schedule::settings::{GymScheduleSettings, ScheduleSettings};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(get, update))
}

/// What the gym decides about bookings
///
/// The defaults where it decided nothing.
#[utoipa::path(get, path = "/api/v1/schedule/settings", tag = "schedule", operation_id = "schedule_settings_get",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = GymScheduleSettings)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(settings): Service<dyn ScheduleSettings>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(settings.get(&actor).await?))
}

/// Decide about bookings
///
/// Only fields that are sent change. What stands already, such as bookings and places in queues, stays.
#[utoipa::path(put, path = "/api/v1/schedule/settings", tag = "schedule", operation_id = "schedule_settings_update",
    security(("bearer" = ["resource:write"], "gym" = [])), request_body = Update,
    responses((status = 200, body = GymScheduleSettings)))]
async fn update(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(settings): Service<dyn ScheduleSettings>,
    Body(patch): Body<Update>,
) -> Result<Json<GymScheduleSettings>, ApiError> {
    Ok(Json(settings.update(&actor, patch).await?))
}

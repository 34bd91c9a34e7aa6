use crate::{
    ApiError, HostState,
    extract::{Body, Caller, GymHeader, Query, Service, scope},
};
use axum::Json;
use domain::GymId;
use serde::{Deserialize, Serialize};
use services::{
    Error,
    access::GYM_HEADER,
    notifications::devices::{Device, Devices, NewDevice},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(register, list, drop_of))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only this device.
    #[serde(default)]
    device_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DevicesDropped)]
struct Dropped {
    /// Says how many.
    message: String,
}

fn named(GymHeader(gym): GymHeader) -> Result<GymId, ApiError> {
    Ok(gym.ok_or(Error::from(GYM_HEADER))?)
}

/// Register a device
///
/// The same device again is the same registration. Who was signed in on it before gets nothing there any more. Anybody
/// who belongs to the gym may, also when their membership has run out.
#[utoipa::path(post, path = "/api/v1/notifications/devices", tag = "notifications", operation_id = "device_register",
    security(("bearer" = ["resource:write"], "gym" = [])), request_body = NewDevice,
    responses((status = 200, body = Device)))]
async fn register(
    Caller(caller, ..): Caller<scope::ResourceWrite>,
    gym: GymHeader,
    Service(devices): Service<dyn Devices>,
    Body(device): Body<NewDevice>,
) -> Result<Json<Device>, ApiError> {
    Ok(Json(devices.register(&caller, named(gym)?, device).await?))
}

/// One's devices
///
/// Those that are active, the newest first.
#[utoipa::path(get, path = "/api/v1/notifications/devices", tag = "notifications", operation_id = "device_list",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = Vec<Device>)))]
async fn list(
    Caller(caller, ..): Caller<scope::ResourceRead>,
    gym: GymHeader,
    Service(devices): Service<dyn Devices>,
) -> Result<Json<Vec<Device>>, ApiError> {
    Ok(Json(devices.list(&caller, named(gym)?).await?))
}

/// Sign out of one device, or of all
///
/// Who is signed out everywhere gets no pushes.
#[utoipa::path(delete, path = "/api/v1/notifications/devices", tag = "notifications", operation_id = "device_drop",
    security(("bearer" = ["resource:write"], "gym" = [])), params(Which),
    responses((status = 200, body = Dropped)))]
async fn drop_of(
    Caller(caller, ..): Caller<scope::ResourceWrite>,
    gym: GymHeader,
    Query(which): Query<Which>,
    Service(devices): Service<dyn Devices>,
) -> Result<Json<Dropped>, ApiError> {
    let dropped = devices.drop_of(&caller, named(gym)?, which.device_token).await?;
    Ok(Json(Dropped { message: format!("{dropped} devices deactivated") }))
}

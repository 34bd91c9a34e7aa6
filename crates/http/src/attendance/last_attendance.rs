use crate::{
    ApiError, HostState,
    extract::{Member, Service, Tenant, scope},
};
use axum::Json;
use services::attendance::last_attendance::{LastAttendance, LastAttendances};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(last))
}

/// When the caller was last checked in here
#[utoipa::path(get, path = "/api/v1/users/last-attendance", operation_id = "users_last_attendance", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = LastAttendance)))]
async fn last(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(attendances): Service<dyn LastAttendances>,
) -> Result<Json<LastAttendance>, ApiError> {
    Ok(Json(attendances.last(&actor).await?))
}

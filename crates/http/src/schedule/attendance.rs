use crate::{
    ApiError, HostState,
    extract::{Path, Service, Tenant, Trainer, scope},
};
use axum::Json;
use domain::{SessionId, UserId};
use services::schedule::{attendance_marks::AttendanceMarks, view::Participation};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(attended)).routes(routes!(missed))
}

/// Mark a member attended
///
/// From half an hour before the start. Who is marked already stays as they are, with the time of the first mark.
#[utoipa::path(post, path = "/api/v1/schedule/participation/attendance/{session_id}/{member_id}", tag = "schedule",
    operation_id = "booking_mark_attended", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path), ("member_id" = i64, Path)), responses((status = 200, body = Participation)))]
async fn attended(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path((session, member)): Path<(SessionId, UserId)>,
    Service(marks): Service<dyn AttendanceMarks>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(marks.attended(&actor, session, member).await?))
}

/// Mark a member absent
///
/// From the start on; also corrects a mark that they attended.
#[utoipa::path(post, path = "/api/v1/schedule/participation/mark-no-show/{session_id}/{member_id}", tag = "schedule",
    operation_id = "booking_mark_no_show", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path), ("member_id" = i64, Path)), responses((status = 200, body = Participation)))]
async fn missed(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path((session, member)): Path<(SessionId, UserId)>,
    Service(marks): Service<dyn AttendanceMarks>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(marks.missed(&actor, session, member).await?))
}

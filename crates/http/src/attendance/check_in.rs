use crate::{
    ApiError, HostState, Problem,
    error::locale,
    extract::{Body, Member, Service, Tenant, scope},
};
use axum::Json;
use services::attendance::check_in::{CheckIns, CheckedIn, ShownCode};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(check_in))
}

/// Check somebody in by their code
///
/// Staff check in anybody of the gym, a member only themself. Without `session_id` the session that starts nearest to
/// now is meant, half an hour before or after. A booking becomes an attendance; without one a free seat is taken.
#[utoipa::path(post, path = "/api/v1/attendance/check-in", operation_id = "attendance_check_in", tag = "attendance",
    security(("bearer" = ["resource:write"], "gym" = [])),
    request_body(content = ShownCode, example = json!({"qr_code": "U42_3f9c0a1b2d4e5f60"})),
    responses((status = 200, body = CheckedIn),
        (status = 400, body = Problem, description = "`invalid_qr`, `not_a_member`, `membership_inactive`, \
            `no_session`, `session_not_found`, `out_of_window`, `session_cancelled`, `already_checked_in`, \
            `session_full`, or the header names no gym."),
        (status = 403, body = Problem, description = "`not_allowed`: a member with somebody else's code; or the \
            caller may not be here.")))]
async fn check_in(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(check_ins): Service<dyn CheckIns>,
    Body(shown): Body<ShownCode>,
) -> Result<Json<CheckedIn>, ApiError> {
    Ok(Json(check_ins.check_in(&actor, shown, locale()).await?))
}

use crate::{
    ApiError, HostState,
    extract::{Member, Path, Query, Service, Tenant, Trainer, Window, scope},
};
use axum::{Json, http::StatusCode};
use domain::SessionId;
use services::schedule::waitlist::{Waitlist, WaitlistEntry};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(join, leave, of_session)).routes(routes!(own))
}

/// Wait for a seat of a full session
///
/// The first in the queue gets the next seat that is given back, without being asked again. Who waits already keeps
/// their place and is answered by 200.
#[utoipa::path(post, path = "/api/v1/schedule/participation/waitlist/{session_id}", tag = "schedule",
    operation_id = "waitlist_join", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path)),
    responses((status = 201, body = WaitlistEntry), (status = 200, body = WaitlistEntry)))]
async fn join(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Service(waitlist): Service<dyn Waitlist>,
) -> Result<(StatusCode, Json<WaitlistEntry>), ApiError> {
    let joined = waitlist.join(&actor, session).await?;
    let status = if joined.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(joined.entry)))
}

/// Wait no more
///
/// Who joins again stands at the end.
#[utoipa::path(delete, path = "/api/v1/schedule/participation/waitlist/{session_id}", tag = "schedule",
    operation_id = "waitlist_leave", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 204)))]
async fn leave(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Service(waitlist): Service<dyn Waitlist>,
) -> Result<StatusCode, ApiError> {
    waitlist.leave(&actor, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who waits for a session
///
/// In the order of the queue.
#[utoipa::path(get, path = "/api/v1/schedule/participation/waitlist/{session_id}", tag = "schedule",
    operation_id = "waitlist_of_session", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path), Window), responses((status = 200, body = Vec<WaitlistEntry>)))]
async fn of_session(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Query(window): Query<Window>,
    Service(waitlist): Service<dyn Waitlist>,
) -> Result<Json<Vec<WaitlistEntry>>, ApiError> {
    Ok(Json(waitlist.of_session(&actor, session, window.page()?).await?))
}

/// What one waits for
///
/// Since longest first.
#[utoipa::path(get, path = "/api/v1/schedule/participation/my-waitlist", tag = "schedule",
    operation_id = "waitlist_own", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window), responses((status = 200, body = Vec<WaitlistEntry>)))]
async fn own(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Service(waitlist): Service<dyn Waitlist>,
) -> Result<Json<Vec<WaitlistEntry>>, ApiError> {
    Ok(Json(waitlist.own(&actor, window.page()?).await?))
}

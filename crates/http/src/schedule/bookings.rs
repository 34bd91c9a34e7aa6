use crate::{
    ApiError, HostState,
    extract::{Member, Path, Query, Service, Tenant, Trainer, scope},
};
use axum::Json;
use domain::{SessionId, UserId};
use serde::Deserialize;
use services::schedule::{bookings::Bookings, view::Participation};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(book))
        .routes(routes!(book_for))
        .routes(routes!(cancel))
        .routes(routes!(cancel_for))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Reason {
    /// Why, for the gym.
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// Book a seat
///
/// Takes a cancelled booking up again. A full session is refused; its waitlist is joined by an operation of its own.
#[utoipa::path(post, path = "/api/v1/schedule/participation/register/{session_id}", tag = "schedule",
    operation_id = "booking_create", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 200, body = Participation)))]
async fn book(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Service(bookings): Service<dyn Bookings>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(bookings.book(&actor, session).await?))
}

/// Book a seat for a member
///
/// By the same rules as the member's own booking; staff get no seat that is not there.
#[utoipa::path(post, path = "/api/v1/schedule/participation/register/{session_id}/{member_id}", tag = "schedule",
    operation_id = "booking_create_for_member", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path), ("member_id" = i64, Path)), responses((status = 200, body = Participation)))]
async fn book_for(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path((session, member)): Path<(SessionId, UserId)>,
    Service(bookings): Service<dyn Bookings>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(bookings.book_for(&actor, session, member).await?))
}

/// Cancel one's booking
///
/// Until the start. The seat goes to who waits for it first.
#[utoipa::path(post, path = "/api/v1/schedule/participation/cancel-registration/{session_id}", tag = "schedule",
    operation_id = "booking_cancel", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path), Reason), responses((status = 200, body = Participation)))]
async fn cancel(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Query(query): Query<Reason>,
    Service(bookings): Service<dyn Bookings>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(bookings.cancel(&actor, session, query.reason).await?))
}

/// Cancel a member's booking
///
/// Until the session's end.
#[utoipa::path(post, path = "/api/v1/schedule/participation/cancel-registration/{session_id}/{member_id}",
    tag = "schedule", operation_id = "booking_cancel_for_member",
    security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path), ("member_id" = i64, Path), Reason),
    responses((status = 200, body = Participation)))]
async fn cancel_for(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path((session, member)): Path<(SessionId, UserId)>,
    Query(query): Query<Reason>,
    Service(bookings): Service<dyn Bookings>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(bookings.cancel_for(&actor, session, member, query.reason).await?))
}

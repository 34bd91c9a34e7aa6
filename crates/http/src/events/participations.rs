use crate::{
    ApiError, HostState,
    extract::{Admin, Body, LongWindow, Member, Path, Query, Service, Tenant, Trainer, scope},
};
use axum::{Json, http::StatusCode};
use domain::{EventId, EventParticipationId, UserId, events::participation::EventParticipationStatus};
use serde::Deserialize;
use services::events::{
    participation_view::{Participation, ParticipationWithEvent, ParticipationWithPayment},
    participations::EventParticipations,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(join))
        .routes(routes!(own))
        .routes(routes!(join_all))
        .routes(routes!(of_event))
        .routes(routes!(attend))
        .routes(routes!(get, cancel))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusFilter {
    /// Only these.
    participation_status: Option<EventParticipationStatus>,
}

/// Which event one joins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventParticipationCreate)]
struct Join {
    event_id: EventId,
}

/// Join an event
///
/// A free seat of a free event is had at once. Of a paid event it is held for nobody until it is paid: the answer says
/// with what, and until when. A full event has a waiting list, and takes no payment meanwhile. Asking again before one
/// has paid answers with the same payment.
#[utoipa::path(post, path = "/api/v1/events/participation", tag = "events", operation_id = "event_participation_create",
    security(("bearer" = ["resource:write"], "gym" = [])), request_body = Join,
    responses((status = 201, body = ParticipationWithPayment)))]
async fn join(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(participations): Service<dyn EventParticipations>,
    Body(join): Body<Join>,
) -> Result<(StatusCode, Json<ParticipationWithPayment>), ApiError> {
    Ok((StatusCode::CREATED, Json(participations.join(&actor, join.event_id).await?)))
}

/// What one takes part in
///
/// Newest first, with the events.
#[utoipa::path(get, path = "/api/v1/events/participation/me", tag = "events", operation_id = "event_participation_own",
    security(("bearer" = ["resource:read"], "gym" = [])), params(StatusFilter, LongWindow),
    responses((status = 200, body = Vec<ParticipationWithEvent>)))]
async fn own(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(filter): Query<StatusFilter>,
    Query(window): Query<LongWindow>,
    Service(participations): Service<dyn EventParticipations>,
) -> Result<Json<Vec<ParticipationWithEvent>>, ApiError> {
    Ok(Json(participations.own(&actor, filter.participation_status, window.page()?).await?))
}

/// Members who are to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventBulkParticipationCreate)]
struct JoinAll {
    event_id: EventId,
    #[schema(min_items = 1, max_items = 500)]
    user_ids: Vec<UserId>,
}

/// Have members join an event
///
/// All or none. Seats go in the order of the list, then places in the queue; who takes part already stays as they are.
/// Nobody is charged: each member asks for their payment themselves.
#[utoipa::path(post, path = "/api/v1/events/participation/bulk", tag = "events",
    operation_id = "event_participation_create_many", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = JoinAll, responses((status = 201, body = Vec<Participation>)))]
async fn join_all(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(participations): Service<dyn EventParticipations>,
    Body(join): Body<JoinAll>,
) -> Result<(StatusCode, Json<Vec<Participation>>), ApiError> {
    Ok((StatusCode::CREATED, Json(participations.join_all(&actor, join.event_id, join.user_ids).await?)))
}

/// Who takes part in an event
///
/// Those with a seat, then the queue in its order, then who cancelled, then the others.
#[utoipa::path(get, path = "/api/v1/events/participation/event/{event_id}", tag = "events",
    operation_id = "event_participation_of_event", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("event_id" = i64, Path), StatusFilter, LongWindow), responses((status = 200, body = Vec<Participation>)))]
async fn of_event(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceRead>,
    Path(event): Path<EventId>,
    Query(filter): Query<StatusFilter>,
    Query(window): Query<LongWindow>,
    Service(participations): Service<dyn EventParticipations>,
) -> Result<Json<Vec<Participation>>, ApiError> {
    let page = window.page()?;
    Ok(Json(participations.of_event(&actor, event, filter.participation_status, page).await?))
}

/// Whether a member was there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventParticipationUpdate)]
struct Attendance {
    attended: bool,
}

/// Say whether a member was at an event
#[utoipa::path(put, path = "/api/v1/events/participation/event/{event_id}/user/{user_id}", tag = "events",
    operation_id = "event_participation_attend", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("event_id" = i64, Path), ("user_id" = i64, Path)), request_body = Attendance,
    responses((status = 200, body = Participation)))]
async fn attend(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path((event, user)): Path<(EventId, UserId)>,
    Service(participations): Service<dyn EventParticipations>,
    Body(attendance): Body<Attendance>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(participations.attend(&actor, event, user, attendance.attended).await?))
}

/// A part in an event
///
/// One's own, or any for the gym's staff. After a payment an app may ask for it until the payment shows.
#[utoipa::path(get, path = "/api/v1/events/participation/{id}", tag = "events", operation_id = "event_participation_get",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(("id" = i64, Path, description = "The participation's id.")),
    responses((status = 200, body = Participation)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(participation): Path<EventParticipationId>,
    Service(participations): Service<dyn EventParticipations>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(participations.get(&actor, participation).await?))
}

/// Take part no more
///
/// What was paid goes back by the event's policy; the seat goes to who waits for it first.
#[utoipa::path(delete, path = "/api/v1/events/participation/{id}", tag = "events",
    operation_id = "event_participation_cancel", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("id" = i64, Path, description = "The event's id.")), responses((status = 204)))]
async fn cancel(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(event): Path<EventId>,
    Service(participations): Service<dyn EventParticipations>,
) -> Result<StatusCode, ApiError> {
    participations.cancel(&actor, event).await?;
    Ok(StatusCode::NO_CONTENT)
}

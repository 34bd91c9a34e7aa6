use crate::{
    ApiError, HostState,
    extract::{Body, Member, Path, Query, Service, Tenant, Trainer, Window, scope},
    response::RawJson,
};
use axum::{Json, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{
    EventId, UserId,
    events::event::{EventPatch, EventStatus, NewEvent},
};
use serde::Deserialize;
use services::{
    EventFilter,
    events::{
        event_lists::EventLists,
        events::Events,
        view::{Event, EventCancellation, EventDetail},
    },
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(mine))
        .routes(routes!(get, update, cancel))
        .routes(routes!(cancel_as_admin))
}

/// Make an event
///
/// For trainers, administrators and owners. The event is `SCHEDULED`; its chat follows by itself. A trainer takes a seat
/// in a free event of theirs.
#[utoipa::path(post, path = "/api/v1/events/", tag = "events", operation_id = "event_create",
    security(("bearer" = ["resource:write"], "gym" = [])), request_body = NewEvent,
    responses((status = 201, body = Event), (status = 400, body = crate::Problem)))]
async fn create(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Service(events): Service<dyn Events>,
    Body(input): Body<NewEvent>,
) -> Result<(StatusCode, Json<Event>), ApiError> {
    Ok((StatusCode::CREATED, Json(events.create(&actor, input).await?)))
}

/// What a list of events is cut down to; all of it must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    status: Option<EventStatus>,
    /// Not over before this instant.
    start_date: Option<DateTime<Utc>>,
    /// Begun by this instant.
    end_date: Option<DateTime<Utc>>,
    /// In any case; `%` and `_` are themselves.
    title_contains: Option<String>,
    location_contains: Option<String>,
    #[param(value_type = Option<i64>)]
    created_by: Option<UserId>,
    /// Only events with a free seat.
    #[serde(default)]
    #[param(default = false)]
    only_available: bool,
}

impl From<Filter> for EventFilter {
    fn from(q: Filter) -> Self {
        Self {
            status: q.status,
            ends_from: q.start_date,
            starts_until: q.end_date,
            title_contains: q.title_contains,
            location_contains: q.location_contains,
            created_by: q.created_by,
            only_available: q.only_available,
        }
    }
}

/// Events of the gym
///
/// In every state unless `status` says otherwise, by start.
#[utoipa::path(get, path = "/api/v1/events/", tag = "events", operation_id = "event_list",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window, Filter), responses((status = 200, body = Vec<Event>)))]
async fn list(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Query(filter): Query<Filter>,
    Service(lists): Service<dyn EventLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.list(&actor, filter.into(), window.page()?).await?))
}

/// The caller's events
///
/// Those that the caller made, by start.
#[utoipa::path(get, path = "/api/v1/events/me", tag = "events", operation_id = "event_list_mine",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window), responses((status = 200, body = Vec<Event>)))]
async fn mine(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn EventLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.mine(&actor, window.page()?).await?))
}

/// One event
///
/// With its participants: staff see everybody in full, a member themself and, without their payments, who else has a seat.
#[utoipa::path(get, path = "/api/v1/events/{event_id}", tag = "events", operation_id = "event_get",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(("event_id" = i64, Path, minimum = 1)), responses((status = 200, body = EventDetail)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(event): Path<EventId>,
    Service(lists): Service<dyn EventLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.get(&actor, event).await?))
}

/// Change an event
///
/// For whoever made it and administrators. Only fields that are present change; the event as a whole must fit together.
/// When times or the place change, whoever comes or waits is told; when seats are added, the queue moves up. A `status` of
/// `CANCELLED` cancels the event, one of `COMPLETED` ends an event that has begun.
#[utoipa::path(put, path = "/api/v1/events/{event_id}", tag = "events", operation_id = "event_update",
    security(("bearer" = ["resource:write"], "gym" = [])),
    params(("event_id" = i64, Path)), request_body = EventPatch,
    responses((status = 200, body = Event), (status = 400, body = crate::Problem), (status = 409, body = crate::Problem)))]
async fn update(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(event): Path<EventId>,
    Service(events): Service<dyn Events>,
    Body(patch): Body<EventPatch>,
) -> Result<Json<Event>, ApiError> {
    Ok(Json(events.update(&actor, event, patch).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Reason {
    /// What participants are told.
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// Cancel an event
///
/// For whoever made it and administrators; a paid one for administrators alone. Everybody in it is told, on their phone,
/// by mail and in the event's chat, and gets back what they paid. An event that nobody ever joined is removed.
#[utoipa::path(delete, path = "/api/v1/events/{event_id}", tag = "events", operation_id = "event_cancel",
    security(("bearer" = ["resource:write"], "gym" = [])),
    params(("event_id" = i64, Path), Reason),
    responses((status = 200, body = EventCancellation), (status = 400, body = crate::Problem)))]
async fn cancel(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(event): Path<EventId>,
    Query(query): Query<Reason>,
    Service(events): Service<dyn Events>,
) -> Result<Json<EventCancellation>, ApiError> {
    Ok(Json(events.cancel(&actor, event, query.reason).await?))
}

/// Cancel an event, under its older path
///
/// The same operation as the one without `admin`.
#[utoipa::path(delete, path = "/api/v1/events/admin/{event_id}", tag = "events", operation_id = "event_cancel_as_admin",
    security(("bearer" = ["resource:write"], "gym" = [])),
    params(("event_id" = i64, Path), Reason),
    responses((status = 200, body = EventCancellation), (status = 400, body = crate::Problem)))]
async fn cancel_as_admin(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(event): Path<EventId>,
    Query(query): Query<Reason>,
    Service(events): Service<dyn Events>,
) -> Result<Json<EventCancellation>, ApiError> {
    Ok(Json(events.cancel(&actor, event, query.reason).await?))
}

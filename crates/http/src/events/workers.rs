use crate::{
    ApiError, HostState, Provides,
    error::locale,
    extract::{Body, Path, Service},
};
use axum::{Json, extract::FromRequestParts, http::request::Parts};
use domain::EventId;
use services::events::{
    event_chat::EventChatRequest,
    workers::{EventCompletionRequest, EventWorker, Worker, WorkerResponse, Workers},
};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(open_chat))
        .routes(routes!(complete_in_gym))
        .routes(routes!(due))
        .routes(routes!(complete))
}

/// Whoever sends the workers' key in `X-API-Key`.
struct ByKey(Worker);

impl<S> FromRequestParts<S> for ByKey
where
    S: Provides<Arc<dyn Workers>> + Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let key = parts.headers.get("x-api-key").and_then(|v| v.to_str().ok());
        Ok(Self(state.provide().admit(key)?))
    }
}

/// Make the chat of an event
///
/// Done when the event has a chat, however often it is asked for. What the business refuses is answered with 200 and
/// `success` false; `details.retryable` says whether another try may help.
#[utoipa::path(post, path = "/api/v1/worker/event-chat", tag = "worker", security(("worker" = [])),
    request_body(content = EventChatRequest, example = json!({
        "event_id": 7, "creator_id": 12, "gym_id": 1, "event_title": "Open day", "first_message_chat": "¡Bienvenidos!",
    })),
    responses((status = 200, body = WorkerResponse), (status = 401, body = crate::Problem),
        (status = 500, body = crate::Problem)))]
async fn open_chat(
    ByKey(worker): ByKey,
    Service(workers): Service<dyn Workers>,
    Body(request): Body<EventChatRequest>,
) -> Result<Json<WorkerResponse>, ApiError> {
    Ok(Json(workers.open_chat(&worker, request, locale()).await?))
}

/// Complete an event of a gym
///
/// One that is over; answered as the making of a chat is.
#[utoipa::path(post, path = "/api/v1/worker/event-completion", tag = "worker", security(("worker" = [])),
    request_body(content = EventCompletionRequest, example = json!({"event_id": 7, "gym_id": 1})),
    responses((status = 200, body = WorkerResponse), (status = 401, body = crate::Problem),
        (status = 500, body = crate::Problem)))]
async fn complete_in_gym(
    ByKey(worker): ByKey,
    Service(workers): Service<dyn Workers>,
    Body(request): Body<EventCompletionRequest>,
) -> Result<Json<WorkerResponse>, ApiError> {
    Ok(Json(workers.complete_in_gym(&worker, request, locale()).await?))
}

/// Events that wait to be completed
///
/// Of all gyms: what is `SCHEDULED` and over, the oldest first, at most 100. One whose completion failed more than ten times
/// is left out.
#[utoipa::path(get, path = "/api/v1/worker/events/due-completion", tag = "worker", security(("worker" = [])),
    responses((status = 200, body = Vec<EventWorker>), (status = 401, body = crate::Problem),
        (status = 500, body = crate::Problem)))]
async fn due(ByKey(worker): ByKey, Service(workers): Service<dyn Workers>) -> Result<Json<Vec<EventWorker>>, ApiError> {
    Ok(Json(workers.due(&worker).await?))
}

/// Complete an event
///
/// One that is over, of whatever gym; one that is completed already is answered as it is.
#[utoipa::path(post, path = "/api/v1/worker/events/{event_id}/complete", tag = "worker", security(("worker" = [])),
    params(("event_id" = i64, Path)),
    responses((status = 200, body = EventWorker), (status = 401, body = crate::Problem),
        (status = 404, body = crate::Problem), (status = 409, body = crate::Problem),
        (status = 500, body = crate::Problem)))]
async fn complete(
    ByKey(worker): ByKey,
    Path(event): Path<EventId>,
    Service(workers): Service<dyn Workers>,
) -> Result<Json<EventWorker>, ApiError> {
    Ok(Json(workers.complete(&worker, event).await?))
}

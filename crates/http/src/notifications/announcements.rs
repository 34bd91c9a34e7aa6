use crate::{
    ApiError, HostState, Problem,
    error::locale,
    extract::{Admin, Body, Member, Path, Query, Service, ShortPaging, Tenant, scope},
};
use axum::Json;
use domain::notifications::{
    announcement::{ToGym, ToPeople},
    notification::NotificationStatus,
};
use serde::Deserialize;
use services::notifications::announcements::{Announcements, Cancelled, HistoryFilter, Record, Sent};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(send_to_gym))
        .routes(routes!(test))
        .routes(routes!(history))
        .routes(routes!(cancel))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// As in `data.type`.
    #[serde(default, rename = "type")]
    #[param(max_length = 50)]
    kind: Option<String>,
    #[serde(default)]
    status: Option<NotificationStatus>,
}

/// Tell people something
///
/// Only active members of the gym are told; `errors` names who is not, as they were given. Answered before anything is
/// sent. At most 30 requests a minute.
#[utoipa::path(post, path = "/api/v1/notifications/send", tag = "notifications", operation_id = "notification_send",
    security(("bearer" = ["resource:write"], "gym" = [])), request_body = ToPeople,
    responses((status = 200, body = Sent)))]
async fn send(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(announcements): Service<dyn Announcements>,
    Body(request): Body<ToPeople>,
) -> Result<Json<Sent>, ApiError> {
    Ok(Json(announcements.to_people(&actor, request).await?))
}

/// Tell the whole gym something
///
/// Or its members, its trainers, or its administrators: once a minute, and 20 times a day. Or who has a seat in an event or
/// in a session: as often as people by their ids.
#[utoipa::path(post, path = "/api/v1/notifications/send-to-gym", tag = "notifications",
    operation_id = "notification_send_to_gym", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = ToGym, responses((status = 200, body = Sent), (status = 404, body = Problem)))]
async fn send_to_gym(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(announcements): Service<dyn Announcements>,
    Body(request): Body<ToGym>,
) -> Result<Json<Sent>, ApiError> {
    Ok(Json(announcements.to_gym(&actor, request).await?))
}

/// Send oneself a test
///
/// Five times an hour.
#[utoipa::path(post, path = "/api/v1/notifications/test", tag = "notifications", operation_id = "notification_test",
    security(("bearer" = ["resource:write"], "gym" = [])), responses((status = 200, body = Sent)))]
async fn test(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(announcements): Service<dyn Announcements>,
) -> Result<Json<Sent>, ApiError> {
    Ok(Json(announcements.test(&actor).await?))
}

/// What was sent, and what became of it
///
/// The newest first; rows of one request stand together.
#[utoipa::path(get, path = "/api/v1/notifications/history", tag = "notifications",
    operation_id = "notification_history", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Filter, ShortPaging), responses((status = 200, body = Vec<Record>)))]
async fn history(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceRead>,
    Query(filter): Query<Filter>,
    Query(paging): Query<ShortPaging>,
    Service(announcements): Service<dyn Announcements>,
) -> Result<Json<Vec<Record>>, ApiError> {
    let filter = HistoryFilter { kind: filter.kind, status: filter.status };
    Ok(Json(announcements.history(&actor, filter, paging.page()?, locale()).await?))
}

/// Take back what was not sent yet
///
/// By the `notification_id` of the request.
#[utoipa::path(delete, path = "/api/v1/notifications/scheduled/{correlation}", tag = "notifications",
    operation_id = "notification_cancel", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("correlation" = String, Path)),
    responses((status = 200, body = Cancelled), (status = 409, body = Problem)))]
async fn cancel(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(correlation): Path<String>,
    Service(announcements): Service<dyn Announcements>,
) -> Result<Json<Cancelled>, ApiError> {
    Ok(Json(announcements.cancel(&actor, &correlation).await?))
}

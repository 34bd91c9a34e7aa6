use crate::{
    ApiError, HostState,
    error::locale,
    extract::{Member, Path, Query, Service, ShortPaging, Tenant, scope},
};
use axum::Json;
use serde::Deserialize;
use services::notifications::inbox::{Inbox, Item, Unread};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(unread)).routes(routes!(read_all)).routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only what was not read.
    #[serde(default)]
    #[param(default = false)]
    unread: bool,
}

/// What one was told
///
/// The newest first, in the language of the request.
#[utoipa::path(get, path = "/api/v1/notifications/", tag = "notifications", operation_id = "notification_list",
    security(("bearer" = ["resource:read"], "gym" = [])), params(Filter, ShortPaging),
    responses((status = 200, body = Vec<Item>)))]
async fn list(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(filter): Query<Filter>,
    Query(paging): Query<ShortPaging>,
    Service(inbox): Service<dyn Inbox>,
) -> Result<Json<Vec<Item>>, ApiError> {
    Ok(Json(inbox.list(&actor, filter.unread, paging.page()?, locale()).await?))
}

/// How much one has not read
#[utoipa::path(get, path = "/api/v1/notifications/unread-count", tag = "notifications",
    operation_id = "notification_unread", security(("bearer" = ["resource:read"], "gym" = [])),
    responses((status = 200, body = Unread)))]
async fn unread(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(inbox): Service<dyn Inbox>,
) -> Result<Json<Unread>, ApiError> {
    Ok(Json(inbox.unread(&actor).await?))
}

/// Mark everything as read
#[utoipa::path(post, path = "/api/v1/notifications/read-all", tag = "notifications",
    operation_id = "notification_read_all", security(("bearer" = ["resource:write"], "gym" = [])),
    responses((status = 200, body = Unread)))]
async fn read_all(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(inbox): Service<dyn Inbox>,
) -> Result<Json<Unread>, ApiError> {
    Ok(Json(inbox.read_all(&actor).await?))
}

/// Mark one as read
///
/// Answers with how much is left.
#[utoipa::path(post, path = "/api/v1/notifications/{notification_id}/read", tag = "notifications",
    operation_id = "notification_read", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("notification_id" = String, Path)), responses((status = 200, body = Unread)))]
async fn read(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(id): Path<String>,
    Service(inbox): Service<dyn Inbox>,
) -> Result<Json<Unread>, ApiError> {
    Ok(Json(inbox.read(&actor, &id).await?))
}

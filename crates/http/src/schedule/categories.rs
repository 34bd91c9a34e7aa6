use crate::{
    ApiError, HostState, Problem,
    extract::{Admin, Body, Member, Path, Query, Service, Tenant, Trainer, scope},
    response::RawJson,
};
use axum::{Json, http::StatusCode, routing};
use domain::{
    CategoryId,
    schedule::category::{CategoryPatch, NewCategory},
};
use serde::Deserialize;
use services::schedule::{categories::Categories, view::Category};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of the replaced system name the noun twice; the short ones are the same operations and stand in no
/// document.
pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .route("/api/v1/schedule/categories", routing::get(list).post(create))
        .route("/api/v1/schedule/categories/{category_id}", routing::get(get).put(update).delete(delete))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ActiveOnly {
    /// Whether inactive ones are left out.
    #[serde(default = "yes")]
    #[param(default = true)]
    pub active_only: bool,
}

fn yes() -> bool {
    true
}

/// Categories of the gym, by name
///
/// The gym's own kinds of classes, at most a thousand.
#[utoipa::path(get, path = "/api/v1/schedule/categories/categories", tag = "schedule",
    operation_id = "category_list", security(("bearer" = ["resource:read"], "gym" = [])),
    params(ActiveOnly), responses((status = 200, body = Vec<Category>)))]
async fn list(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(query): Query<ActiveOnly>,
    Service(categories): Service<dyn Categories>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(categories.list(&actor, query.active_only).await?))
}

/// One category
///
/// Whether it is active or not.
#[utoipa::path(get, path = "/api/v1/schedule/categories/categories/{category_id}", tag = "schedule",
    operation_id = "category_get", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("category_id" = i64, Path)), responses((status = 200, body = Category)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(id): Path<CategoryId>,
    Service(categories): Service<dyn Categories>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(categories.get(&actor, id).await?))
}

/// Add a category
///
/// Its name is one that no category of the gym has, active or not, whatever its case.
#[utoipa::path(post, path = "/api/v1/schedule/categories/categories", tag = "schedule",
    operation_id = "category_create", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body(content = NewCategory, example = json!({"name": "Aerial", "color": "#8e44ad", "icon": "hoop"})),
    responses((status = 201, body = Category),
        (status = 400, body = Problem, description = "`category_exists`, or the header names no gym.")))]
async fn create(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Service(categories): Service<dyn Categories>,
    Body(input): Body<NewCategory>,
) -> Result<(StatusCode, Json<Category>), ApiError> {
    Ok((StatusCode::CREATED, Json(categories.create(&actor, input).await?)))
}

/// Change a category
///
/// Only fields that are present; `null` clears a description, a colour or an icon.
#[utoipa::path(put, path = "/api/v1/schedule/categories/categories/{category_id}", tag = "schedule",
    operation_id = "category_update", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("category_id" = i64, Path)),
    request_body(content = CategoryPatch, example = json!({"name": "Aerial yoga", "icon": null})),
    responses((status = 200, body = Category),
        (status = 400, body = Problem, description = "`category_exists`, or the header names no gym.")))]
async fn update(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(id): Path<CategoryId>,
    Service(categories): Service<dyn Categories>,
    Body(patch): Body<CategoryPatch>,
) -> Result<Json<Category>, ApiError> {
    Ok(Json(categories.update(&actor, id, patch).await?))
}

/// Delete a category
///
/// One that no class is of is gone; one that is used becomes inactive.
#[utoipa::path(delete, path = "/api/v1/schedule/categories/categories/{category_id}", tag = "schedule",
    operation_id = "category_delete", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("category_id" = i64, Path)), responses((status = 204)))]
async fn delete(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(id): Path<CategoryId>,
    Service(categories): Service<dyn Categories>,
) -> Result<StatusCode, ApiError> {
    categories.delete(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

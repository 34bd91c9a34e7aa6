use super::categories::ActiveOnly;
use crate::{
    ApiError, HostState, Problem,
    extract::{Admin, Body, Member, Path, Query, Service, Tenant, Trainer, Window, scope},
    response::RawJson,
};
use axum::{Json, http::StatusCode, routing};
use domain::{
    ClassId,
    schedule::class::{ClassCategory, ClassPatch, Difficulty, GivenCategory, NewClass},
};
use serde::Deserialize;
use services::schedule::{
    classes::{ClassWithSessions, Classes},
    view::Class,
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of the replaced system name the noun twice; the short ones are the same operations and stand in no
/// document. What is literal wins over an id.
pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(search))
        .routes(routes!(of_category))
        .routes(routes!(of_difficulty))
        .routes(routes!(get, update, delete))
        .route("/api/v1/schedule/classes", routing::get(list).post(create))
        .route("/api/v1/schedule/classes/search", routing::get(search))
        .route("/api/v1/schedule/classes/category/{category}", routing::get(of_category))
        .route("/api/v1/schedule/classes/difficulty/{difficulty}", routing::get(of_difficulty))
        .route("/api/v1/schedule/classes/{class_id}", routing::get(get).put(update).delete(delete))
}

/// Classes of the gym
///
/// Templates, by id. Their sessions are lists of their own.
#[utoipa::path(get, path = "/api/v1/schedule/classes/classes", tag = "schedule",
    operation_id = "class_list", security(("bearer" = ["resource:read"], "gym" = [])),
    params(ActiveOnly, Window), responses((status = 200, body = Vec<Class>)))]
async fn list(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(query): Query<ActiveOnly>,
    Query(window): Query<Window>,
    Service(classes): Service<dyn Classes>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(classes.list(&actor, query.active_only, window.page()?).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Part of a name or a description, in any case; `%` and `_` are themselves.
    #[param(min_length = 1, max_length = 100)]
    query: String,
}

/// Search classes
///
/// Active ones whose name or description has the text, by id.
#[utoipa::path(get, path = "/api/v1/schedule/classes/classes/search", tag = "schedule",
    operation_id = "class_search", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Search, Window), responses((status = 200, body = Vec<Class>)))]
async fn search(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(search): Query<Search>,
    Query(window): Query<Window>,
    Service(classes): Service<dyn Classes>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(classes.search(&actor, &search.query, window.page()?).await?))
}

/// Classes of a kind
///
/// Active ones, by id. The kind is read in any case.
#[utoipa::path(get, path = "/api/v1/schedule/classes/classes/category/{category}", tag = "schedule",
    operation_id = "class_list_by_category", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("category" = ClassCategory, Path), Window), responses((status = 200, body = Vec<Class>)))]
async fn of_category(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(GivenCategory(category)): Path<GivenCategory>,
    Query(window): Query<Window>,
    Service(classes): Service<dyn Classes>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(classes.of_category(&actor, category, window.page()?).await?))
}

/// Classes so difficult
///
/// Active ones, by id.
#[utoipa::path(get, path = "/api/v1/schedule/classes/classes/difficulty/{difficulty}", tag = "schedule",
    operation_id = "class_list_by_difficulty", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("difficulty" = Difficulty, Path), Window), responses((status = 200, body = Vec<Class>)))]
async fn of_difficulty(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(difficulty): Path<Difficulty>,
    Query(window): Query<Window>,
    Service(classes): Service<dyn Classes>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(classes.of_difficulty(&actor, difficulty, window.page()?).await?))
}

/// One class
///
/// Active or not, with its sessions of the last thirty days and to come, the earliest first, at most a hundred.
#[utoipa::path(get, path = "/api/v1/schedule/classes/classes/{class_id}", tag = "schedule",
    operation_id = "class_get", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("class_id" = i64, Path)), responses((status = 200, body = ClassWithSessions)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(id): Path<ClassId>,
    Service(classes): Service<dyn Classes>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(classes.get(&actor, id).await?))
}

/// Add a class
///
/// Of a category of the gym, of a kind that every gym knows, or of both; of neither it is `other`.
#[utoipa::path(post, path = "/api/v1/schedule/classes/classes", tag = "schedule",
    operation_id = "class_create", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body(content = NewClass, example = json!({"name": "Spinning", "duration": 45, "max_capacity": 20,
        "difficulty_level": "intermediate", "category_enum": "cardio"})),
    responses((status = 201, body = Class),
        (status = 400, body = Problem, description = "`invalid_category`, or the header names no gym.")))]
async fn create(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Service(classes): Service<dyn Classes>,
    Body(input): Body<NewClass>,
) -> Result<(StatusCode, Json<Class>), ApiError> {
    Ok((StatusCode::CREATED, Json(classes.create(&actor, input).await?)))
}

/// Change a class
///
/// Only fields that are present. More seats go at once to who waits for sessions to come that have no capacity of
/// their own; fewer take nobody's seat away.
#[utoipa::path(put, path = "/api/v1/schedule/classes/classes/{class_id}", tag = "schedule",
    operation_id = "class_update", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("class_id" = i64, Path)),
    request_body(content = ClassPatch, example = json!({"max_capacity": 24, "category_id": null})),
    responses((status = 200, body = Class),
        (status = 400, body = Problem, description = "`invalid_category`, or the header names no gym.")))]
async fn update(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(id): Path<ClassId>,
    Service(classes): Service<dyn Classes>,
    Body(patch): Body<ClassPatch>,
) -> Result<Json<Class>, ApiError> {
    Ok(Json(classes.update(&actor, id, patch).await?))
}

/// Delete a class
///
/// One that never had a session is gone; any other becomes inactive, and its sessions stay as they are. Answers with
/// the class either way.
#[utoipa::path(delete, path = "/api/v1/schedule/classes/classes/{class_id}", tag = "schedule",
    operation_id = "class_delete", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("class_id" = i64, Path)), responses((status = 200, body = Class)))]
async fn delete(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(id): Path<ClassId>,
    Service(classes): Service<dyn Classes>,
) -> Result<Json<Class>, ApiError> {
    Ok(Json(classes.delete(&actor, id).await?))
}

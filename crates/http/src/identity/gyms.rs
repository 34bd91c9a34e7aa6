use crate::{
    ApiError, HostState, Problem,
    extract::{Body, Caller, Member, Owner, Paging, Path, PathGym, Platform, Query, Service, Visitor, scope},
    response::RawJson,
};
use axum::{Json, http::StatusCode};
use domain::{
    GymId,
    identity::gym::{self, GymType},
};
use serde::Deserialize;
use services::identity::{
    gyms::{
        GymFilter, Gyms,
        view::{GymDetails, GymWithStats, MyGym},
    },
    view::{Gym, GymPublic},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(create, directory))
        .routes(routes!(by_subdomain))
        .routes(routes!(details))
        .routes(routes!(mine))
        .routes(routes!(with_stats, update))
        .routes(routes!(set_status))
}

/// Create a gym
///
/// The gym starts without people, with the modules of its type. Specialties, certifications and `max_clients` are kept
/// for personal trainers only.
#[utoipa::path(post, path = "/api/v1/gyms/", tag = "gyms", security(("bearer" = ["tenant:admin"])),
    request_body(content = gym::Create, example = json!({
        "name": "Box Norte", "subdomain": "box-norte", "timezone": "Europe/Madrid", "type": "gym",
    })),
    responses((status = 201, body = Gym), (status = 400, description = "The subdomain is taken.", body = Problem)))]
async fn create(
    Platform(caller, ..): Platform<scope::TenantAdmin>,
    Service(gyms): Service<dyn Gyms>,
    Body(input): Body<gym::Create>,
) -> Result<(StatusCode, Json<Gym>), ApiError> {
    Ok((StatusCode::CREATED, Json(gyms.create(&caller, input).await?)))
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DirectoryFilter {
    /// Inactive gyms are shown to the platform's administrators only.
    #[serde(default = "yes")]
    #[param(default = true, required = false)]
    is_active: bool,
    /// In name or subdomain, without regard to case; `%` and `_` are themselves.
    q: Option<String>,
    #[serde(rename = "type")]
    kind: Option<GymType>,
}

/// Find gyms
///
/// Open to everybody; by name, then id.
#[utoipa::path(get, path = "/api/v1/gyms/", tag = "gyms", security(()),
    params(DirectoryFilter, Paging), responses((status = 200, body = Vec<GymPublic>)))]
async fn directory(
    Visitor(viewer): Visitor,
    Query(filter): Query<DirectoryFilter>,
    Query(paging): Query<Paging>,
    Service(gyms): Service<dyn Gyms>,
) -> Result<RawJson, ApiError> {
    let filter = GymFilter { is_active: filter.is_active, q: filter.q, kind: filter.kind };
    Ok(RawJson(gyms.directory(viewer.as_ref(), filter, paging.page()?).await?))
}

/// Find a gym by its subdomain
///
/// Open to everybody; active gyms only.
#[utoipa::path(get, path = "/api/v1/gyms/by-subdomain/{subdomain}", tag = "gyms", security(()),
    params(("subdomain" = String, Path)),
    responses((status = 200, body = GymPublic), (status = 404, description = "There is no such gym.", body = Problem)))]
async fn by_subdomain(Path(subdomain): Path<String>, Service(gyms): Service<dyn Gyms>) -> Result<RawJson, ApiError> {
    Ok(RawJson(gyms.by_subdomain(&subdomain).await?))
}

/// What a gym shows its visitors
///
/// Open to everybody; active gyms only. Hours, plans on sale, active modules.
#[utoipa::path(get, path = "/api/v1/gyms/{gym_id}/details", tag = "gyms", security(()),
    params(("gym_id" = i64, Path)),
    responses((status = 200, body = GymDetails), (status = 404, description = "There is no such gym.", body = Problem)))]
async fn details(Path(gym): Path<GymId>, Service(gyms): Service<dyn Gyms>) -> Result<RawJson, ApiError> {
    Ok(RawJson(gyms.details(gym).await?))
}

/// Own gyms
///
/// The active gyms that the caller belongs to, with their role in each; by name, then id.
#[utoipa::path(get, path = "/api/v1/gyms/my", tag = "gyms", security(("bearer" = [])),
    params(Paging), responses((status = 200, body = Vec<MyGym>)))]
async fn mine(
    Caller(caller, ..): Caller,
    Query(paging): Query<Paging>,
    Service(gyms): Service<dyn Gyms>,
) -> Result<Json<Vec<MyGym>>, ApiError> {
    Ok(Json(gyms.mine(&caller, paging.page()?).await?))
}

/// A gym with its statistics
///
/// For those who belong to it, and the platform's administrators. Needs no `X-Gym-ID`.
#[utoipa::path(get, path = "/api/v1/gyms/{gym_id}", tag = "gyms", security(("bearer" = ["tenant:read"])),
    params(("gym_id" = i64, Path)),
    responses((status = 200, body = GymWithStats),
        (status = 404, description = "There is no such gym for the caller.", body = Problem)))]
async fn with_stats(
    PathGym(actor, ..): PathGym<Member, scope::TenantRead>,
    Service(gyms): Service<dyn Gyms>,
) -> Result<Json<GymWithStats>, ApiError> {
    Ok(Json(gyms.with_stats(&actor).await?))
}

/// Change a gym
///
/// For its owner and the platform's administrators. Only fields that are present change, `null` clears; subdomain and
/// type stay. Needs no `X-Gym-ID`.
#[utoipa::path(put, path = "/api/v1/gyms/{gym_id}", tag = "gyms", security(("bearer" = ["tenant:admin"])),
    params(("gym_id" = i64, Path)),
    request_body(content = gym::Update, example = json!({"phone": "+34600111222", "timezone": "Europe/Madrid"})),
    responses((status = 200, body = Gym),
        (status = 404, description = "There is no such gym for the caller.", body = Problem)))]
async fn update(
    PathGym(actor, ..): PathGym<Owner, scope::TenantAdmin>,
    Service(gyms): Service<dyn Gyms>,
    Body(patch): Body<gym::Update>,
) -> Result<Json<Gym>, ApiError> {
    Ok(Json(gyms.update(&actor, patch).await?))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = GymStatusUpdate)]
struct StatusUpdate {
    is_active: bool,
}

/// Switch a gym on or off
///
/// For its owner, also while it is off, and the platform's administrators. An inactive gym answers 404 to everybody
/// else.
#[utoipa::path(patch, path = "/api/v1/gyms/{gym_id}/status", tag = "gyms", security(("bearer" = ["tenant:admin"])),
    params(("gym_id" = i64, Path)), request_body = StatusUpdate,
    responses((status = 200, body = Gym),
        (status = 404, description = "There is no such gym for the caller.", body = Problem)))]
async fn set_status(
    Caller(caller, ..): Caller<scope::TenantAdmin>,
    Path(gym): Path<GymId>,
    Service(gyms): Service<dyn Gyms>,
    Body(status): Body<StatusUpdate>,
) -> Result<Json<Gym>, ApiError> {
    Ok(Json(gyms.set_active(&caller, gym, status.is_active).await?))
}

use crate::{
    ApiError, HostState,
    extract::{Body, Caller, GymHeader, Member, Path, Service, Tenant, scope},
};
use axum::Json;
use domain::{UserId, identity::user::ProfilePatch};
use services::identity::{
    profile::Profiles,
    view::{User, UserProfile},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(own, update_own))
        .routes(routes!(update_data))
        .routes(routes!(own_profile))
        .routes(routes!(of_member))
}

/// Own profile
///
/// The caller's own row, QR code included. With `X-Gym-ID` the answer shows the caller's role in that gym.
#[utoipa::path(get, path = "/api/v1/users/profile", tag = "users", security(("bearer" = [])),
    params(("X-Gym-ID" = Option<i64>, Header)), responses((status = 200, body = User)))]
async fn own(
    Caller(caller, ..): Caller,
    GymHeader(gym): GymHeader,
    Service(profiles): Service<dyn Profiles>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(profiles.own(&caller, gym).await?))
}

/// Change own profile
///
/// Only fields that are present change; `null` clears.
#[utoipa::path(put, path = "/api/v1/users/profile", tag = "users", security(("bearer" = [])),
    request_body = ProfilePatch, responses((status = 200, body = User)))]
async fn update_own(
    Caller(caller, ..): Caller,
    GymHeader(gym): GymHeader,
    Service(profiles): Service<dyn Profiles>,
    Body(patch): Body<ProfilePatch>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(profiles.update(&caller, patch, gym).await?))
}

/// Change own profile (older clients)
#[utoipa::path(post, path = "/api/v1/users/profile/data", tag = "users", security(("bearer" = ["user:read"])),
    request_body = ProfilePatch, responses((status = 200, body = User)))]
async fn update_data(
    Caller(caller, ..): Caller<scope::UserRead>,
    GymHeader(gym): GymHeader,
    Service(profiles): Service<dyn Profiles>,
    Body(patch): Body<ProfilePatch>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(profiles.update(&caller, patch, gym).await?))
}

/// Own profile, short
#[utoipa::path(get, path = "/api/v1/users/profile/me", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = UserProfile)))]
async fn own_profile(
    Caller(caller, ..): Caller,
    Service(profiles): Service<dyn Profiles>,
) -> Result<Json<UserProfile>, ApiError> {
    Ok(Json(profiles.own_profile(&caller).await?))
}

/// Profile of a member of the gym
///
/// Height, weight and birth date are shown to the person themself and to administrators.
#[utoipa::path(get, path = "/api/v1/users/profile/{user_id}", tag = "users", security(("bearer" = [], "gym" = [])),
    params(("user_id" = i64, Path)), responses((status = 200, body = UserProfile)))]
async fn of_member(
    Tenant(actor, ..): Tenant<Member>,
    Path(user): Path<UserId>,
    Service(profiles): Service<dyn Profiles>,
) -> Result<Json<UserProfile>, ApiError> {
    Ok(Json(profiles.of_member(&actor, user).await?))
}

use crate::{
    ApiError, HostState,
    error::say,
    extract::{Admin, Body, Caller, Paging, Path, Platform, Query, Service, TenantOrPlatform, Trainer, scope},
};
use axum::{Json, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{
    GymId, UserId,
    identity::{PlatformRole, user::PlatformPatch},
};
use serde::{Deserialize, Serialize};
use services::{
    UserFilter,
    identity::{platform::PlatformUsers, view::User},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(by_role))
        .routes(routes!(search))
        .routes(routes!(by_id, update))
        .routes(routes!(by_subject, update_by_subject))
        .routes(routes!(delete))
        .routes(routes!(create_platform_admin))
}

/// Everybody on the platform
///
/// For administrators of the platform, in order of ids.
#[utoipa::path(get, path = "/api/v1/users/", tag = "users", security(("bearer" = ["user:read"])),
    params(Paging), responses((status = 200, body = Vec<User>)))]
async fn list(
    Platform(caller, ..): Platform<scope::UserRead>,
    Query(paging): Query<Paging>,
    Service(users): Service<dyn PlatformUsers>,
) -> Result<Json<Vec<User>>, ApiError> {
    Ok(Json(users.list(&caller, paging.page()?).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InGym {
    /// Look for the role in this gym, where an OWNER counts as ADMIN.
    #[param(value_type = Option<i64>)]
    gym_id: Option<GymId>,
}

/// Everybody of one role
///
/// For administrators of the platform: by platform role, or by the role in the gym of `gym_id`.
#[utoipa::path(get, path = "/api/v1/users/by-role/{role}", tag = "users", security(("bearer" = [])),
    params(("role" = PlatformRole, Path), InGym, Paging),
    responses((status = 200, body = Vec<User>), (status = 404, body = crate::Problem)))]
async fn by_role(
    Platform(caller, ..): Platform,
    Path(role): Path<PlatformRole>,
    Query(in_gym): Query<InGym>,
    Query(paging): Query<Paging>,
    Service(users): Service<dyn PlatformUsers>,
) -> Result<Json<Vec<User>>, ApiError> {
    Ok(Json(users.by_role(&caller, role, in_gym.gym_id, paging.page()?).await?))
}

/// The filters of the advanced search; `%` and `_` are themselves.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// In first or last name, without regard to case.
    name_contains: Option<String>,
    email_contains: Option<String>,
    /// What follows the `@`.
    email_domain: Option<String>,
    role: Option<PlatformRole>,
    is_active: Option<bool>,
    /// Inclusive.
    created_after: Option<DateTime<Utc>>,
    /// Inclusive.
    created_before: Option<DateTime<Utc>>,
}

impl From<SearchQuery> for UserFilter {
    fn from(q: SearchQuery) -> Self {
        // a field of a form that was left empty filters nothing
        let filled = |text: Option<String>| text.filter(|t| !t.is_empty());
        Self {
            name_contains: filled(q.name_contains),
            email_contains: filled(q.email_contains),
            email_domain: filled(q.email_domain),
            role: q.role,
            is_active: q.is_active,
            created_after: q.created_after,
            created_before: q.created_before,
        }
    }
}

/// Search people
///
/// Trainers and above inside the gym of `X-Gym-ID`; administrators of the platform there, or everywhere when they send
/// no gym.
#[utoipa::path(get, path = "/api/v1/users/search", tag = "users", security(("bearer" = [])),
    params(("X-Gym-ID" = Option<i64>, Header), SearchQuery, Paging),
    responses((status = 200, body = Vec<User>), (status = 400, body = crate::Problem),
        (status = 404, body = crate::Problem)))]
async fn search(
    TenantOrPlatform(reach, ..): TenantOrPlatform<Trainer>,
    Query(query): Query<SearchQuery>,
    Query(paging): Query<Paging>,
    Service(users): Service<dyn PlatformUsers>,
) -> Result<Json<Vec<User>>, ApiError> {
    Ok(Json(users.search(&reach, query.into(), paging.page()?).await?))
}

/// One person
///
/// Of the gym of `X-Gym-ID`, for its administrators; anybody, for administrators of the platform.
#[utoipa::path(get, path = "/api/v1/users/{user_id}", tag = "users", security(("bearer" = [])),
    params(("user_id" = i64, Path), ("X-Gym-ID" = Option<i64>, Header)),
    responses((status = 200, body = User), (status = 400, body = crate::Problem), (status = 404, body = crate::Problem)))]
async fn by_id(
    TenantOrPlatform(reach, ..): TenantOrPlatform<Admin>,
    Path(user): Path<UserId>,
    Service(users): Service<dyn PlatformUsers>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(users.one(&reach, user).await?))
}

/// Change a person
///
/// For administrators of the platform. Only fields that are present change; `is_superuser` follows the role. The last
/// active SUPER_ADMIN stays one.
#[utoipa::path(put, path = "/api/v1/users/{user_id}", tag = "users", security(("bearer" = [])),
    params(("user_id" = i64, Path)),
    request_body(content = PlatformPatch, example = json!({"role": "TRAINER", "is_active": true})),
    responses((status = 200, body = User), (status = 404, body = crate::Problem), (status = 409, body = crate::Problem)))]
async fn update(
    Platform(caller, ..): Platform,
    Path(user): Path<UserId>,
    Service(users): Service<dyn PlatformUsers>,
    Body(patch): Body<PlatformPatch>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(users.update(&caller, user, patch).await?))
}

/// One person by the subject of their tokens
///
/// For themself, administrators of a gym of theirs, and administrators of the platform. The subject is percent-encoded.
#[utoipa::path(get, path = "/api/v1/users/auth0/{auth0_id}", tag = "users", security(("bearer" = ["user:read"])),
    params(("auth0_id" = String, Path, example = "auth0|123")),
    responses((status = 200, body = User), (status = 404, body = crate::Problem)))]
async fn by_subject(
    Caller(caller, ..): Caller<scope::UserRead>,
    Path(subject): Path<String>,
    Service(users): Service<dyn PlatformUsers>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(users.by_subject(&caller, &subject).await?))
}

/// Change a person by the subject of their tokens
///
/// As the change by id, for administrators of the platform.
#[utoipa::path(put, path = "/api/v1/users/auth0/{auth0_id}", tag = "users", security(("bearer" = ["user:write"])),
    params(("auth0_id" = String, Path, example = "auth0|123")), request_body = PlatformPatch,
    responses((status = 200, body = User), (status = 404, body = crate::Problem), (status = 409, body = crate::Problem)))]
async fn update_by_subject(
    Platform(caller, ..): Platform<scope::UserWrite>,
    Path(subject): Path<String>,
    Service(users): Service<dyn PlatformUsers>,
    Body(patch): Body<PlatformPatch>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(users.update_by_subject(&caller, &subject, patch).await?))
}

/// Delete a person
///
/// For administrators of the platform. Deletes the account at the identity provider, ends every membership, and blanks
/// what is personal; answers with the person as they were. Trying again is safe.
#[utoipa::path(delete, path = "/api/v1/users/admin/users/{user_id}", tag = "users", security(("bearer" = [])),
    params(("user_id" = i64, Path)),
    responses((status = 200, body = User), (status = 404, body = crate::Problem), (status = 409, body = crate::Problem),
        (status = 502, body = crate::Problem)))]
async fn delete(
    Platform(caller, ..): Platform,
    Path(user): Path<UserId>,
    Service(users): Service<dyn PlatformUsers>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(users.delete(&caller, user).await?))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CreateAdminRequest)]
struct CreateAdmin {
    /// The secret of the installation.
    secret_key: String,
}

#[derive(Serialize, ToSchema)]
struct PlatformAdmin {
    id: UserId,
    #[schema(format = "email")]
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    role: PlatformRole,
    is_superuser: bool,
}

#[derive(Serialize, ToSchema)]
struct AdminCreated {
    message: &'static str,
    user: PlatformAdmin,
}

/// Become an administrator of the platform
///
/// For the first one: exists only while the installation has a secret for it.
#[utoipa::path(post, path = "/api/v1/auth/create-platform-admin", tag = "auth", security(("bearer" = ["user:write"])),
    request_body = CreateAdmin,
    responses((status = 201, body = AdminCreated), (status = 404, body = crate::Problem)))]
async fn create_platform_admin(
    Caller(caller, ..): Caller<scope::UserWrite>,
    Service(users): Service<dyn PlatformUsers>,
    Body(input): Body<CreateAdmin>,
) -> Result<(StatusCode, Json<AdminCreated>), ApiError> {
    let user = users.become_super_admin(&caller, &input.secret_key).await?;
    let message = say("You are an administrator of the platform now.", "Ahora administras la plataforma.");
    let user = PlatformAdmin {
        id: user.id,
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        role: user.role,
        is_superuser: user.role == PlatformRole::SuperAdmin,
    };
    Ok((StatusCode::CREATED, Json(AdminCreated { message, user })))
}

use crate::{
    ApiError, HostState,
    extract::{Admin, Member, Paging, Path, Query, Service, Tenant, scope},
    response::RawJson,
};
use axum::Json;
use domain::{UserId, identity::GymRole};
use serde::Deserialize;
use services::identity::{
    people::{PARTICIPANT_ROLE, People},
    view::{GymUserSummary, User, UserBasicInfo, UserPublicProfile},
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(participants))
        .routes(routes!(participant))
        .routes(routes!(public_participants))
        .routes(routes!(public_participant))
        .routes(routes!(public_profile))
        .routes(routes!(by_email))
        .routes(routes!(gym_users))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RoleFilter {
    role: Option<GymRole>,
}

/// MEMBER or TRAINER. Read as text, because every other value is refused alike, whether it names a role or not (IDN-58).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ParticipantRole {
    #[param(value_type = Option<GymRole>)]
    role: Option<String>,
}

impl ParticipantRole {
    fn role(self) -> Result<Option<GymRole>, ApiError> {
        let named = |role: String| match role.as_str() {
            "MEMBER" => Ok(GymRole::Member),
            "TRAINER" => Ok(GymRole::Trainer),
            _ => Err(PARTICIPANT_ROLE.into()),
        };
        self.role.map(named).transpose()
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NameFilter {
    /// In first or last name, without regard to case; `%` and `_` are themselves.
    #[param(max_length = 100)]
    name_contains: Option<String>,
}

/// Participants of the gym, in full
#[utoipa::path(get, path = "/api/v1/users/gym-participants", tag = "users",
    security(("bearer" = ["user:read"], "gym" = [])),
    params(ParticipantRole, Paging), responses((status = 200, body = Vec<User>)))]
async fn participants(
    Tenant(actor, ..): Tenant<Admin, scope::UserRead>,
    Query(filter): Query<ParticipantRole>,
    Query(paging): Query<Paging>,
    Service(people): Service<dyn People>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(people.participants(&actor, filter.role()?, paging.page()?).await?))
}

/// One participant, in full
#[utoipa::path(get, path = "/api/v1/users/gym-participants/{user_id}", tag = "users",
    security(("bearer" = ["user:read"], "gym" = [])),
    params(("user_id" = i64, Path)), responses((status = 200, body = User)))]
async fn participant(
    Tenant(actor, ..): Tenant<Admin, scope::UserRead>,
    Path(user): Path<UserId>,
    Service(people): Service<dyn People>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(people.participant(&actor, user).await?))
}

/// Participants, as members see each other
#[utoipa::path(get, path = "/api/v1/users/p/gym-participants", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(ParticipantRole, NameFilter, Paging), responses((status = 200, body = Vec<UserPublicProfile>)))]
async fn public_participants(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(filter): Query<ParticipantRole>,
    Query(name): Query<NameFilter>,
    Query(paging): Query<Paging>,
    Service(people): Service<dyn People>,
) -> Result<RawJson, ApiError> {
    let page = paging.page()?;
    Ok(RawJson(people.public_participants(&actor, filter.role()?, name.name_contains, page).await?))
}

/// One participant, as members see each other
#[utoipa::path(get, path = "/api/v1/users/p/gym-participants/{user_id}", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(("user_id" = i64, Path)), responses((status = 200, body = UserPublicProfile)))]
async fn public_participant(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(user): Path<UserId>,
    Service(people): Service<dyn People>,
) -> Result<Json<UserPublicProfile>, ApiError> {
    Ok(Json(people.public_participant(&actor, user).await?))
}

/// One participant, as members see each other (older clients)
#[utoipa::path(get, path = "/api/v1/users/p/public-profile/{user_id}", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(("user_id" = i64, Path)), responses((status = 200, body = UserPublicProfile)))]
async fn public_profile(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(user): Path<UserId>,
    Service(people): Service<dyn People>,
) -> Result<Json<UserPublicProfile>, ApiError> {
    Ok(Json(people.public_participant(&actor, user).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EmailQuery {
    #[param(format = "email")]
    email: String,
}

/// Find a person who is not in the gym yet
#[utoipa::path(get, path = "/api/v1/users/search-by-email", tag = "users",
    security(("bearer" = ["user:read"], "gym" = [])),
    params(EmailQuery), responses((status = 200, body = UserBasicInfo), (status = 409, body = crate::Problem)))]
async fn by_email(
    Tenant(actor, ..): Tenant<Admin, scope::UserRead>,
    Query(query): Query<EmailQuery>,
    Service(people): Service<dyn People>,
) -> Result<Json<UserBasicInfo>, ApiError> {
    Ok(Json(people.by_email(&actor, &query.email).await?))
}

/// Everybody in the gym, by time of joining
#[utoipa::path(get, path = "/api/v1/users/gym-users", tag = "users",
    security(("bearer" = ["user:read"], "gym" = [])),
    params(RoleFilter, Paging), responses((status = 200, body = Vec<GymUserSummary>)))]
async fn gym_users(
    Tenant(actor, ..): Tenant<Admin, scope::UserRead>,
    Query(filter): Query<RoleFilter>,
    Query(paging): Query<Paging>,
    Service(people): Service<dyn People>,
) -> Result<Json<Vec<GymUserSummary>>, ApiError> {
    Ok(Json(people.summaries(&actor, filter.role, paging.page()?).await?))
}

use crate::{
    ApiError, HostState, Problem,
    error::say,
    extract::{Admin, Body, Member, Paging, Path, Platform, Query, Service, Tenant},
};
use axum::{Json, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{GymId, UserId, identity::GymRole};
use serde::{Deserialize, Serialize};
use services::identity::{
    memberships::{AddByEmail, Joined, Memberships, RoleChange},
    people::People,
    view::{GymUserSummary, UserGym},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(add_by_email))
        .routes(routes!(add, remove))
        .routes(routes!(change_role))
        .routes(routes!(remove_user))
        .routes(routes!(list_of_gym))
        .routes(routes!(remove_from_gym))
        .routes(routes!(appoint_owner))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RoleFilter {
    role: Option<GymRole>,
}

/// Somebody has joined.
#[derive(Serialize, ToSchema)]
#[schema(as = MembershipAdded)]
struct Added {
    /// For people.
    message: &'static str,
    user_id: UserId,
    gym_id: GymId,
    role: GymRole,
    joined_at: DateTime<Utc>,
}

impl From<UserGym> for Added {
    fn from(m: UserGym) -> Self {
        let message = say("The user was added to the gym.", "Usuario añadido al gimnasio.");
        Self { message, user_id: m.user_id, gym_id: m.gym_id, role: m.role, joined_at: m.created_at }
    }
}

/// Somebody has joined, found by address.
#[derive(Serialize, ToSchema)]
#[schema(as = MembershipAddedByEmail)]
struct AddedByEmail {
    #[serde(flatten)]
    added: Added,
    #[schema(format = "email")]
    user_email: String,
}

impl From<Joined> for AddedByEmail {
    fn from(joined: Joined) -> Self {
        Self { added: joined.membership.into(), user_email: joined.email }
    }
}

/// Somebody has left.
#[derive(Serialize, ToSchema)]
#[schema(as = MembershipRemoved)]
struct Removed {
    /// For people.
    message: &'static str,
    user_id: UserId,
    gym_id: GymId,
}

impl Removed {
    fn new(user_id: UserId, gym_id: GymId) -> Self {
        let message = say("The user was removed from the gym.", "Usuario eliminado del gimnasio.");
        Self { message, user_id, gym_id }
    }
}

/// An object, or the address alone, as older clients send it.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Address {
    Object(AddByEmail),
    #[schema(format = "email")]
    Bare(String),
}

impl From<Address> for AddByEmail {
    fn from(address: Address) -> Self {
        match address {
            Address::Object(input) => input,
            Address::Bare(email) => Self { email },
        }
    }
}

/// Everybody in the gym, by time of joining
///
/// Members see no addresses but their own and those of staff.
#[utoipa::path(get, path = "/api/v1/gyms/users", operation_id = "gym_memberships", tag = "gyms",
    security(("bearer" = [], "gym" = [])),
    params(RoleFilter, Paging), responses((status = 200, body = Vec<GymUserSummary>)))]
async fn list(
    Tenant(actor, ..): Tenant<Member>,
    Query(filter): Query<RoleFilter>,
    Query(paging): Query<Paging>,
    Service(people): Service<dyn People>,
) -> Result<Json<Vec<GymUserSummary>>, ApiError> {
    Ok(Json(people.summaries(&actor, filter.role, paging.page()?).await?))
}

/// Add a person to the gym by address
///
/// The person joins as MEMBER. A body that is the address alone, a JSON string, is taken as well.
#[utoipa::path(post, path = "/api/v1/gyms/users/by-email", operation_id = "membership_add_by_email", tag = "gyms",
    security(("bearer" = [], "gym" = [])),
    request_body(content = Address, examples(
        ("object" = (value = json!({"email": "ana@example.com"}))),
        ("bare string" = (value = json!("ana@example.com"))),
    )),
    responses((status = 201, body = AddedByEmail),
        (status = 400, body = Problem, description = "`already_member`, or the header names no gym."),
        (status = 409, body = Problem, description = "`max_clients_reached`")))]
async fn add_by_email(
    Tenant(actor, ..): Tenant<Admin>,
    Service(memberships): Service<dyn Memberships>,
    Body(address): Body<Address>,
) -> Result<(StatusCode, Json<AddedByEmail>), ApiError> {
    let joined = memberships.add_by_email(&actor, address.into()).await?;
    Ok((StatusCode::CREATED, Json(joined.into())))
}

/// Add a person to the gym
///
/// The person joins as MEMBER.
#[utoipa::path(post, path = "/api/v1/gyms/users/{user_id}", operation_id = "membership_add", tag = "gyms",
    security(("bearer" = [], "gym" = [])), params(("user_id" = i64, Path)),
    responses((status = 201, body = Added),
        (status = 400, body = Problem, description = "`already_member`, or the header names no gym."),
        (status = 409, body = Problem, description = "`max_clients_reached`")))]
async fn add(
    Tenant(actor, ..): Tenant<Admin>,
    Path(user): Path<UserId>,
    Service(memberships): Service<dyn Memberships>,
) -> Result<(StatusCode, Json<Added>), ApiError> {
    let joined = memberships.add(&actor, user).await?;
    Ok((StatusCode::CREATED, Json(joined.membership.into())))
}

/// Leave the gym, or remove a person from it
///
/// Members and trainers remove themselves; administrators remove whom they outrank. The person's relationships in the
/// gym end as well.
#[utoipa::path(delete, path = "/api/v1/gyms/users/{user_id}", operation_id = "membership_remove", tag = "gyms",
    security(("bearer" = [], "gym" = [])), params(("user_id" = i64, Path)),
    responses((status = 200, body = Removed), (status = 409, body = Problem, description = "`last_owner`")))]
async fn remove(
    Tenant(actor, ..): Tenant<Member>,
    Path(user): Path<UserId>,
    Service(memberships): Service<dyn Memberships>,
) -> Result<Json<Removed>, ApiError> {
    memberships.remove(&actor, user).await?;
    Ok(Json(Removed::new(user, actor.gym_id())))
}

/// Remove a person from the gym
///
/// As the same method of `/gyms/users/{user_id}`, for administrators, without a body.
#[utoipa::path(delete, path = "/api/v1/users/users/{user_id}", operation_id = "membership_remove_user", tag = "users",
    security(("bearer" = [], "gym" = [])), params(("user_id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem, description = "`last_owner`")))]
async fn remove_user(
    Tenant(actor, ..): Tenant<Admin>,
    Path(user): Path<UserId>,
    Service(memberships): Service<dyn Memberships>,
) -> Result<StatusCode, ApiError> {
    memberships.remove(&actor, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change a role in the gym
///
/// The caller must outrank the person's present role and may grant at most their own. An owner who grants OWNER hands
/// the gym over, and stays as ADMIN.
#[utoipa::path(put, path = "/api/v1/gyms/users/{user_id}/role", operation_id = "membership_change_role", tag = "gyms",
    security(("bearer" = [], "gym" = [])), params(("user_id" = i64, Path)),
    request_body(content = RoleChange, example = json!({"role": "TRAINER"})),
    responses((status = 200, body = UserGym),
        (status = 400, body = Problem, description = "`own_role`, or the header names no gym."),
        (status = 409, body = Problem, description = "`last_owner`, `owner_inactive` or `max_clients_reached`")))]
async fn change_role(
    Tenant(actor, ..): Tenant<Admin>,
    Path(user): Path<UserId>,
    Service(memberships): Service<dyn Memberships>,
    Body(change): Body<RoleChange>,
) -> Result<Json<UserGym>, ApiError> {
    Ok(Json(memberships.change_role(&actor, user, change.role).await?))
}

/// Everybody in any gym, by time of joining
///
/// For the platform's administrators.
#[utoipa::path(get, path = "/api/v1/gyms/{gym_id}/users", operation_id = "platform_memberships", tag = "gyms",
    security(("bearer" = [])), params(("gym_id" = i64, Path), RoleFilter, Paging),
    responses((status = 200, body = Vec<GymUserSummary>), (status = 404, body = Problem)))]
async fn list_of_gym(
    Platform(caller, ..): Platform,
    Path(gym): Path<GymId>,
    Query(filter): Query<RoleFilter>,
    Query(paging): Query<Paging>,
    Service(memberships): Service<dyn Memberships>,
) -> Result<Json<Vec<GymUserSummary>>, ApiError> {
    Ok(Json(memberships.of_gym(&caller, gym, filter.role, paging.page()?).await?))
}

/// Remove a person from any gym
///
/// For the platform's administrators.
#[utoipa::path(delete, path = "/api/v1/gyms/{gym_id}/users/{user_id}", operation_id = "platform_membership_remove",
    tag = "gyms", security(("bearer" = [])), params(("gym_id" = i64, Path), ("user_id" = i64, Path)),
    responses((status = 200, body = Removed), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`last_owner`")))]
async fn remove_from_gym(
    Platform(caller, ..): Platform,
    Path((gym, user)): Path<(GymId, UserId)>,
    Service(memberships): Service<dyn Memberships>,
) -> Result<Json<Removed>, ApiError> {
    memberships.remove_from(&caller, gym, user).await?;
    Ok(Json(Removed::new(user, gym)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NewOwner {
    /// Who owns the gym from now on.
    #[param(value_type = i64)]
    user_id: UserId,
}

/// Name the owner of a gym
///
/// For the platform's administrators. The person joins if need be; the owner before stays as ADMIN.
#[utoipa::path(put, path = "/api/v1/gyms/{gym_id}/owner", operation_id = "platform_appoint_owner", tag = "gyms",
    security(("bearer" = [])), params(("gym_id" = i64, Path), NewOwner),
    responses((status = 200, body = UserGym), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`owner_inactive`")))]
async fn appoint_owner(
    Platform(caller, ..): Platform,
    Path(gym): Path<GymId>,
    Query(owner): Query<NewOwner>,
    Service(memberships): Service<dyn Memberships>,
) -> Result<Json<UserGym>, ApiError> {
    Ok(Json(memberships.appoint_owner(&caller, gym, owner.user_id).await?))
}

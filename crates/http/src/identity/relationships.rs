use crate::{
    ApiError, HostState, Problem,
    extract::{Admin, Body, Member, Paging, Path, Query, Service, Tenant, TenantOrOnlyGym, scope},
};
use axum::Json;
use domain::{
    RelationshipId, UserId,
    identity::relationship::{NewRelationship, RelationshipPatch, RelationshipStatus},
};
use serde::Deserialize;
use services::identity::relationships::{RelatedUser, Relationship, Relationships};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(members_of))
        .routes(routes!(trainers_of))
        .routes(routes!(my_trainers))
        .routes(routes!(my_members))
        .routes(routes!(get, update, delete))
}

/// The header that older clients leave out here.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code)]
struct OptionalGym {
    /// The gym's id. Without it the caller is in their only gym; whoever belongs to none or to several must send it.
    #[param(rename = "X-Gym-ID", minimum = 1)]
    gym: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusFilter {
    #[param(inline)]
    status: Option<RelationshipStatus>,
}

/// Relate a trainer and a member
///
/// Administrators relate any pair, a trainer takes members on, and a member asks for a trainer: then the status is
/// `pending` whatever the body says.
#[utoipa::path(post, path = "/api/v1/relationships/", operation_id = "relationship_create", tag = "relationships",
    security(("bearer" = ["resource:write"], "gym" = [])),
    request_body(content = NewRelationship, example = json!({"trainer_id": 7, "member_id": 12, "status": "active"})),
    responses((status = 200, body = Relationship),
        (status = 400, body = Problem,
            description = "`not_a_trainer`, `not_a_gym_member`, `same_person`, `relationship_exists`, or no gym.")))]
async fn create(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(relationships): Service<dyn Relationships>,
    Body(input): Body<NewRelationship>,
) -> Result<Json<Relationship>, ApiError> {
    Ok(Json(relationships.create(&actor, input).await?))
}

/// Relationships of the gym, newest first
#[utoipa::path(get, path = "/api/v1/relationships/", operation_id = "relationship_list", tag = "relationships",
    security(("bearer" = ["resource:admin"])), params(OptionalGym, StatusFilter, Paging),
    responses((status = 200, body = Vec<Relationship>), (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn list(
    TenantOrOnlyGym(actor, ..): TenantOrOnlyGym<Admin, scope::ResourceAdmin>,
    Query(filter): Query<StatusFilter>,
    Query(paging): Query<Paging>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Vec<Relationship>>, ApiError> {
    Ok(Json(relationships.list(&actor, filter.status, paging.page()?).await?))
}

/// Members of a trainer, newest first
///
/// For that trainer and for administrators.
#[utoipa::path(get, path = "/api/v1/relationships/trainer/{trainer_id}/members",
    operation_id = "relationship_members_of_trainer", tag = "relationships",
    security(("bearer" = ["resource:read"], "gym" = [])), params(("trainer_id" = i64, Path), Paging),
    responses((status = 200, body = Vec<RelatedUser>),
        (status = 400, body = Problem, description = "`not_a_trainer`, or the header names no gym.")))]
async fn members_of(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(trainer): Path<UserId>,
    Query(paging): Query<Paging>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Vec<RelatedUser>>, ApiError> {
    Ok(Json(relationships.members_of(&actor, trainer, paging.page()?).await?))
}

/// Trainers of a member, newest first
///
/// For that member and for administrators.
#[utoipa::path(get, path = "/api/v1/relationships/member/{member_id}/trainers",
    operation_id = "relationship_trainers_of_member", tag = "relationships",
    security(("bearer" = ["resource:read"])), params(("member_id" = i64, Path), OptionalGym, Paging),
    responses((status = 200, body = Vec<RelatedUser>),
        (status = 400, body = Problem, description = "`not_a_gym_member`, or no gym."),
        (status = 404, body = Problem)))]
async fn trainers_of(
    TenantOrOnlyGym(actor, ..): TenantOrOnlyGym<Member, scope::ResourceRead>,
    Path(member): Path<UserId>,
    Query(paging): Query<Paging>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Vec<RelatedUser>>, ApiError> {
    Ok(Json(relationships.trainers_of(&actor, member, paging.page()?).await?))
}

/// The caller's trainers, newest first
#[utoipa::path(get, path = "/api/v1/relationships/my-trainers", operation_id = "relationship_my_trainers",
    tag = "relationships", security(("bearer" = ["resource:read"])), params(OptionalGym, Paging),
    responses((status = 200, body = Vec<RelatedUser>),
        (status = 400, body = Problem, description = "`not_a_gym_member`, or no gym."),
        (status = 404, body = Problem)))]
async fn my_trainers(
    TenantOrOnlyGym(actor, ..): TenantOrOnlyGym<Member, scope::ResourceRead>,
    Query(paging): Query<Paging>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Vec<RelatedUser>>, ApiError> {
    Ok(Json(relationships.my_trainers(&actor, paging.page()?).await?))
}

/// The caller's members, newest first
#[utoipa::path(get, path = "/api/v1/relationships/my-members", operation_id = "relationship_my_members",
    tag = "relationships", security(("bearer" = ["resource:read"])), params(OptionalGym, Paging),
    responses((status = 200, body = Vec<RelatedUser>),
        (status = 400, body = Problem, description = "`not_a_trainer`, or no gym."),
        (status = 404, body = Problem)))]
async fn my_members(
    TenantOrOnlyGym(actor, ..): TenantOrOnlyGym<Member, scope::ResourceRead>,
    Query(paging): Query<Paging>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Vec<RelatedUser>>, ApiError> {
    Ok(Json(relationships.my_members(&actor, paging.page()?).await?))
}

/// One relationship
///
/// For its trainer, its member and administrators.
#[utoipa::path(get, path = "/api/v1/relationships/{relationship_id}", operation_id = "relationship_get",
    tag = "relationships", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("relationship_id" = i64, Path)), responses((status = 200, body = Relationship)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(id): Path<RelationshipId>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Relationship>, ApiError> {
    Ok(Json(relationships.get(&actor, id).await?))
}

/// Change a relationship
///
/// The trainer and administrators change everything; the member ends it, or pauses an active one. Becoming active sets
/// the start once, becoming terminated sets the end.
#[utoipa::path(put, path = "/api/v1/relationships/{relationship_id}", operation_id = "relationship_update",
    tag = "relationships", security(("bearer" = ["resource:write"])),
    params(("relationship_id" = i64, Path), OptionalGym),
    request_body(content = RelationshipPatch, example = json!({"status": "paused"})),
    responses((status = 200, body = Relationship), (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn update(
    TenantOrOnlyGym(actor, ..): TenantOrOnlyGym<Member, scope::ResourceWrite>,
    Path(id): Path<RelationshipId>,
    Service(relationships): Service<dyn Relationships>,
    Body(patch): Body<RelationshipPatch>,
) -> Result<Json<Relationship>, ApiError> {
    Ok(Json(relationships.update(&actor, id, patch).await?))
}

/// Delete a relationship
///
/// For administrators; answers with the row that is gone. Its parties end it with the status `terminated`.
#[utoipa::path(delete, path = "/api/v1/relationships/{relationship_id}", operation_id = "relationship_delete",
    tag = "relationships", security(("bearer" = ["resource:admin"])),
    params(("relationship_id" = i64, Path), OptionalGym),
    responses((status = 200, body = Relationship), (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    TenantOrOnlyGym(actor, ..): TenantOrOnlyGym<Admin, scope::ResourceAdmin>,
    Path(id): Path<RelationshipId>,
    Service(relationships): Service<dyn Relationships>,
) -> Result<Json<Relationship>, ApiError> {
    Ok(Json(relationships.delete(&actor, id).await?))
}

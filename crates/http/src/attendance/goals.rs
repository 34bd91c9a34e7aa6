use crate::{
    ApiError, HostState,
    extract::{Body, Member, Paging, Path, Query, Service, Tenant, scope},
};
use axum::{Json, http::StatusCode};
use domain::{
    GoalId,
    attendance::{
        goal::GoalStatus,
        goal_progress::{GoalPatch, NewGoal},
    },
};
use serde::Deserialize;
use services::attendance::goals::{Goal, Goals};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(goal_create, goals)).routes(routes!(goal_update))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    #[serde(default)]
    #[param(default = "active")]
    status: GoalStatus,
}

/// Set oneself a goal
///
/// A goal of weight starts at the weight that was measured last.
#[utoipa::path(post, path = "/api/v1/users/me/goals", tag = "users",
    security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = NewGoal, responses((status = 201, body = Goal)))]
async fn goal_create(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(goals): Service<dyn Goals>,
    Body(goal): Body<NewGoal>,
) -> Result<(StatusCode, Json<Goal>), ApiError> {
    Ok((StatusCode::CREATED, Json(goals.set(&actor, goal).await?)))
}

/// One's own goals
///
/// Those in one state, the newest first.
#[utoipa::path(get, path = "/api/v1/users/me/goals", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Of, Paging), responses((status = 200, body = Vec<Goal>)))]
async fn goals(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(of): Query<Of>,
    Query(paging): Query<Paging>,
    Service(goals): Service<dyn Goals>,
) -> Result<Json<Vec<Goal>>, ApiError> {
    Ok(Json(goals.list(&actor, of.status, paging.page()?).await?))
}

/// Change one's goal
///
/// Only fields that are present change. A goal that is reached is completed at once, and earns an achievement; its state
/// no longer changes then.
#[utoipa::path(patch, path = "/api/v1/users/me/goals/{goal_id}", tag = "users",
    security(("bearer" = ["resource:write"], "gym" = [])), params(("goal_id" = i64, Path)),
    request_body = GoalPatch, responses((status = 200, body = Goal)))]
async fn goal_update(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(goal): Path<GoalId>,
    Service(goals): Service<dyn Goals>,
    Body(patch): Body<GoalPatch>,
) -> Result<Json<Goal>, ApiError> {
    Ok(Json(goals.change(&actor, goal, patch).await?))
}

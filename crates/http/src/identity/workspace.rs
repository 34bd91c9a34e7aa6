use crate::{
    ApiError, HostState, Problem,
    extract::{EarliestGym, Member, Service, Trainer},
    response::RawJson,
};
use axum::Json;
use services::identity::workspace::{Workspace, WorkspaceStats, Workspaces};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(workspace)).routes(routes!(stats))
}

/// The workspace for its caller
///
/// Terms, features, menu, actions and look, by the type of the gym and the caller's role in it. Without `X-Gym-ID` it
/// is the active gym that the caller joined first.
#[utoipa::path(get, path = "/api/v1/context/workspace", tag = "context", security(("bearer" = [])),
    params(("X-Gym-ID" = Option<i64>, Header)),
    responses((status = 200, body = Workspace),
        (status = 400, description = "The header X-Gym-ID names no gym.", body = Problem),
        (status = 404, description = "There is no such gym, or the caller belongs to none.", body = Problem)))]
async fn workspace(
    EarliestGym(actor, ..): EarliestGym<Member>,
    Service(workspaces): Service<dyn Workspaces>,
) -> Result<Json<Workspace>, ApiError> {
    Ok(Json(workspaces.workspace(&actor).await?))
}

/// Figures of the workspace
///
/// For trainers and administrators. What cannot be computed is null. Without `X-Gym-ID` it is the active gym that the
/// caller joined first.
#[utoipa::path(get, path = "/api/v1/context/workspace/stats", tag = "context", security(("bearer" = [])),
    params(("X-Gym-ID" = Option<i64>, Header)),
    responses((status = 200, body = WorkspaceStats),
        (status = 400, description = "The header X-Gym-ID names no gym.", body = Problem),
        (status = 404, description = "There is no such gym, or the caller belongs to none.", body = Problem)))]
async fn stats(
    EarliestGym(actor, ..): EarliestGym<Trainer>,
    Service(workspaces): Service<dyn Workspaces>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(workspaces.stats(&actor).await?))
}

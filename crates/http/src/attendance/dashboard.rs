use crate::{
    ApiError, HostState,
    extract::{Member, Service, Tenant, Visitor, scope},
    response::RawJson,
};
use axum::Json;
use services::attendance::dashboard::{DashboardHealth, DashboardSummary, Dashboards};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(dashboard_summary)).routes(routes!(dashboard_health))
}

/// The dashboard
///
/// The few figures that a member sees first, their own. Kept for up to a quarter of an hour; whatever the member does
/// shows at once.
#[utoipa::path(get, path = "/api/v1/users/dashboard/summary", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = DashboardSummary)))]
async fn dashboard_summary(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(dashboards): Service<dyn Dashboards>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(dashboards.summary(&actor).await?))
}

/// Whether the dashboard can be served well
///
/// For anybody. How scheduled jobs ended is told to the platform's administrators alone.
#[utoipa::path(get, path = "/api/v1/users/dashboard/health", tag = "users",
    responses((status = 200, body = DashboardHealth)))]
async fn dashboard_health(
    Visitor(caller): Visitor,
    Service(dashboards): Service<dyn Dashboards>,
) -> Json<DashboardHealth> {
    Json(dashboards.health(caller.as_ref()).await)
}

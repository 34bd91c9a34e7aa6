use crate::{
    ApiError, HostState,
    error::locale,
    extract::{Member, Query, Service, Tenant, scope},
};
use axum::Json;
use domain::attendance::period::PeriodType;
use serde::Deserialize;
use services::attendance::{
    statistics::Statistics,
    view::{ComprehensiveStats, FitnessStats, HealthStats, Refreshed, SocialStats},
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(stats_comprehensive))
        .routes(routes!(stats_fitness))
        .routes(routes!(stats_social))
        .routes(routes!(stats_health))
        .routes(routes!(stats_refresh))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Seven days, or from the first of the month, quarter or year, by the gym's calendar.
    #[serde(default)]
    #[param(default = "month")]
    period: PeriodType,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Goals {
    /// Whether progress of goals is told.
    #[serde(default = "on")]
    #[param(default = true)]
    include_goals: bool,
}

fn on() -> bool {
    true
}

/// One's own statistics
///
/// Everything, of a period that ends now. Advice is in English or Spanish after `Accept-Language`, and has stable codes
/// beside it. Kept for half an hour (week) to four hours (year); whatever the member does shows at once.
#[utoipa::path(get, path = "/api/v1/users/stats/comprehensive", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Of, Goals), responses((status = 200, body = ComprehensiveStats)))]
async fn stats_comprehensive(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(of): Query<Of>,
    Query(goals): Query<Goals>,
    Service(statistics): Service<dyn Statistics>,
) -> Result<Json<ComprehensiveStats>, ApiError> {
    Ok(Json(statistics.comprehensive(&actor, of.period, goals.include_goals, locale()).await?))
}

/// One's own classes
///
/// What the statistics say of classes.
#[utoipa::path(get, path = "/api/v1/users/stats/fitness", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Of), responses((status = 200, body = FitnessStats)))]
async fn stats_fitness(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(of): Query<Of>,
    Service(statistics): Service<dyn Statistics>,
) -> Result<Json<FitnessStats>, ApiError> {
    Ok(Json(statistics.fitness(&actor, of.period).await?))
}

/// One's own chats and events
///
/// What the statistics say of chats and events.
#[utoipa::path(get, path = "/api/v1/users/stats/social", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Of), responses((status = 200, body = SocialStats)))]
async fn stats_social(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(of): Query<Of>,
    Service(statistics): Service<dyn Statistics>,
) -> Result<Json<SocialStats>, ApiError> {
    Ok(Json(statistics.social(&actor, of.period).await?))
}

/// One's own health and membership
///
/// What the statistics of the month say of them.
#[utoipa::path(get, path = "/api/v1/users/stats/health", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Goals), responses((status = 200, body = HealthStats)))]
async fn stats_health(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(goals): Query<Goals>,
    Service(statistics): Service<dyn Statistics>,
) -> Result<Json<HealthStats>, ApiError> {
    Ok(Json(statistics.health(&actor, goals.include_goals, locale()).await?))
}

/// Compute one's statistics anew
///
/// Drops what is kept of all periods and of the dashboard.
#[utoipa::path(post, path = "/api/v1/users/stats/refresh", tag = "users",
    security(("bearer" = ["resource:write"], "gym" = [])), responses((status = 200, body = Refreshed)))]
async fn stats_refresh(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(statistics): Service<dyn Statistics>,
) -> Result<Json<Refreshed>, ApiError> {
    Ok(Json(statistics.refresh(&actor, locale()).await?))
}

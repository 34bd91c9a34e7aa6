use crate::{
    ApiError, HostState,
    extract::{Member, Service, Tenant, scope},
    response::RawJson,
};
use services::attendance::achievements::{Achievements, NextMilestones, UserAchievements};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(earned)).routes(routes!(next))
}

/// What the caller has earned in this gym
///
/// By rarity, with totals and the newest five. Titles are kept as they were awarded.
#[utoipa::path(get, path = "/api/v1/users/me/achievements", operation_id = "users_achievements", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = UserAchievements)))]
async fn earned(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(achievements): Service<dyn Achievements>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(achievements.earned(&actor).await?))
}

/// What the caller can earn next
///
/// The next streak and the next number of classes, the nearest to completion first.
#[utoipa::path(get, path = "/api/v1/users/me/achievements/next-milestones", operation_id = "users_next_milestones",
    tag = "users", security(("bearer" = ["resource:read"], "gym" = [])),
    responses((status = 200, body = NextMilestones)))]
async fn next(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(achievements): Service<dyn Achievements>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(achievements.next(&actor).await?))
}

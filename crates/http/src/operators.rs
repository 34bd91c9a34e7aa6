//! Operations of whoever runs the system: what failed too often, and how the scheduled jobs go.
use crate::{
    ApiError, HostState,
    extract::{Path, Platform, Query, Service},
};
use axum::{Json, http::StatusCode};
use domain::OutboxId;
use serde::{Deserialize, Serialize};
use services::kernel::operators::{DeadEffectList, DeadMessage, JobState, Operators};
use std::num::NonZeroU32;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(dead_letters))
        .routes(routes!(replay_letter))
        .routes(routes!(dead_effects))
        .routes(routes!(replay_effects))
        .routes(routes!(replay_effect))
        .routes(routes!(jobs))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Most {
    /// How many rows to answer with; 100 when it is not given, and more than 500 is 500.
    #[param(minimum = 1, value_type = Option<i64>)]
    limit: Option<NonZeroU32>,
}

impl Most {
    fn rows(&self) -> u32 {
        self.limit.map_or(100, |limit| limit.get().min(500))
    }
}

/// Messages that failed too often
///
/// For administrators of the platform: a look at the queue's dead letters, oldest first. What they carry is not shown.
#[utoipa::path(get, path = "/api/v1/platform/queue/dead-letters", tag = "platform", security(("bearer" = [])),
    params(Most), responses((status = 200, body = Vec<DeadMessage>), (status = 409, body = crate::Problem)))]
async fn dead_letters(
    Platform(caller, ..): Platform,
    Query(most): Query<Most>,
    Service(operators): Service<dyn Operators>,
) -> Result<Json<Vec<DeadMessage>>, ApiError> {
    Ok(Json(operators.dead_letters(&caller, most.rows() as usize).await?))
}

/// Send a message again
///
/// As a new one, behind all others of its group.
#[utoipa::path(post, path = "/api/v1/platform/queue/dead-letters/{letter_id}/replay", tag = "platform",
    security(("bearer" = [])), params(("letter_id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::Problem), (status = 409, body = crate::Problem)))]
async fn replay_letter(
    Platform(caller, ..): Platform,
    Path(letter): Path<String>,
    Service(operators): Service<dyn Operators>,
) -> Result<StatusCode, ApiError> {
    operators.replay_letter(&caller, &letter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Effects that failed too often
///
/// For administrators of the platform: the oldest first, and how many there are in all. What they carry is not shown.
#[utoipa::path(get, path = "/api/v1/platform/outbox/dead", tag = "platform", security(("bearer" = [])),
    params(Most), responses((status = 200, body = DeadEffectList)))]
async fn dead_effects(
    Platform(caller, ..): Platform,
    Query(most): Query<Most>,
    Service(operators): Service<dyn Operators>,
) -> Result<Json<DeadEffectList>, ApiError> {
    Ok(Json(operators.dead_effects(&caller, most.rows().into()).await?))
}

#[derive(Serialize, ToSchema)]
struct Replayed {
    replayed: u64,
}

/// Deliver all dead effects again
#[utoipa::path(post, path = "/api/v1/platform/outbox/dead/replay", tag = "platform", security(("bearer" = [])),
    responses((status = 200, body = Replayed)))]
async fn replay_effects(
    Platform(caller, ..): Platform,
    Service(operators): Service<dyn Operators>,
) -> Result<Json<Replayed>, ApiError> {
    Ok(Json(Replayed { replayed: operators.replay_effects(&caller).await? }))
}

/// Deliver a dead effect again
#[utoipa::path(post, path = "/api/v1/platform/outbox/dead/{effect_id}/replay", tag = "platform",
    security(("bearer" = [])), params(("effect_id" = i64, Path)),
    responses((status = 204), (status = 404, body = crate::Problem)))]
async fn replay_effect(
    Platform(caller, ..): Platform,
    Path(effect): Path<OutboxId>,
    Service(operators): Service<dyn Operators>,
) -> Result<StatusCode, ApiError> {
    operators.replay_effect(&caller, effect).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The scheduled jobs
///
/// For administrators of the platform: when each runs next, when it ran last, how long that took, and how it ended.
#[utoipa::path(get, path = "/api/v1/platform/jobs", tag = "platform", security(("bearer" = [])),
    responses((status = 200, body = Vec<JobState>)))]
async fn jobs(
    Platform(caller, ..): Platform,
    Service(operators): Service<dyn Operators>,
) -> Result<Json<Vec<JobState>>, ApiError> {
    Ok(Json(operators.jobs(&caller).await?))
}

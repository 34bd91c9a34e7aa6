use crate::{
    ApiError, HostState,
    extract::{Body, Member, Paging, Query, Service, Tenant, scope},
};
use axum::{Json, http::StatusCode};
use domain::attendance::health::Measurement;
use serde::Deserialize;
use services::attendance::health::{Health, HealthRecord};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(health_record_create, health_records))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Days {
    /// How far back.
    #[serde(default = "a_quarter")]
    #[param(minimum = 1, maximum = 730, default = 90)]
    days: i64,
}

fn a_quarter() -> i64 {
    90
}

/// Record a measurement
///
/// At least one value. The newest weight is also the profile's, and the present value of goals of weight; one that it
/// reaches is completed at once.
#[utoipa::path(post, path = "/api/v1/users/me/health/records", tag = "users",
    security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = Measurement, responses((status = 201, body = HealthRecord)))]
async fn health_record_create(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(health): Service<dyn Health>,
    Body(measurement): Body<Measurement>,
) -> Result<(StatusCode, Json<HealthRecord>), ApiError> {
    Ok((StatusCode::CREATED, Json(health.record(&actor, measurement).await?)))
}

/// One's own measurements
///
/// In the order in which they were taken.
#[utoipa::path(get, path = "/api/v1/users/me/health/records", tag = "users",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Days, Paging), responses((status = 200, body = Vec<HealthRecord>)))]
async fn health_records(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(of): Query<Days>,
    Query(paging): Query<Paging>,
    Service(health): Service<dyn Health>,
) -> Result<Json<Vec<HealthRecord>>, ApiError> {
    Ok(Json(health.records(&actor, of.days, paging.page()?).await?))
}

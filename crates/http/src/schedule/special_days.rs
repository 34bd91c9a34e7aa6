use crate::{
    ApiError, HostState,
    extract::{Admin, Body, Member, Path, Query, Service, Tenant, Window, scope},
    response::RawJson,
};
use axum::{
    Json,
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    SpecialDayId,
    kernel::calendar_date::CalendarDate,
    schedule::special_day::{NewSpecialDay, SpecialDayPatch},
};
use serde::Deserialize;
use services::schedule::special_days::{Saved, SpecialDay, SpecialDays, Which};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(on, update_on))
}

/// How many sessions a write cancelled (SCH-34).
const CANCELLED: HeaderName = HeaderName::from_static("x-cancelled-sessions");

/// A day as it was saved; what it cancelled stands in the header.
fn saved(status: StatusCode, saved: Saved) -> Response {
    let mut answer = (status, Json(saved.day)).into_response();
    if let Some(cancelled) = saved.cancelled_sessions {
        answer.headers_mut().insert(CANCELLED, cancelled.into());
    }
    answer
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Upcoming {
    /// From the gym's today on, nearest first; otherwise all, latest first.
    #[serde(default = "yes")]
    #[param(default = true)]
    upcoming_only: bool,
}

/// Special days
///
/// Dates whose hours are not as the week says.
#[utoipa::path(get, path = "/api/v1/schedule/special-days/", tag = "schedule", operation_id = "special_days_list",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Upcoming, Window), responses((status = 200, body = Vec<SpecialDay>)))]
async fn list(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(filter): Query<Upcoming>,
    Query(window): Query<Window>,
    Service(days): Service<dyn SpecialDays>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(days.list(&actor, filter.upcoming_only, window.page()?).await?))
}

/// One special day
///
/// By its id.
#[utoipa::path(get, path = "/api/v1/schedule/special-days/{special_day_id}", tag = "schedule",
    operation_id = "special_days_get", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("special_day_id" = i64, Path)), responses((status = 200, body = SpecialDay)))]
async fn get(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(id): Path<SpecialDayId>,
    Service(days): Service<dyn SpecialDays>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(days.get(&actor, Which::Id(id)).await?))
}

/// The special day of a date
///
/// Not found where the date is as its week says.
#[utoipa::path(get, path = "/api/v1/schedule/special-days/date/{date}", tag = "schedule",
    operation_id = "special_days_on_date", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("date" = String, Path, format = "date")), responses((status = 200, body = SpecialDay)))]
async fn on(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(date): Path<CalendarDate>,
    Service(days): Service<dyn SpecialDays>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(days.get(&actor, Which::Date(date.0)).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CancelSessions {
    /// Whether the scheduled sessions of the date are cancelled, when it is closed.
    #[serde(default)]
    #[param(default = false)]
    cancel_sessions: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Overwrite {
    /// Whether a day that is special already is replaced: times, closed and description.
    #[serde(default)]
    #[param(default = false)]
    overwrite: bool,
}

/// Make a date special
///
/// Sessions of the date stay, unless `cancel_sessions` is set and the day is closed.
#[utoipa::path(post, path = "/api/v1/schedule/special-days/", tag = "schedule", operation_id = "special_days_create",
    security(("bearer" = ["resource:write"], "gym" = [])), params(Overwrite, CancelSessions),
    request_body = NewSpecialDay,
    responses(
        (status = 201, body = SpecialDay,
            headers(("X-Cancelled-Sessions" = i64, description = "With `cancel_sessions`: how many were cancelled."))),
        (status = 409, body = crate::Problem, description = "The date is special already."),
    ))]
async fn create(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Query(overwrite): Query<Overwrite>,
    Query(cancel): Query<CancelSessions>,
    Service(days): Service<dyn SpecialDays>,
    Body(input): Body<NewSpecialDay>,
) -> Result<Response, ApiError> {
    let made = days.create(&actor, input, overwrite.overwrite, cancel.cancel_sessions).await?;
    Ok(saved(StatusCode::CREATED, made))
}

/// Change a special day
///
/// Only fields that are sent change. A time opens a closed day, which needs both; closing a day clears its times.
#[utoipa::path(put, path = "/api/v1/schedule/special-days/{special_day_id}", tag = "schedule",
    operation_id = "special_days_update", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("special_day_id" = i64, Path), CancelSessions), request_body = SpecialDayPatch,
    responses((status = 200, body = SpecialDay,
        headers(("X-Cancelled-Sessions" = i64, description = "With `cancel_sessions`: how many were cancelled.")))))]
async fn update(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(id): Path<SpecialDayId>,
    Query(cancel): Query<CancelSessions>,
    Service(days): Service<dyn SpecialDays>,
    Body(patch): Body<SpecialDayPatch>,
) -> Result<Response, ApiError> {
    Ok(saved(StatusCode::OK, days.update(&actor, Which::Id(id), patch, cancel.cancel_sessions).await?))
}

/// Change the special day of a date
///
/// As by its id.
#[utoipa::path(put, path = "/api/v1/schedule/special-days/date/{date}", tag = "schedule",
    operation_id = "special_days_update_on_date", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("date" = String, Path, format = "date"), CancelSessions), request_body = SpecialDayPatch,
    responses((status = 200, body = SpecialDay,
        headers(("X-Cancelled-Sessions" = i64, description = "With `cancel_sessions`: how many were cancelled.")))))]
async fn update_on(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(date): Path<CalendarDate>,
    Query(cancel): Query<CancelSessions>,
    Service(days): Service<dyn SpecialDays>,
    Body(patch): Body<SpecialDayPatch>,
) -> Result<Response, ApiError> {
    Ok(saved(StatusCode::OK, days.update(&actor, Which::Date(date.0), patch, cancel.cancel_sessions).await?))
}

/// Remove a special day
///
/// The date is as its week says again. The answer is the day that was.
#[utoipa::path(delete, path = "/api/v1/schedule/special-days/{special_day_id}", tag = "schedule",
    operation_id = "special_days_delete", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("special_day_id" = i64, Path)), responses((status = 200, body = SpecialDay)))]
async fn delete(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(id): Path<SpecialDayId>,
    Service(days): Service<dyn SpecialDays>,
) -> Result<Json<SpecialDay>, ApiError> {
    Ok(Json(days.delete(&actor, id).await?))
}

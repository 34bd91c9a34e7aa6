use crate::{
    ApiError, HostState,
    extract::{Admin, Body, Member, Path, Query, Service, Tenant, scope},
    response::RawJson,
};
use axum::Json;
use domain::{
    kernel::calendar_date::CalendarDate,
    schedule::hours::{DayOfWeek, HoursPatch},
};
use serde::Deserialize;
use services::schedule::{
    hours::{DailySchedule, GymHours, Hours, HoursForDate},
    special_days::SpecialDay,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(week))
        .routes(routes!(day, set_day))
        .routes(routes!(on))
        .routes(routes!(between))
        .routes(routes!(apply_defaults))
}

/// Opening hours of the week
///
/// The seven days from Monday on. A gym that set none has the usual ones: 09:00 to 21:00, closed on Sundays.
#[utoipa::path(get, path = "/api/v1/schedule/gym-hours/regular", tag = "schedule", operation_id = "hours_week",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = Vec<GymHours>)))]
async fn week(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(hours): Service<dyn Hours>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(hours.week(&actor).await?))
}

/// Opening hours of one day of the week
///
/// 0 is Monday.
#[utoipa::path(get, path = "/api/v1/schedule/gym-hours/regular/{day}", tag = "schedule", operation_id = "hours_day",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(("day" = i32, Path, minimum = 0, maximum = 6)), responses((status = 200, body = GymHours)))]
async fn day(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(day): Path<DayOfWeek>,
    Service(hours): Service<dyn Hours>,
) -> Result<Json<GymHours>, ApiError> {
    Ok(Json(hours.day(&actor, day).await?))
}

/// Change the opening hours of one day of the week
///
/// Only fields that are sent change. A time opens a closed day, which needs both; closing a day clears its times.
#[utoipa::path(put, path = "/api/v1/schedule/gym-hours/regular/{day}", tag = "schedule",
    operation_id = "hours_set_day", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("day" = i32, Path, minimum = 0, maximum = 6)), request_body = HoursPatch,
    responses((status = 200, body = GymHours)))]
async fn set_day(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(day): Path<DayOfWeek>,
    Service(hours): Service<dyn Hours>,
    Body(patch): Body<HoursPatch>,
) -> Result<Json<GymHours>, ApiError> {
    Ok(Json(hours.set_day(&actor, day, patch).await?))
}

/// Opening hours of a date
///
/// What the week says, what the special day says if there is one, and what holds.
#[utoipa::path(get, path = "/api/v1/schedule/gym-hours/date/{date}", tag = "schedule", operation_id = "hours_on_date",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(("date" = String, Path, format = "date")), responses((status = 200, body = HoursForDate)))]
async fn on(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(date): Path<CalendarDate>,
    Service(hours): Service<dyn Hours>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(hours.on(&actor, date.0).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Dates {
    /// The first day.
    #[param(value_type = String, format = "date")]
    start_date: CalendarDate,
    /// The last day, at most a year after the first.
    #[param(value_type = String, format = "date")]
    end_date: CalendarDate,
}

/// Opening hours of a range of dates
///
/// One entry for each day, both ends included.
#[utoipa::path(get, path = "/api/v1/schedule/gym-hours/date-range", tag = "schedule",
    operation_id = "hours_between_dates", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Dates), responses((status = 200, body = Vec<DailySchedule>)))]
async fn between(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(dates): Query<Dates>,
    Service(hours): Service<dyn Hours>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(hours.between(&actor, dates.start_date.0, dates.end_date.0).await?))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ApplyDefaultsRequest, example = json!({"start_date": "2026-12-01", "end_date": "2026-12-31"}))]
struct DefaultsFor {
    #[schema(value_type = String, format = "date")]
    start_date: CalendarDate,
    #[schema(value_type = String, format = "date")]
    end_date: CalendarDate,
    /// Of no effect; older clients send it.
    #[serde(default, rename = "overwrite_existing")]
    #[schema(default = false)]
    _overwrite_existing: Option<bool>,
}

/// Make sure that the opening hours of the week are there
///
/// No special days are made: the answer is empty.
#[utoipa::path(post, path = "/api/v1/schedule/gym-hours/apply-defaults", tag = "schedule",
    operation_id = "hours_apply_defaults", security(("bearer" = ["resource:write"], "gym" = [])),
    request_body = DefaultsFor, responses((status = 200, body = Vec<SpecialDay>)))]
async fn apply_defaults(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(hours): Service<dyn Hours>,
    Body(dates): Body<DefaultsFor>,
) -> Result<Json<Vec<SpecialDay>>, ApiError> {
    Ok(Json(hours.apply_defaults(&actor, dates.start_date.0, dates.end_date.0).await?))
}

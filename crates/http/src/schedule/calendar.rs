use crate::{
    ApiError, HostState, Problem,
    extract::{Admin, Member, Path, Service, Tenant, scope},
};
use axum::{
    Json,
    http::{StatusCode, header},
    response::IntoResponse,
};
use services::schedule::calendar::{CALENDAR_NOT_FOUND, CalendarAddress, Calendars};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(renew_own, revoke_own))
        .routes(routes!(renew_timetable, revoke_timetable))
        .routes(routes!(read))
}

/// Make an address for a calendar of one's bookings
///
/// For calendar programs: whoever knows the address can read it. It is shown once; asking again makes a new one, and
/// the former opens nothing any more.
#[utoipa::path(post, path = "/api/v1/schedule/calendar-feeds/me", tag = "schedule",
    operation_id = "schedule_calendar_renew", security(("bearer" = ["resource:write"], "gym" = [])),
    responses((status = 201, body = CalendarAddress)))]
async fn renew_own(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(calendars): Service<dyn Calendars>,
) -> Result<(StatusCode, Json<CalendarAddress>), ApiError> {
    Ok((StatusCode::CREATED, Json(calendars.renew_own(&actor).await?)))
}

/// End the address of one's calendar
#[utoipa::path(delete, path = "/api/v1/schedule/calendar-feeds/me", tag = "schedule",
    operation_id = "schedule_calendar_revoke", security(("bearer" = ["resource:write"], "gym" = [])),
    responses((status = 204)))]
async fn revoke_own(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(calendars): Service<dyn Calendars>,
) -> Result<StatusCode, ApiError> {
    calendars.revoke_own(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make an address for the gym's timetable
///
/// For anybody's calendar program. Asking again makes a new one, and the former opens nothing any more.
#[utoipa::path(post, path = "/api/v1/schedule/calendar-feeds/gym", tag = "schedule",
    operation_id = "schedule_timetable_renew", security(("bearer" = ["resource:write"], "gym" = [])),
    responses((status = 201, body = CalendarAddress)))]
async fn renew_timetable(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(calendars): Service<dyn Calendars>,
) -> Result<(StatusCode, Json<CalendarAddress>), ApiError> {
    Ok((StatusCode::CREATED, Json(calendars.renew_timetable(&actor).await?)))
}

/// End the address of the gym's timetable
#[utoipa::path(delete, path = "/api/v1/schedule/calendar-feeds/gym", tag = "schedule",
    operation_id = "schedule_timetable_revoke", security(("bearer" = ["resource:write"], "gym" = [])),
    responses((status = 204)))]
async fn revoke_timetable(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Service(calendars): Service<dyn Calendars>,
) -> Result<StatusCode, ApiError> {
    calendars.revoke_timetable(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A calendar
///
/// iCalendar text of the last 60 days and the next 180. Sessions that were cancelled say so. The answer has an entity
/// tag: programs that ask again send it back.
#[utoipa::path(get, path = "/api/v1/schedule/calendar/{file}", tag = "schedule", operation_id = "schedule_calendar_read",
    params(("file" = String, Path, description = "The address's token, and `.ics`.")),
    responses((status = 200, content_type = "text/calendar", body = String),
        (status = 304, description = "Nothing has changed."), (status = 404, body = Problem)))]
async fn read(
    Path(file): Path<String>,
    Service(calendars): Service<dyn Calendars>,
) -> Result<impl IntoResponse, ApiError> {
    let token = file.strip_suffix(".ics").ok_or(CALENDAR_NOT_FOUND)?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"calendar.ics\""),
    ];
    Ok((headers, calendars.read(token).await?))
}

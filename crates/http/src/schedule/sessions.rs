use crate::{
    ApiError, HostState,
    extract::{Admin, Body, Member, Path, Query, Service, Tenant, Trainer, Window, scope},
    response::RawJson,
};
use axum::{
    Json,
    http::StatusCode,
    routing::{get, post},
};
use chrono::NaiveDate;
use domain::{SessionId, UserId};
use serde::Deserialize;
use services::schedule::{
    recurring::NewSeries,
    session_lists::{DayRange, Detail, SessionLists, Timetable},
    sessions::{NewSession, SessionPatch, Sessions},
    view::{Session, SessionDetails, SessionTzWithClass, SessionWithClass},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every operation under its own path, and those of the doubled segment under a short one as well. The short ones are
/// not in the document: they would be the same operations twice.
pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(upcoming, create))
        .routes(routes!(upcoming_with_timezone))
        .routes(routes!(create_series))
        .routes(routes!(details, update, remove))
        .routes(routes!(cancel))
        .routes(routes!(date_range))
        .routes(routes!(date_range_with_timezone))
        .routes(routes!(of_trainer))
        .routes(routes!(mine))
        .route("/api/v1/schedule/sessions", get(upcoming).post(create))
        .route("/api/v1/schedule/sessions/recurring", post(create_series))
        .route("/api/v1/schedule/sessions/{session_id}", get(details).put(update).delete(remove))
        .route("/api/v1/schedule/sessions/{session_id}/cancel", post(cancel))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Overlap {
    /// Lets an administrator place the session where its trainer or its room has another one.
    #[serde(default)]
    #[param(default = false)]
    allow_overlap: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Closed {
    /// Makes sessions on special days on which the gym is closed, too.
    #[serde(default)]
    #[param(default = false)]
    include_closed_days: bool,
}

/// Days of the gym's calendar.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Days {
    start_date: NaiveDate,
    /// Included.
    end_date: NaiveDate,
}

impl From<Days> for Timetable {
    fn from(days: Days) -> Self {
        Self::Days(DayRange { start_date: days.start_date, end_date: days.end_date })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AllUnlessUpcoming {
    /// Only what is `scheduled` and lies ahead.
    #[serde(default)]
    #[param(default = false)]
    upcoming_only: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UpcomingUnlessAll {
    /// Only what is `scheduled` and lies ahead.
    #[serde(default = "yes")]
    #[param(default = true)]
    upcoming_only: bool,
}

/// A refusal for what is taken.
#[derive(ToSchema)]
#[schema(as = ScheduleConflict, example = json!({
    "detail": "The trainer holds another session at that time.", "code": "trainer_conflict", "dates": ["2026-03-02"],
}))]
#[expect(dead_code, reason = "stands for the shape of the refusal in the document")]
struct Conflict {
    detail: String,
    /// `trainer_conflict` or `room_conflict`.
    code: String,
    /// The gym's days on which something is in the way.
    dates: Vec<NaiveDate>,
}

/// Upcoming sessions
///
/// What is `scheduled` and lies ahead, by start, each with its class, its seats and the caller's own booking. Also
/// served at `/api/v1/schedule/sessions`.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/sessions", tag = "schedule", operation_id = "session_list",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window), responses((status = 200, body = Vec<SessionWithClass>)))]
async fn upcoming(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.timetable(&actor, Timetable::Upcoming, Detail::Plain, window.page()?).await?))
}

/// Upcoming sessions, with their starts in the gym's zone
///
/// As the upcoming sessions; each start is told in every way.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/sessions-with-timezone", tag = "schedule",
    operation_id = "session_list_with_timezone", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window), responses((status = 200, body = Vec<SessionTzWithClass>)))]
async fn upcoming_with_timezone(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.timetable(&actor, Timetable::Upcoming, Detail::WithTimezone, window.page()?).await?))
}

/// One session
///
/// With its class, its seats and the caller's own booking. Also served at `/api/v1/schedule/sessions/{session_id}`, as
/// are the other operations on one session.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/sessions/{session_id}", tag = "schedule",
    operation_id = "session_details", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 200, body = SessionDetails)))]
async fn details(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.get(&actor, session).await?))
}

/// Make a session
///
/// A time without an offset is of the gym's clock. Refused where its trainer or its room has another session, unless the
/// gym allows it or an administrator insists.
#[utoipa::path(post, path = "/api/v1/schedule/sessions/sessions", tag = "schedule", operation_id = "session_create",
    security(("bearer" = ["resource:write"], "gym" = [])),
    params(Overlap), request_body = NewSession,
    responses((status = 201, body = Session), (status = 409, description = "Taken.", body = Conflict)))]
async fn create(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Query(query): Query<Overlap>,
    Service(sessions): Service<dyn Sessions>,
    Body(input): Body<NewSession>,
) -> Result<(StatusCode, Json<Session>), ApiError> {
    Ok((StatusCode::CREATED, Json(sessions.create(&actor, input, query.allow_overlap).await?)))
}

/// Make the sessions of a weekly class
///
/// At the same hour of the gym's clock on each of these days of the week: all of them, or none when one is refused. What
/// is past already and days on which the gym is closed are left out, so the answer may be empty.
#[utoipa::path(post, path = "/api/v1/schedule/sessions/sessions/recurring", tag = "schedule",
    operation_id = "session_create_recurring", security(("bearer" = ["resource:write"], "gym" = [])),
    params(Overlap, Closed), request_body = NewSeries,
    responses((status = 200, body = Vec<Session>), (status = 409, description = "Taken.", body = Conflict)))]
async fn create_series(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Query(overlap): Query<Overlap>,
    Query(closed): Query<Closed>,
    Service(sessions): Service<dyn Sessions>,
    Body(input): Body<NewSeries>,
) -> Result<Json<Vec<Session>>, ApiError> {
    let made = sessions.create_series(&actor, input, overlap.allow_overlap, closed.include_closed_days).await?;
    Ok(Json(made))
}

/// Change a session
///
/// Fields that are absent stay; `null` clears a room, a pattern, notes and the session's own capacity. Members who are
/// booked hear of another time, room or trainer; `status` follows the life of a session.
#[utoipa::path(put, path = "/api/v1/schedule/sessions/sessions/{session_id}", tag = "schedule",
    operation_id = "session_update", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path), Overlap), request_body = SessionPatch,
    responses((status = 200, body = Session), (status = 409, description = "Taken.", body = Conflict)))]
async fn update(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Query(query): Query<Overlap>,
    Service(sessions): Service<dyn Sessions>,
    Body(patch): Body<SessionPatch>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(sessions.update(&actor, session, patch, query.allow_overlap).await?))
}

/// Cancel a session
///
/// Its bookings and its waitlist end with it, and everybody concerned is told. A session that is cancelled already is
/// answered as it is.
#[utoipa::path(post, path = "/api/v1/schedule/sessions/sessions/{session_id}/cancel", tag = "schedule",
    operation_id = "session_cancel", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 200, body = Session)))]
async fn cancel(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Service(sessions): Service<dyn Sessions>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(sessions.cancel(&actor, session).await?))
}

/// Remove a session
///
/// One that nobody ever booked is removed; any other is cancelled. Answers with the session either way.
#[utoipa::path(delete, path = "/api/v1/schedule/sessions/sessions/{session_id}", tag = "schedule",
    operation_id = "session_remove", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 200, body = Session)))]
async fn remove(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(session): Path<SessionId>,
    Service(sessions): Service<dyn Sessions>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(sessions.remove(&actor, session).await?))
}

/// Sessions of some days
///
/// Everything that starts on these days of the gym's calendar, in whatever state, by start.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/date-range", tag = "schedule",
    operation_id = "session_list_by_date", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Days, Window), responses((status = 200, body = Vec<SessionWithClass>)))]
async fn date_range(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(days): Query<Days>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.timetable(&actor, days.into(), Detail::Plain, window.page()?).await?))
}

/// Sessions of some days, with their starts in the gym's zone
///
/// As the sessions of some days; each start is told in every way.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/date-range-with-timezone", tag = "schedule",
    operation_id = "session_list_by_date_with_timezone", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Days, Window), responses((status = 200, body = Vec<SessionTzWithClass>)))]
async fn date_range_with_timezone(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(days): Query<Days>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.timetable(&actor, days.into(), Detail::WithTimezone, window.page()?).await?))
}

/// Sessions of a trainer
///
/// For the trainer, for administrators, and for tokens with the permission `read:trainer_schedules`.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/trainer/{trainer_id}", tag = "schedule",
    operation_id = "session_list_of_trainer", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("trainer_id" = i64, Path), AllUnlessUpcoming, Window), responses((status = 200, body = Vec<Session>)))]
async fn of_trainer(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(trainer): Path<UserId>,
    Query(query): Query<AllUnlessUpcoming>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.of_trainer(&actor, trainer, query.upcoming_only, window.page()?).await?))
}

/// One's own sessions as a trainer
///
/// Those to come, unless all are asked for.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/my-sessions", tag = "schedule",
    operation_id = "session_list_mine", security(("bearer" = ["resource:read"], "gym" = [])),
    params(UpcomingUnlessAll, Window), responses((status = 200, body = Vec<Session>)))]
async fn mine(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(query): Query<UpcomingUnlessAll>,
    Query(window): Query<Window>,
    Service(lists): Service<dyn SessionLists>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(lists.mine(&actor, query.upcoming_only, window.page()?).await?))
}

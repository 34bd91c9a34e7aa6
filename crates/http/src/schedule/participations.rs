use crate::{
    ApiError, HostState,
    extract::{Member, Path, Query, Service, ShortPaging, Tenant, Trainer, Window, scope},
    response::RawJson,
};
use axum::{Json, routing::get};
use chrono::NaiveDate;
use domain::{SessionId, UserId, schedule::participation::ParticipationStatus};
use serde::Deserialize;
use services::schedule::participation_views::{
    Cancellation, Days, HistoryItem, MyClass, MyClassSimple, Participant, ParticipationViews, StatusList,
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(participants))
        .routes(routes!(my_classes))
        .routes(routes!(my_classes_simple))
        .routes(routes!(member_classes))
        .routes(routes!(member_history))
        .routes(routes!(my_history))
        .routes(routes!(my_status))
        .routes(routes!(cancellations))
        // the short form of the same (§4), which the document leaves out
        .route("/api/v1/schedule/sessions/{session_id}/cancellations", get(cancellations))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusFilter {
    /// Only these.
    status: Option<ParticipationStatus>,
}

/// Days of the gym's calendar.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Bounds {
    /// The first day.
    start_date: Option<NaiveDate>,
    /// The last day.
    end_date: Option<NaiveDate>,
}

impl From<Bounds> for Days {
    fn from(bounds: Bounds) -> Self {
        Self { from: bounds.start_date, to: bounds.end_date }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// The first day, of the gym's calendar.
    start_date: NaiveDate,
    /// The last day; at most 90 after the first.
    end_date: NaiveDate,
    /// Ids with commas between them, at most 500; with them the days do not count.
    #[param(example = "17,18")]
    session_ids: Option<String>,
}

/// Who takes part in a session
///
/// By time of booking, cancelled bookings too unless a status is asked for.
#[utoipa::path(get, path = "/api/v1/schedule/participation/participants/{session_id}", tag = "schedule",
    operation_id = "booking_participants", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path), StatusFilter, Window), responses((status = 200, body = Vec<Participant>)))]
async fn participants(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Query(filter): Query<StatusFilter>,
    Query(window): Query<Window>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<Json<Vec<Participant>>, ApiError> {
    Ok(Json(views.participants(&actor, session, filter.status, window.page()?).await?))
}

/// What one has booked
///
/// Sessions that have not begun, the next first.
#[utoipa::path(get, path = "/api/v1/schedule/participation/my-classes", tag = "schedule",
    operation_id = "booking_my_classes", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window), responses((status = 200, body = Vec<MyClass>)))]
async fn my_classes(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(views.my_classes(&actor, window.page()?).await?))
}

/// What one has booked, short
///
/// The same sessions in a few fields.
#[utoipa::path(get, path = "/api/v1/schedule/participation/my-classes-simple", tag = "schedule",
    operation_id = "booking_my_classes_simple", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Window), responses((status = 200, body = Vec<MyClassSimple>)))]
async fn my_classes_simple(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(window): Query<Window>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(views.my_classes_simple(&actor, window.page()?).await?))
}

/// What a member has booked
///
/// Sessions that have not begun, the next first.
#[utoipa::path(get, path = "/api/v1/schedule/participation/member-classes/{member_id}", tag = "schedule",
    operation_id = "booking_member_classes", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("member_id" = i64, Path), Window), responses((status = 200, body = Vec<MyClass>)))]
async fn member_classes(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceRead>,
    Path(member): Path<UserId>,
    Query(window): Query<Window>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(views.member_classes(&actor, member, window.page()?).await?))
}

/// What a member has taken part in
///
/// Sessions that have begun, the last first, with what became of each booking.
#[utoipa::path(get, path = "/api/v1/schedule/participation/member/{member_id}/history", tag = "schedule",
    operation_id = "booking_member_history", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("member_id" = i64, Path), Bounds, ShortPaging), responses((status = 200, body = Vec<HistoryItem>)))]
async fn member_history(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceRead>,
    Path(member): Path<UserId>,
    Query(bounds): Query<Bounds>,
    Query(paging): Query<ShortPaging>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<Json<Vec<HistoryItem>>, ApiError> {
    Ok(Json(views.member_history(&actor, member, bounds.into(), paging.page()?).await?))
}

/// What one has taken part in
///
/// Sessions that have begun, the last first, with what became of each booking.
#[utoipa::path(get, path = "/api/v1/schedule/participation/my-history", tag = "schedule",
    operation_id = "booking_my_history", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Bounds, ShortPaging), responses((status = 200, body = Vec<HistoryItem>)))]
async fn my_history(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(bounds): Query<Bounds>,
    Query(paging): Query<ShortPaging>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<Json<Vec<HistoryItem>>, ApiError> {
    Ok(Json(views.my_history(&actor, bounds.into(), paging.page()?).await?))
}

/// How one stands to many sessions
///
/// Of some days, or of the sessions that are named; whatever the status, the last booked first.
#[utoipa::path(get, path = "/api/v1/schedule/participation/my-participation-status", tag = "schedule",
    operation_id = "booking_my_status", security(("bearer" = ["resource:read"], "gym" = [])),
    params(StatusQuery), responses((status = 200, body = StatusList)))]
async fn my_status(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(query): Query<StatusQuery>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<RawJson, ApiError> {
    let sessions = query.session_ids.as_deref();
    Ok(RawJson(views.my_status(&actor, query.start_date, query.end_date, sessions).await?))
}

/// What was cancelled of a session
///
/// Every cancellation ever, the last first: who cancelled, why, and whether late.
#[utoipa::path(get, path = "/api/v1/schedule/sessions/sessions/{session_id}/cancellations", tag = "schedule",
    operation_id = "booking_cancellations", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path), Window), responses((status = 200, body = Vec<Cancellation>)))]
async fn cancellations(
    Tenant(actor, ..): Tenant<Trainer, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Query(window): Query<Window>,
    Service(views): Service<dyn ParticipationViews>,
) -> Result<Json<Vec<Cancellation>>, ApiError> {
    Ok(Json(views.cancellations(&actor, session, window.page()?).await?))
}

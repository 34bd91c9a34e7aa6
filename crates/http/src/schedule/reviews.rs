use crate::{
    ApiError, HostState, Problem,
    error::locale,
    extract::{Body, Member, Path, Query, Service, ShortPaging, Tenant, scope},
    response::RawJson,
};
use axum::{Json, http::StatusCode};
use domain::{
    ClassId, ReviewId, SessionId, UserId,
    schedule::review::{NewReview, ReviewPatch},
};
use services::schedule::reviews::{CanReview, ClassStats, RatingStats, Review, ReviewList, Reviews, TrainerStats};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(mine))
        .routes(routes!(of_session))
        .routes(routes!(own))
        .routes(routes!(can_review))
        .routes(routes!(update, delete))
        .routes(routes!(class_stats))
        .routes(routes!(session_stats))
        .routes(routes!(trainer_stats))
}

/// Review a session
///
/// Once, after it is completed, by who attended it.
#[utoipa::path(post, path = "/api/v1/reviews/", tag = "reviews", operation_id = "review_create",
    security(("bearer" = ["resource:write"], "gym" = [])),
    request_body(content = NewReview, example = json!({"session_id": 7, "rating": 5, "comment": "Loved it."})),
    responses((status = 201, body = Review),
        (status = 400, body = Problem,
            description = "`session_not_completed`, `session_not_over`, or the header names no gym."),
        (status = 403, body = Problem, description = "`not_attended`, or the caller may not do this."),
        (status = 409, body = Problem, description = "`already_reviewed`.")))]
async fn create(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Service(reviews): Service<dyn Reviews>,
    Body(input): Body<NewReview>,
) -> Result<(StatusCode, Json<Review>), ApiError> {
    Ok((StatusCode::CREATED, Json(reviews.create(&actor, input).await?)))
}

/// The caller's reviews in this gym, newest first
#[utoipa::path(get, path = "/api/v1/reviews/my", tag = "reviews", operation_id = "review_mine",
    security(("bearer" = ["resource:read"], "gym" = [])),
    params(ShortPaging), responses((status = 200, body = Vec<Review>)))]
async fn mine(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Query(paging): Query<ShortPaging>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<Json<Vec<Review>>, ApiError> {
    Ok(Json(reviews.mine(&actor, paging.page()?).await?))
}

/// Reviews of a session, newest first
///
/// With the statistics of all of them, whatever the page. A session that is not known has none.
#[utoipa::path(get, path = "/api/v1/reviews/session/{session_id}", tag = "reviews",
    operation_id = "review_list_of_session", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path), ShortPaging), responses((status = 200, body = ReviewList)))]
async fn of_session(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Query(paging): Query<ShortPaging>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<Json<ReviewList>, ApiError> {
    Ok(Json(reviews.of_session(&actor, session, paging.page()?).await?))
}

/// The caller's review of a session
#[utoipa::path(get, path = "/api/v1/reviews/session/{session_id}/my", tag = "reviews",
    operation_id = "review_own", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 200, body = Review)))]
async fn own(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<Json<Review>, ApiError> {
    Ok(Json(reviews.own(&actor, session).await?))
}

/// Whether the caller may review a session
///
/// Never a refusal: the answer says what would stand against a review, in the caller's language and by its code.
#[utoipa::path(get, path = "/api/v1/reviews/session/{session_id}/can-review", tag = "reviews",
    operation_id = "review_allowed", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path)),
    responses((status = 200, body = CanReview, example = json!({"can_review": false,
        "reason": "Only who attended the session can review it.", "code": "not_attended"}))))]
async fn can_review(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<Json<CanReview>, ApiError> {
    Ok(Json(reviews.can_review(&actor, session, locale()).await?))
}

/// Change one's review
///
/// Only fields that are present; a comment of `null` is cleared. To everybody but its author it does not exist.
#[utoipa::path(put, path = "/api/v1/reviews/{review_id}", tag = "reviews", operation_id = "review_update",
    security(("bearer" = ["resource:write"], "gym" = [])), params(("review_id" = i64, Path)),
    request_body(content = ReviewPatch, example = json!({"rating": 4, "comment": null})),
    responses((status = 200, body = Review)))]
async fn update(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(id): Path<ReviewId>,
    Service(reviews): Service<dyn Reviews>,
    Body(patch): Body<ReviewPatch>,
) -> Result<Json<Review>, ApiError> {
    Ok(Json(reviews.update(&actor, id, patch).await?))
}

/// Delete one's review
///
/// The session can be reviewed again.
#[utoipa::path(delete, path = "/api/v1/reviews/{review_id}", tag = "reviews", operation_id = "review_delete",
    security(("bearer" = ["resource:write"], "gym" = [])), params(("review_id" = i64, Path)),
    responses((status = 204)))]
async fn delete(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(id): Path<ReviewId>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<StatusCode, ApiError> {
    reviews.delete(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ratings of a class
///
/// Of all its sessions. A class that is not known has zeros and no name.
#[utoipa::path(get, path = "/api/v1/reviews/stats/class/{class_id}", tag = "reviews",
    operation_id = "review_stats_of_class", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("class_id" = i64, Path)), responses((status = 200, body = ClassStats)))]
async fn class_stats(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(class): Path<ClassId>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(reviews.class_stats(&actor, class).await?))
}

/// Ratings of a session
#[utoipa::path(get, path = "/api/v1/reviews/stats/session/{session_id}", tag = "reviews",
    operation_id = "review_stats_of_session", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("session_id" = i64, Path)), responses((status = 200, body = RatingStats)))]
async fn session_stats(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(session): Path<SessionId>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(reviews.session_stats(&actor, session).await?))
}

/// Ratings of a trainer
///
/// Of all their sessions in this gym. Who does not belong to the gym has no name.
#[utoipa::path(get, path = "/api/v1/reviews/stats/trainer/{trainer_id}", tag = "reviews",
    operation_id = "review_stats_of_trainer", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("trainer_id" = i64, Path)), responses((status = 200, body = TrainerStats)))]
async fn trainer_stats(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Path(trainer): Path<UserId>,
    Service(reviews): Service<dyn Reviews>,
) -> Result<RawJson, ApiError> {
    Ok(RawJson(reviews.trainer_stats(&actor, trainer).await?))
}

use crate::{
    ApiError, HostState,
    extract::{Body, Platform, Service},
};
use axum::Json;
use domain::notifications::segment::ToSegment;
use services::notifications::segments::{Queued, Segments};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(send_to_segment))
}

/// Tell a segment something
///
/// For administrators of the platform: whom the push service counts to a segment, over all gyms. Answered before anything
/// is sent.
#[utoipa::path(post, path = "/api/v1/platform/notifications/send-to-segment", tag = "platform",
    security(("bearer" = [])), request_body = ToSegment, responses((status = 200, body = Queued)))]
async fn send_to_segment(
    Platform(caller, ..): Platform,
    Service(segments): Service<dyn Segments>,
    Body(request): Body<ToSegment>,
) -> Result<Json<Queued>, ApiError> {
    Ok(Json(segments.send(&caller, request).await?))
}

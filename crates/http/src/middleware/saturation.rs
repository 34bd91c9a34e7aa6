use super::{Http, rate_class::is_upload};
use crate::ApiError;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// Requests that may run at once, and for how long.
#[derive(Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    request_timeout: Duration,
    upload_timeout: Duration,
    max_uri: usize,
}

impl Slots {
    pub(super) fn new(http: &Http) -> Self {
        Self {
            free: Arc::new(Semaphore::new(http.max_in_flight.min(Semaphore::MAX_PERMITS))),
            request_timeout: http.request_timeout,
            upload_timeout: http.upload_timeout,
            max_uri: http.max_uri,
        }
    }
}

/// Refuses at once when saturated, and ends what takes too long: both with 503 and `Retry-After`, so that a client
/// that waits is served, and one that does not is not queued behind work that nobody reads.
///
/// Probes and metrics pass: they must answer most of all when the rest does not.
pub(super) async fn saturation(State(slots): State<Slots>, request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|p| p.as_str().len() > slots.max_uri) {
        return ApiError::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The address is too long.").into_response();
    }
    let path = request.uri().path();
    if path.starts_with("/health/") || path == "/metrics" {
        return next.run(request).await;
    }
    let limit = if is_upload(request.method(), path) { slots.upload_timeout } else { slots.request_timeout };
    let Ok(_slot) = slots.free.try_acquire() else {
        metrics::counter!("gymapi_http_shed_total").increment(1);
        return ApiError::unavailable().into_response();
    };
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::timed_out().into_response(),
    }
}

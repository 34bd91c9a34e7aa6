use super::{
    Http,
    rate_class::is_upload,
    step::{Next, Step},
};
use crate::{ApiError, error::say};
use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use services::kernel::underway::Underway;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// How long a request may run.
#[derive(Clone, Copy)]
pub(super) struct TimeLimits {
    request: Duration,
    upload: Duration,
}

impl TimeLimits {
    pub(super) fn new(http: &Http) -> Self {
        Self { request: http.request_timeout, upload: http.upload_timeout }
    }

    pub(super) fn of(&self, method: &Method, path: &str) -> Duration {
        if is_upload(method, path) { self.upload } else { self.request }
    }
}

/// Requests that may run at once, for how long, and how large their heads may be.
///
/// Refuses at once when saturated, and ends what takes too long: both with 503 and `Retry-After`, so that a client
/// that waits is served, and one that does not is not queued behind work that nobody reads.
///
/// Probes and metrics pass: they must answer most of all when the rest does not.
#[derive(Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    underway: Underway,
    limits: TimeLimits,
    max_uri: usize,
    max_headers: usize,
}

impl Slots {
    pub(super) fn new(http: &Http, underway: Underway) -> Self {
        Self {
            underway,
            free: Arc::new(Semaphore::new(http.max_in_flight.min(Semaphore::MAX_PERMITS))),
            limits: TimeLimits::new(http),
            max_uri: http.max_uri,
            max_headers: http.max_headers,
        }
    }
}

/// Bytes of the names and values of all headers.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

impl Step for Slots {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        if request.uri().path_and_query().is_some_and(|p| p.as_str().len() > self.max_uri) {
            let text = say("The address is too long.", "La dirección es demasiado larga.");
            return ApiError::new(StatusCode::URI_TOO_LONG, "uri_too_long", text).into_response();
        }
        if size(request.headers()) > self.max_headers {
            let text = say("The headers are too large.", "Las cabeceras son demasiado grandes.");
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return ApiError::new(status, "headers_too_large", text).into_response();
        }
        let path = request.uri().path();
        if path.starts_with("/health/") || path == "/metrics" {
            return next.run(request).await;
        }
        let limit = self.limits.of(request.method(), path);
        let Ok(_slot) = self.free.try_acquire() else {
            metrics::counter!("gymapi_http_shed_total").increment(1);
            return ApiError::unavailable().into_response();
        };
        let _running = self.underway.begin();
        match timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::timed_out().into_response(),
        }
    }
}

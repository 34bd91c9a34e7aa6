//! What happens around every operation.
//!
//! From outside in: the request's context and diagnostics headers, metrics and the span, panics turned to 500, security
//! headers, CORS, compression, shedding when saturated, the time limit, rate limits, and nearest to the operation
//! idempotency and entity tags.
mod client_ip;
mod context;
mod cross_origin;
mod entity_tag;
mod idempotency;
mod measures;
mod panics;
mod rate_class;
mod rate_limit;
mod saturation;
mod security_headers;
mod slashes;
mod step;

pub use client_ip::ProxyTrust;
pub use context::{REQUEST, RequestContext};

use crate::AppState;
use axum::{Router, body::Body, http::Method};
use std::{sync::Arc, time::Duration};
use step::{Step, Through};
use tower::ServiceBuilder;
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{Predicate, SizeAbove},
    },
    map_response_body::MapResponseBodyLayer,
};

/// How the HTTP layer behaves.
#[derive(Clone, Debug)]
pub struct Http {
    /// A request that runs longer is answered with 503.
    pub request_timeout: Duration,
    /// The same for uploads, which are read over slow lines and wait for the store's three attempts.
    pub upload_timeout: Duration,
    /// Requests that may run at once; more are answered with 503 and `Retry-After`.
    pub max_in_flight: usize,
    /// Bytes of a body that is not an upload.
    pub max_body: usize,
    /// Bytes of path and query.
    pub max_uri: usize,
    /// Bytes of the names and values of all headers.
    pub max_headers: usize,
    /// Origins that browsers may call from; empty = any (IDN-107).
    pub cors_origins: Vec<String>,
    pub proxy_trust: ProxyTrust,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_secs(180),
            max_in_flight: 1024,
            max_body: 1024 * 1024,
            max_uri: 8 * 1024,
            max_headers: 32 * 1024,
            cors_origins: Vec::new(),
            proxy_trust: ProxyTrust::default(),
        }
    }
}

pub(crate) fn around(router: Router<AppState>, state: AppState, http: &Http, document: &serde_json::Value) -> Router {
    let limits = rate_limit::RateLimit { state: state.clone(), trust: Arc::new(http.proxy_trust.clone()) };
    let keys = idempotency::Keys {
        store: state.idempotency.clone(),
        max_body: http.max_body,
        limits: saturation::TimeLimits::new(http),
    };
    // one layer, for each is a box around every operation
    let near = ServiceBuilder::new()
        .layer(Through(limits.then(keys).then(entity_tag::EntityTag)))
        .layer(axum::extract::DefaultBodyLimit::max(http.max_body));
    let underway = state.underway.clone();
    let routed = router.route_layer(Through(context::RememberRoute)).layer(near).with_state(state);
    let outside = context::Context::default()
        .then(panics::Panics)
        .then(security_headers::SecurityHeaders)
        .then(cross_origin::CrossOrigin::of(&http.cors_origins));
    let around = ServiceBuilder::new()
        .layer(Through(outside))
        .layer(MapResponseBodyLayer::new(Body::new))
        .layer(CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(1000).and(is_text)))
        .layer(Through(saturation::Slots::new(http, underway).then(slashes::Slashes::of(document))))
        .service(routed);
    Router::new().fallback_service(around)
}

/// JSON and text, nothing that is compressed already (IDN-107).
fn is_text(
    _: axum::http::StatusCode,
    _: axum::http::Version,
    headers: &axum::http::HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    let kind = headers.get(axum::http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/json") || kind.starts_with("text/")
}

/// Whether a method never changes anything.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

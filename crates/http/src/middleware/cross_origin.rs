use super::step::{Next, Step};
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

/// What an answer depends on, also one that no browser asked for: a cache must not give it to one.
const VARY: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Lets browsers call from other origins: any unless some are named, never with credentials (IDN-107).
///
/// Apps name no origin, and pay nothing for those who do.
#[derive(Clone)]
pub(super) struct CrossOrigin(Arc<CorsLayer>);

impl CrossOrigin {
    pub(super) fn of(origins: &[String]) -> Self {
        let origins: Vec<HeaderValue> = origins.iter().filter_map(|o| o.parse().ok()).collect();
        let allowed = if origins.is_empty() { AllowOrigin::from(Any) } else { AllowOrigin::list(origins) };
        let layer = CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods(Any)
            // named, for browsers do not count Authorization among `*`
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(["x-request-id", "etag", "x-cancelled-sessions"].map(HeaderName::from_static))
            .max_age(Duration::from_secs(86_400));
        Self(Arc::new(layer))
    }
}

impl Step for CrossOrigin {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        if request.headers().contains_key(header::ORIGIN) {
            let answer = self.0.layer(Once(Some(next))).oneshot(request);
            return match Box::pin(answer).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
        }
        let mut response = next.run(request).await;
        response.headers_mut().append(header::VARY, VARY);
        response
    }
}

/// What lies within, as a service for one request.
struct Once<N>(Option<N>);

impl<N: Next> Service<Request> for Once<N> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let next = self.0.take();
        Box::pin(async move {
            match next {
                Some(next) => Ok(next.run(request).await),
                None => unreachable!("a request is answered once"),
            }
        })
    }
}

//! What operators and browsers ask: health, metrics, the documentation.
use crate::{ApiError, HostState, state::Provides};
use async_trait::async_trait;
use axum::{
    Json, Router,
    extract::{ConnectInfo, FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::kernel::secret;
use serde::Serialize;
use std::{net::SocketAddr, sync::Arc};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Whether this instance should be sent requests.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// # Errors
    /// What is missing, one line each, in words that name no secret.
    async fn check(&self) -> Result<(), Vec<String>>;
}

/// What the system operations show.
#[derive(Clone)]
pub struct System {
    pub readiness: Arc<dyn Readiness>,
    /// Renders the metrics as Prometheus text; `None` when nobody records them.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    /// Lets `/metrics` be read from elsewhere than a private network.
    pub metrics_token: Option<String>,
    pub git_commit: &'static str,
    /// The issuer's public keys, when the server is its own issuer.
    pub jwks: Option<serde_json::Value>,
}

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(root))
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics_text))
}

/// Health and metrics, and nothing else: for a process that serves no API.
pub fn probes(system: System) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics_text))
        .fallback(async || ApiError::no_route())
        .method_not_allowed_fallback(async || ApiError::no_method())
        .with_state(system)
}

struct Sys(System);

impl<S: Provides<System> + Send + Sync> FromRequestParts<S> for Sys {
    type Rejection = ApiError;
    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(state.provide()))
    }
}

#[derive(Serialize, ToSchema)]
struct About {
    message: &'static str,
    docs: &'static str,
    version: &'static str,
    git_commit: &'static str,
}

/// What this is
#[utoipa::path(get, path = "/", tag = "system", responses((status = 200, body = About)))]
async fn root(Sys(system): Sys) -> Json<About> {
    Json(About { message: "GymAPI", docs: "/docs", version: env!("CARGO_PKG_VERSION"), git_commit: system.git_commit })
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok` or `unavailable`
    status: &'static str,
    /// What is missing.
    missing: Vec<String>,
}

/// Whether the process runs
#[utoipa::path(get, path = "/health/live", tag = "system", responses((status = 200, body = Health)))]
async fn live() -> Json<Health> {
    Json(Health { status: "ok", missing: Vec::new() })
}

/// Whether this instance should be sent requests
///
/// Not while it migrates or drains, and not without its database.
#[utoipa::path(get, path = "/health/ready", tag = "system",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn ready(Sys(system): Sys) -> Response {
    match system.readiness.check().await {
        Ok(()) => Json(Health { status: "ok", missing: Vec::new() }).into_response(),
        Err(missing) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "unavailable", missing })).into_response()
        }
    }
}

/// Metrics, as Prometheus reads them
///
/// For private networks, or with the configured bearer token.
#[utoipa::path(get, path = "/metrics", tag = "system", responses(
    (status = 200, content_type = "text/plain", body = String), (status = 403, body = crate::Problem)))]
async fn metrics_text(
    Sys(system): Sys,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    let by_token = secret::equal(system.metrics_token.as_deref().unwrap_or_default(), given.unwrap_or_default());
    // a proxy in front makes every peer private: behind one, the token is needed
    let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    let private = !forwarded && peer.is_some_and(|axum::Extension(ConnectInfo(peer))| is_private(peer.ip()));
    if !by_token && !private {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "metrics_private", "Metrics are for the private network."));
    }
    let text = system.metrics.map(|render| render()).unwrap_or_default();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

fn is_private(ip: std::net::IpAddr) -> bool {
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

/// The OpenAPI document and its page, whose scripts and styles are in the binary.
pub(crate) fn documents<S>(document: &serde_json::Value) -> Router<S>
where
    S: Provides<System> + Clone + Send + Sync + 'static,
{
    let text: Arc<str> = document.to_string().into();
    let openapi = {
        let text = text.clone();
        move || {
            let text = text.clone();
            async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()) }
        }
    };
    let page = utoipa_swagger_ui::SwaggerUi::new("/docs").config(
        utoipa_swagger_ui::Config::from("/openapi.json").display_request_duration(true).try_it_out_enabled(true),
    );
    let to_docs = get(async || Redirect::permanent("/docs/"));
    Router::new()
        .route("/openapi.json", get(openapi.clone()))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/v1/docs", to_docs.clone())
        .route("/api/v1/redoc", to_docs)
        .route("/.well-known/jwks.json", get(jwks::<S>))
        .merge(Router::<S>::from(page))
}

/// The keys of the development issuer; with an issuer elsewhere there are none here.
async fn jwks<S: Provides<System>>(State(state): State<S>) -> Result<Json<serde_json::Value>, ApiError> {
    state.provide().jwks.map(Json).ok_or_else(ApiError::no_route)
}

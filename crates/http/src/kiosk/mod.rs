//! The page at the door: staff sign in once, then codes are typed, scanned or seen by the camera, and it shows who is in.
//!
//! One answer holds the whole page, with no assets from elsewhere. Its policy lets nothing run or load but that: what it
//! shows of a member is text, and it talks to this server alone.
use crate::{state::Provides, system::System};
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use domain::kernel::secret;
use std::sync::LazyLock;

static PAGE: LazyLock<String> = LazyLock::new(|| {
    include_str!("page.html")
        .replace("{{style}}", include_str!("page.css"))
        .replace("{{script}}", include_str!("page.js"))
});

pub(crate) fn page<S>() -> Router<S>
where
    S: Provides<System> + Clone + Send + Sync + 'static,
{
    Router::new().route("/kiosk", get(show::<S>))
}

/// What the page may do. Pictures of members lie here or at an object store; the camera is asked for by the page alone.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' https: data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    )
}

async fn show<S: Provides<System>>(State(state): State<S>) -> Response {
    let system: System = state.provide();
    let nonce = secret::random_hex(16);
    // a server that is its own issuer hands tokens out for development
    let development = if system.jwks.is_some() { "true" } else { "false" };
    let page = PAGE.replace("{{nonce}}", &nonce).replace("{{development}}", development);
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy(&nonce)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(self)"));
    response
}

use axum::{
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::Response,
};
use std::{collections::HashSet, sync::Arc};

/// Paths of the document that end with a slash, without it.
pub(super) fn paths(document: &serde_json::Value) -> Arc<HashSet<String>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let slashed = paths.filter_map(|(path, _)| path.strip_suffix('/').filter(|p| !p.is_empty()).map(str::to_owned));
    Arc::new(slashed.collect())
}

/// The replaced system redirected `/gyms` to `/gyms/`, and `/gyms/my/` to `/gyms/my`; here both are the same operation,
/// with no second round trip.
pub(super) async fn complete(
    State(slashed): State<Arc<HashSet<String>>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let other = if slashed.contains(path) {
        Some(format!("{path}/"))
    } else {
        let without = path.strip_suffix('/').filter(|p| p.starts_with("/api/") && !slashed.contains(*p));
        without.map(str::to_owned)
    };
    if let Some(path) = other {
        let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
        if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    next.run(request).await
}

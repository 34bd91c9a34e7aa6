use super::step::{Next, Step};
use axum::{extract::Request, http::Uri, response::Response};
use std::{collections::HashSet, sync::Arc};

/// The replaced system redirected `/gyms` to `/gyms/`, and `/gyms/my/` to `/gyms/my`; here both are the same operation,
/// with no second round trip.
#[derive(Clone)]
pub(super) struct Slashes {
    /// Paths of the document that end with a slash, without it.
    slashed: Arc<HashSet<String>>,
}

impl Slashes {
    pub(super) fn of(document: &serde_json::Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let slashed = paths.filter_map(|(path, _)| path.strip_suffix('/').filter(|p| !p.is_empty()).map(str::to_owned));
        Self { slashed: Arc::new(slashed.collect()) }
    }
}

impl Step for Slashes {
    async fn pass(&self, mut request: Request, next: impl Next) -> Response {
        let path = request.uri().path();
        let other = if self.slashed.contains(path) {
            Some(format!("{path}/"))
        } else {
            let without = path.strip_suffix('/').filter(|p| p.starts_with("/api/") && !self.slashed.contains(*p));
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
}

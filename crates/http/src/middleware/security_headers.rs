use super::step::{Next, Step};
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    response::Response,
};

/// IDN-103.
const HEADERS: [(&str, &str); 5] = [
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("content-security-policy", "default-src 'none'; img-src https: data:; connect-src https:; frame-ancestors 'none'"),
];

/// Whether the path is a page of the documentation, which needs its own scripts and styles.
fn is_documentation(path: &str) -> bool {
    ["/docs", "/api/v1/docs", "/api/v1/redoc"]
        .iter()
        .any(|p| path.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[derive(Clone, Copy)]
pub(super) struct SecurityHeaders;

impl Step for SecurityHeaders {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        let documentation = is_documentation(request.uri().path());
        let mut response = next.run(request).await;
        if !documentation {
            // with those that the context adds, so that the map grows once
            response.headers_mut().reserve(2 * HEADERS.len() + 6);
            for (name, value) in HEADERS {
                // a page of our own may bring a policy that lets its script run
                let header = response.headers_mut().entry(HeaderName::from_static(name));
                header.or_insert(HeaderValue::from_static(value));
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::is_documentation;

    #[test]
    fn idn_103_only_the_documentation_goes_without_the_headers() {
        assert!(is_documentation("/docs") && is_documentation("/docs/index.html") && is_documentation("/api/v1/docs"));
        assert!(!is_documentation("/docsx") && !is_documentation("/api/v1/gyms/") && !is_documentation("/"));
    }
}

use super::step::{Next, Step};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use xxhash_rust::xxh3::xxh3_64;

/// Answers that are tagged are no longer than this.
const LARGEST: usize = 4 * 1024 * 1024;

/// Gives every JSON answer and every calendar to a GET a weak entity tag, and answers 304 to whoever has it already.
///
/// A HEAD has none: its body is gone before it comes here, and the tag of nothing would pass for the answer's.
#[derive(Clone, Copy)]
pub(super) struct EntityTag;

impl Step for EntityTag {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        let tagged = request.method() == Method::GET;
        let known: Vec<HeaderValue> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        tag(tagged, &known, next.run(request).await).await
    }
}

async fn tag(tagged: bool, known: &[HeaderValue], response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let polled = kind.starts_with(b"application/json") || kind.starts_with(b"text/calendar");
    if !tagged || !polled || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST).await else {
        return crate::ApiError::internal().into_response();
    };
    let Ok(tag) = HeaderValue::from_str(&format!("W/\"{:016x}\"", xxh3_64(&bytes))) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.insert(header::ETAG, tag.clone());
    // who may see an answer depends on the token and the gym: shared caches keep their hands off
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    parts.headers.append(header::VARY, HeaderValue::from_static("Authorization, X-Gym-ID, Accept-Language"));
    if known.iter().any(|known| matches(known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Weak comparison of RFC 9110 with each tag of the list.
fn matches(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let opaque = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_compare_weakly_and_in_lists() {
        let tag = HeaderValue::from_static("W/\"ab\"");
        for (known, want) in [
            ("W/\"ab\"", true),
            ("\"ab\"", true),
            ("\"x\", W/\"ab\"", true),
            ("*", true),
            ("\"x\"", false),
            ("", false),
        ] {
            assert_eq!(matches(&HeaderValue::from_static(known), &tag), want, "{known}");
        }
    }
}

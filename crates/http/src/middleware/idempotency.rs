use crate::{ApiError, extract::Verified};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use services::kernel::idempotency::{Answer, Attempt, Idempotency};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// Honours `Idempotency-Key` on POSTs with a body that fits in memory; uploads replace what they name and need no key.
pub(super) async fn idempotency(
    State((keys, max_body)): State<(Arc<dyn Idempotency>, usize)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(key) = key(&request) else { return next.run(request).await };
    match answer(keys.as_ref(), max_body, key, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

fn key(request: &Request) -> Option<String> {
    if request.method() != Method::POST {
        return None;
    }
    let kind = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if kind.starts_with(b"multipart/") {
        return None;
    }
    request.headers().get("idempotency-key").and_then(|v| v.to_str().ok()).map(str::to_owned)
}

async fn answer(
    keys: &dyn Idempotency,
    max_body: usize,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if key.is_empty() || key.len() > 255 {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_idempotency_key",
            "Idempotency-Key must have 1 to 255 characters.",
        ));
    }
    let scope = scope(&request);
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, max_body).await.map_err(|_| ApiError::too_large())?;
    let fingerprint = format!("{:032x}", xxh3_128(&bytes));
    let id = match keys.attempt(&scope, &key, &fingerprint).await? {
        Attempt::Again(answer) => return Ok(again(answer)),
        Attempt::First(id) => id,
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || is_secret(&response) {
        keys.forget(id).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| ApiError::internal())?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(str::to_owned);
    keys.keep(id, Answer { status: status.as_u16(), content_type, body: bytes.to_vec() }).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Who asks for what: two callers, or one caller of two gyms or operations, may use the same key.
fn scope(request: &Request) -> String {
    let subject = match request.extensions().get::<Verified>() {
        Some(Verified(Ok(claims))) => claims.sub.as_str(),
        _ => "",
    };
    let gym = request.headers().get("x-gym-id").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let text = format!("{subject}\n{gym}\n{}", request.uri());
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// An answer that nobody may keep, as one with tokens is; a second attempt runs again.
fn is_secret(response: &Response) -> bool {
    response.headers().get(header::CACHE_CONTROL).is_some_and(|v| v.as_bytes() == b"no-store")
}

fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(kind) = answer.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

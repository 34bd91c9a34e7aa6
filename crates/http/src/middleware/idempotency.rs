use super::{
    context::detached,
    saturation::TimeLimits,
    step::{Next, Step},
};
use crate::{ApiError, extract::Verified};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::IdempotencyKeyId;
use services::kernel::idempotency::{Answer, Attempt, Idempotency};
use std::{panic::resume_unwind, sync::Arc, time::Duration};
use tokio::time::timeout;
use xxhash_rust::xxh3::xxh3_128;

/// Honours `Idempotency-Key` on POSTs with a body that fits in memory; uploads replace what they name and need no key.
#[derive(Clone)]
pub(super) struct Keys {
    pub store: Arc<dyn Idempotency>,
    /// Bytes of a body.
    pub max_body: usize,
    pub limits: TimeLimits,
}

impl Step for Keys {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        let Some(key) = key(&request) else { return next.run(request).await };
        match Box::pin(answer(self, key, request, next)).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        }
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

async fn answer(keys: &Keys, key: String, request: Request, next: impl Next) -> Result<Response, ApiError> {
    if key.is_empty() || key.len() > 255 {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_idempotency_key",
            "Idempotency-Key must have 1 to 255 characters.",
        ));
    }
    let scope = scope(&request);
    let limit = keys.limits.of(request.method(), request.uri().path());
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, keys.max_body).await.map_err(|_| ApiError::too_large())?;
    let fingerprint = format!("{:032x}", xxh3_128(&bytes));
    let id = match keys.store.attempt(&scope, &key, &fingerprint, limit).await? {
        Attempt::Again(answer) => return Ok(again(answer)),
        Attempt::First(id) => id,
    };
    let request = Request::from_parts(parts, Body::from(bytes));
    // A client whose line breaks asks again with the same key: what it began runs on to the answer that it will get.
    let store = keys.store.clone();
    match detached(async move { first(store.as_ref(), id, request, next, limit).await }).await {
        Ok(response) => response,
        Err(failure) => {
            keys.store.forget(id).await?;
            match failure.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(ApiError::unavailable()),
            }
        }
    }
}

/// Runs the request and keeps its answer.
async fn first(
    keys: &dyn Idempotency,
    id: IdempotencyKeyId,
    request: Request,
    next: impl Next,
    limit: Duration,
) -> Result<Response, ApiError> {
    let Ok(response) = timeout(limit, next.run(request)).await else {
        keys.forget(id).await?;
        return Err(ApiError::timed_out());
    };
    let status = response.status();
    // whoever showed no good token shares the scope of strangers, in which nobody's refusal may stand for another's
    let passing = [StatusCode::TOO_MANY_REQUESTS, StatusCode::UNAUTHORIZED].contains(&status);
    if status.is_server_error() || passing || is_secret(&response) {
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

use crate::{
    ApiError, HostState, Provides,
    extract::{Body, Service},
};
use axum::{
    Json,
    extract::{FromRequestParts, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use services::identity::hooks::{EmailSync, Hooks, Provider, SignedHook, UserCreated, UserUpdated};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(user_created)).routes(routes!(user_updated)).routes(routes!(sync_email_status))
}

/// A hook with what it proves itself with; the body as it came, because that is what was signed.
fn signed(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<SignedHook, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Ok(SignedHook {
        authorization: text(header::AUTHORIZATION.as_str()),
        timestamp: text("x-auth0-hook-timestamp"),
        signature: text("x-auth0-signature"),
        body: body?,
    })
}

/// A user was created at the identity provider
///
/// Makes or finds the user's row. The bearer is the shared secret; the signature is the hex HMAC-SHA256, with that
/// secret, of `{timestamp}.{body}`, and the timestamp is seconds since 1970. Events of other kinds do nothing.
#[utoipa::path(post, path = "/api/v1/auth/webhook/user-created", tag = "auth",
    params(
        ("Authorization" = String, Header), ("X-Auth0-Hook-Timestamp" = i64, Header),
        ("X-Auth0-Signature" = String, Header),
    ),
    request_body(content = Object, content_type = "application/json", example = json!({
        "event": {"type": "user_created"},
        "user": {"user_id": "auth0|1", "email": "ana@example.com", "email_verified": true, "name": "Ana Gil"},
    })),
    responses((status = 201, body = UserCreated), (status = 400, body = crate::Problem),
        (status = 401, body = crate::Problem), (status = 403, body = crate::Problem)))]
async fn user_created(
    headers: HeaderMap,
    Service(hooks): Service<dyn Hooks>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<UserCreated>), ApiError> {
    Ok((StatusCode::CREATED, Json(hooks.user_created(signed(&headers, body)?).await?)))
}

/// A user was changed at the identity provider
///
/// Only the address follows, when the provider vouches for it and nobody else has it. Proof as for a created user.
#[utoipa::path(post, path = "/api/v1/auth/webhook/user-updated", tag = "auth",
    params(
        ("Authorization" = String, Header), ("X-Auth0-Hook-Timestamp" = i64, Header),
        ("X-Auth0-Signature" = String, Header),
    ),
    request_body(content = Object, content_type = "application/json", example = json!({
        "event": {"type": "user_updated"},
        "user": {"user_id": "auth0|1", "email": "ana@example.com", "email_verified": true},
    })),
    responses((status = 201, body = UserUpdated), (status = 400, body = crate::Problem),
        (status = 401, body = crate::Problem)))]
async fn user_updated(
    headers: HeaderMap,
    Service(hooks): Service<dyn Hooks>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<UserUpdated>), ApiError> {
    Ok((StatusCode::CREATED, Json(hooks.user_updated(signed(&headers, body)?).await?)))
}

/// Whoever sends the shared secret in `X-Auth0-Webhook-Secret`.
struct BySecret(Provider);

impl<S> FromRequestParts<S> for BySecret
where
    S: Provides<Arc<dyn Hooks>> + Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let secret = parts.headers.get("x-auth0-webhook-secret").and_then(|v| v.to_str().ok());
        Ok(Self(state.provide().admit(secret)?))
    }
}

/// An address was changed at the identity provider
///
/// 204 also when nobody here has that identity, or has that address already.
#[utoipa::path(post, path = "/api/v1/users/sync/email-status", tag = "users", security(("webhook" = [])),
    request_body = EmailSync,
    responses((status = 204), (status = 401, body = crate::Problem), (status = 403, body = crate::Problem),
        (status = 409, body = crate::Problem)))]
async fn sync_email_status(
    BySecret(provider): BySecret,
    Service(hooks): Service<dyn Hooks>,
    Body(input): Body<EmailSync>,
) -> Result<StatusCode, ApiError> {
    hooks.sync_email(&provider, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

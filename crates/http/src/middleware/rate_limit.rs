use super::{
    client_ip::ProxyTrust,
    rate_class::{Key, classes},
};
use crate::{
    ApiError, AppState,
    extract::{Verified, verify},
};
use axum::{
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::Next,
    response::{IntoResponse, Response},
};

#[derive(Clone)]
pub(super) struct RateLimit {
    pub state: AppState,
    pub trust: ProxyTrust,
}

/// Counts the request against its classes, by user when the token is good, else by address (IDN-104).
///
/// The outcome of looking at the token travels with the request, so that it is looked at once.
pub(super) async fn rate_limit(State(limit): State<RateLimit>, mut request: Request, next: Next) -> Response {
    let authorization = request.headers().get(AUTHORIZATION).cloned();
    let verified = verify(authorization, limit.state.gate.as_ref()).await;
    let subject = match &verified {
        Some(Verified(Ok(claims))) => Some(claims.sub.clone()),
        _ => None,
    };
    let (key, classes) = classes(request.method(), request.uri().path(), subject.is_some());
    let key = match (key, subject) {
        (Key::Caller, Some(subject)) => format!("user:{subject}"),
        _ => format!("ip:{}", limit.trust.client(request.headers(), request.extensions())),
    };
    for class in classes {
        if let Err(e) = limit.state.limits.class(*class, &key).await {
            return ApiError::from(e).into_response();
        }
    }
    if let Some(verified) = verified {
        request.extensions_mut().insert(verified);
    }
    next.run(request).await
}

use super::{
    client_ip::ProxyTrust,
    rate_class::{Key, classes},
    step::{Next, Step},
};
use crate::{
    ApiError, AppState,
    extract::{Verified, verify},
};
use axum::{
    extract::Request,
    http::header::AUTHORIZATION,
    response::{IntoResponse, Response},
};
use services::kernel::limit::RateClass;
use std::sync::Arc;

/// Counts the request against its classes, by user when the token is good, else by address (IDN-104).
///
/// The outcome of looking at the token travels with the request, so that it is looked at once.
#[derive(Clone)]
pub(super) struct RateLimit {
    pub state: AppState,
    pub trust: Arc<ProxyTrust>,
}

impl Step for RateLimit {
    async fn pass(&self, mut request: Request, next: impl Next) -> Response {
        let authorization = request.headers().get(AUTHORIZATION).cloned();
        let verified = verify(authorization.as_ref(), self.state.gate.as_ref()).await;
        if self.state.limits.are_on() {
            let (key, classes) = self.budget(&request, verified.as_ref());
            for class in classes {
                if let Err(e) = self.state.limits.class(*class, &key).await {
                    return ApiError::from(e).into_response();
                }
            }
        }
        if let Some(verified) = verified {
            request.extensions_mut().insert(verified);
        }
        next.run(request).await
    }
}

impl RateLimit {
    /// Whose it is, and the classes that it is counted against.
    fn budget(&self, request: &Request, verified: Option<&Verified>) -> (String, &'static [RateClass]) {
        let subject = match verified {
            Some(Verified(Ok(claims))) => Some(claims.sub.as_str()),
            _ => None,
        };
        let (key, classes) = classes(request.method(), request.uri().path(), subject.is_some());
        let key = match (key, subject) {
            (Key::Caller, Some(subject)) => format!("user:{subject}"),
            _ => format!("ip:{}", self.trust.client(request.headers(), request.extensions())),
        };
        (key, classes)
    }
}

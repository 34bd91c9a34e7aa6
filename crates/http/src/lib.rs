//! HTTP: decode, call one service method, encode. Nothing is decided here.
//!
//! [`router`] is the whole API with its middleware; [`api`] the operations alone, generic over the state, for a host
//! application that has a state of its own.
mod attendance;
mod error;
mod events;
mod extract;
mod identity;
mod kiosk;
mod middleware;
mod notifications;
mod openapi;
mod operators;
mod response;
mod schedule;
mod state;
mod system;

pub use error::{ApiError, Problem};
pub use extract::{
    Admin, Body, Caller, EarliestGym, Form, GymHeader, Member, Module, ModuleTenant, NoScope, Owner, Paging, Path,
    PathGym, Platform, Query, Service, Staff, Tenant, TenantOrOnlyGym, TenantOrPlatform, Trainer, Visitor, module,
    scope,
};
pub use middleware::{Http, ProxyTrust, REQUEST, RequestContext};
pub use openapi::document;
pub use state::{AppState, HostState, Provides};
pub use system::{Readiness, System, probes};

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

/// Every operation, without middleware.
pub fn api<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(attendance::routes())
        .merge(events::routes())
        .merge(identity::routes())
        .merge(notifications::routes())
        .merge(operators::routes())
        .merge(schedule::routes())
        .merge(system::routes())
}

/// The API as the server runs it, and its OpenAPI document.
pub fn router(state: AppState, http: &Http) -> (Router, serde_json::Value) {
    let (router, document) = api::<AppState>().split_for_parts();
    let document = openapi::complete(document);
    let router = router
        .merge(system::documents(&document))
        .merge(kiosk::page())
        .fallback(async || ApiError::no_route())
        .method_not_allowed_fallback(async || ApiError::no_method());
    (middleware::around(router, state, http, &document), document)
}

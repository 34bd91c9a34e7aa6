//! What is measured of every request. The handles are kept: to find one by its labels costs more than to record.
use axum::http::{Method, StatusCode};
use metrics::Histogram;
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

#[derive(Default)]
pub(super) struct Measures {
    /// By route; of each as many as there are methods and states, which are few.
    routes: RwLock<HashMap<Box<str>, Vec<Measured>>>,
}

#[derive(Clone)]
struct Measured {
    method: Method,
    status: StatusCode,
    duration: Histogram,
    statements: Histogram,
}

impl Measured {
    fn new(method: &Method, route: &str, status: StatusCode) -> Self {
        let labels =
            [("method", method.to_string()), ("route", route.to_owned()), ("status", status.as_u16().to_string())];
        Self {
            method: method.clone(),
            status,
            duration: metrics::histogram!("gymapi_http_request_duration_seconds", &labels),
            statements: metrics::histogram!("gymapi_http_request_statements", "route" => route.to_owned()),
        }
    }
}

impl Measures {
    pub(super) fn record(&self, method: &Method, route: &str, status: StatusCode, took: Duration, statements: u64) {
        let measured = self.known(method, route, status).unwrap_or_else(|| self.find(method, route, status));
        measured.duration.record(took.as_secs_f64());
        measured.statements.record(statements as f64);
    }

    fn known(&self, method: &Method, route: &str, status: StatusCode) -> Option<Measured> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.get(route)?.iter().find(|m| m.method == *method && m.status == status).cloned()
    }

    /// A method of the client's own making is not kept: there is no end to those.
    fn find(&self, method: &Method, route: &str, status: StatusCode) -> Measured {
        let measured = Measured::new(method, route, status);
        if matches!(
            *method,
            Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS
        ) {
            let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
            routes.entry(route.into()).or_default().push(measured.clone());
        }
        measured
    }
}

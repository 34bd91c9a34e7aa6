use super::{
    measures::Measures,
    step::{Next, Step},
};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use domain::kernel::locale::Locale;
use ports::cache::{CacheStats, REQUEST_STATS};
use services::STATEMENTS;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinError;
use tracing::Instrument;

tokio::task_local! {
    /// The request that runs on this task.
    pub static REQUEST: RequestContext;
}

/// What is known of a request before anything else.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub id: String,
    pub locale: Locale,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An id that the client or a proxy sent, when it is short and plain; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let sent = headers.get(REQUEST_ID).and_then(|v| v.to_str().ok());
    let plain =
        |id: &&str| !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    sent.filter(plain).map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned)
}

fn locale(headers: &HeaderMap) -> Locale {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    header.map(Locale::from_accept_language).unwrap_or_default()
}

/// The path as logs may keep it: the address of a calendar opens it to whoever reads it.
fn shown(path: &str) -> &str {
    const CALENDARS: &str = "/api/v1/schedule/calendar/";
    if path.starts_with(CALENDARS) { CALENDARS } else { path }
}

/// Gives the request an id, a locale, a span and counters; gives the answer its diagnostics headers (IDN-106).
#[derive(Clone, Default)]
pub(super) struct Context {
    measures: Arc<Measures>,
}

impl Step for Context {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        let started = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let path = shown(uri.path());
        let context = RequestContext { id: request_id(request.headers()), locale: locale(request.headers()) };
        let id = context.id.clone();
        let (stats, statements) = (Arc::new(CacheStats::default()), Arc::new(AtomicU64::new(0)));
        let gym = request.headers().get("x-gym-id").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let span = tracing::info_span!("request", %id, %method, path, gym);

        let counted = REQUEST_STATS.scope(stats.clone(), STATEMENTS.scope(statements.clone(), next.run(request)));
        let mut response = REQUEST.scope(context, counted).instrument(span.clone()).await;

        let took = started.elapsed();
        let statements = statements.load(Relaxed);
        let route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        self.measures.record(&method, route, response.status(), took, statements);
        let (status, ms) = (response.status().as_u16(), took.as_secs_f64() * 1e3);
        span.in_scope(|| tracing::info!(status, ms, statements, "answered"));
        diagnostics(response.headers_mut(), &id, &method, path, took, &stats, statements);
        response
    }
}

/// Runs to its end even when whoever waits for it goes away: on a task of its own, which counts for this request.
///
/// # Errors
/// When it panicked.
pub(super) async fn detached<F>(run: F) -> Result<F::Output, JoinError>
where
    F: Future<Output: Send> + Send + 'static,
{
    let run = run.in_current_span();
    let (request, stats) = (REQUEST.try_with(Clone::clone), REQUEST_STATS.try_with(Clone::clone));
    let statements = STATEMENTS.try_with(Clone::clone);
    match (request, stats, statements) {
        (Ok(request), Ok(stats), Ok(statements)) => {
            let counted = REQUEST_STATS.scope(stats, STATEMENTS.scope(statements, run));
            tokio::spawn(REQUEST.scope(request, counted)).await
        }
        _ => tokio::spawn(run).await,
    }
}

fn diagnostics(
    headers: &mut HeaderMap,
    id: &str,
    method: &Method,
    path: &str,
    took: Duration,
    stats: &CacheStats,
    statements: u64,
) {
    let (hits, misses) = (stats.hits.load(Relaxed), stats.misses.load(Relaxed));
    let ratio = match (hits, hits + misses) {
        (_, 0) => HeaderValue::from_static("0.0%"),
        (hits, all) if hits == all => HeaderValue::from_static("100.0%"),
        (hits, all) => text(&format!("{:.1}%", 100.0 * hits as f64 / all as f64)),
    };
    let hundredths = (took.as_micros() + 5) / 10;
    let took_text = text(&format!("{}.{:02}ms", hundredths / 100, hundredths % 100));
    let mut set = |name: &'static str, value: HeaderValue| {
        headers.insert(HeaderName::from_static(name), value);
    };
    set("x-request-id", text(id));
    set("x-process-time", took_text);
    set("x-process-speed", HeaderValue::from_static(speed(took)));
    set("x-request-method", named(method));
    set("x-request-path", text(path));
    set("x-cache-hits", hits.into());
    set("x-cache-misses", misses.into());
    set("x-cache-hit-ratio", ratio);
    set("x-database-statements", statements.into());
}

fn named(method: &Method) -> HeaderValue {
    match *method {
        Method::GET => HeaderValue::from_static("GET"),
        Method::POST => HeaderValue::from_static("POST"),
        _ => text(method.as_str()),
    }
}

/// Empty when no header may say it.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

/// FAST ≤ 300 ms, MEDIUM > 300, SLOW > 700, VERY_SLOW > 1500 (IDN-106).
fn speed(took: Duration) -> &'static str {
    match took.as_millis() {
        0..=300 => "FAST",
        301..=700 => "MEDIUM",
        701..=1500 => "SLOW",
        _ => "VERY_SLOW",
    }
}

/// Puts the route that matched where the context can read it when the answer comes back.
#[derive(Clone, Copy)]
pub(super) struct RememberRoute;

impl Step for RememberRoute {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        let matched = request.extensions().get::<MatchedPath>().cloned();
        let mut response = next.run(request).await;
        if let Some(matched) = matched {
            response.extensions_mut().insert(matched);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idn_106_speed_classes() {
        for (ms, want) in [
            (0, "FAST"),
            (300, "FAST"),
            (301, "MEDIUM"),
            (700, "MEDIUM"),
            (701, "SLOW"),
            (1500, "SLOW"),
            (1501, "VERY_SLOW"),
        ] {
            assert_eq!(speed(Duration::from_millis(ms)), want);
        }
    }

    #[test]
    fn the_address_of_a_calendar_is_not_logged() {
        assert_eq!(shown("/api/v1/schedule/calendar/6f1d.ics"), "/api/v1/schedule/calendar/");
        assert_eq!(shown("/api/v1/schedule/calendar-feeds/me"), "/api/v1/schedule/calendar-feeds/me");
    }

    #[test]
    fn a_request_id_is_taken_over_only_when_it_is_plain() {
        let with = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
            request_id(&headers)
        };
        assert_eq!(with("abc-123"), "abc-123");
        assert_ne!(with("a b"), "a b");
        assert_ne!(with(&"x".repeat(65)).len(), 65);
    }
}

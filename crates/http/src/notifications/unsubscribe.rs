//! The page behind a mail's link. Looking at it changes nothing: mail programs follow links by themselves.
use crate::{
    ApiError, HostState, Problem,
    error::locale,
    extract::{Path, Query, Service},
};
use axum::{
    http::header,
    response::{Html, IntoResponse},
};
use domain::kernel::locale::Locale;
use serde::Deserialize;
use services::notifications::preferences::Preferences;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(ask, refuse))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Key {
    /// As the mail names it.
    key: String,
}

/// A page without anything from elsewhere; `content` is written here, nothing of it comes from outside.
fn page(content: &str) -> impl IntoResponse + use<> {
    let policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let language = match locale() {
        Locale::En => "en",
        Locale::Es => "es",
    };
    let page =
        format!("<!doctype html>\n<html lang=\"{language}\"><meta charset=\"utf-8\"><body>{content}</body></html>");
    (headers, Html(page))
}

/// Ask whether mails of a kind shall end
///
/// A page with a button.
#[utoipa::path(get, path = "/api/v1/notifications/unsubscribe/{notification_id}", tag = "notifications",
    operation_id = "notification_unsubscribe_page", params(("notification_id" = String, Path), Key),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
async fn ask(
    Path(id): Path<String>,
    Query(key): Query<Key>,
    Service(preferences): Service<dyn Preferences>,
) -> Result<impl IntoResponse, ApiError> {
    preferences.of_mail(&id, &key.key).await?;
    Ok(page(match locale() {
        Locale::En => "<form method=\"post\"><p>No more mails of this kind?</p><button>Unsubscribe</button></form>",
        Locale::Es => "<form method=\"post\"><p>¿No más correos de este tipo?</p><button>Darme de baja</button></form>",
    }))
}

/// End mails of a kind
///
/// Also what mail programs call by themselves when their reader unsubscribes (RFC 8058). Again, it is the same.
#[utoipa::path(post, path = "/api/v1/notifications/unsubscribe/{notification_id}", tag = "notifications",
    operation_id = "notification_unsubscribe", params(("notification_id" = String, Path), Key),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
async fn refuse(
    Path(id): Path<String>,
    Query(key): Query<Key>,
    Service(preferences): Service<dyn Preferences>,
) -> Result<impl IntoResponse, ApiError> {
    preferences.refuse_mail(&id, &key.key).await?;
    Ok(page(match locale() {
        Locale::En => "<p>You get no more mails of this kind.</p>",
        Locale::Es => "<p>No recibirás más correos de este tipo.</p>",
    }))
}

//! Which limits an operation counts against (IDN-104, and the limits named beside the operations).
use axum::http::Method;
use services::kernel::limit::RateClass;

/// Whose budget a request uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// The user when there is one, else the address.
    Caller,
    /// The address, whoever calls.
    Address,
}

const fn class(name: &'static str, max: u32) -> RateClass {
    RateClass::per_minute(name, max)
}

const LOGIN: RateClass = class("login", 5);
const REGISTER: [RateClass; 2] = [RateClass::per_hour("register_hour", 5), RateClass::per_day("register_day", 20)];
const PASSWORD: RateClass = class("password", 2);
const OTHER_AUTH: RateClass = class("other_auth", 10);
const AUTH_HOOK: RateClass = class("auth_webhook", 50);
const WEBHOOK: RateClass = class("webhook", 100);
const CHECK_EMAIL: RateClass = class("check_email_availability", 10);
const CHANGE_EMAIL: RateClass = class("initiate_email_change", 3);
const REGISTRATION_CHECK: RateClass = class("registration_check", 30);
/// Who holds the workers' key may ask often; who guesses it may not.
const WORKER: RateClass = class("worker", 600);
const PAYMENT: RateClass = class("payment", 10);
const SUBSCRIBE: RateClass = class("subscribe", 5);
const CHAT_WRITE: RateClass = class("chat_write", 30);
const CHAT_READ: RateClass = class("chat_read", 100);
/// ATT-19.
const CHECK_IN: RateClass = class("check_in", 30);
const UPLOAD: RateClass = class("upload", 10);
const DASHBOARD: RateClass = class("dashboard_summary", 30);
const STATS_COMPREHENSIVE: RateClass = class("stats_comprehensive", 10);
const STATS_FITNESS: RateClass = class("stats_fitness", 20);
const STATS_SOCIAL: RateClass = class("stats_social", 20);
const STATS_HEALTH: RateClass = class("stats_health", 15);
const STATS_REFRESH: RateClass = class("stats_refresh", 3);
const OTHER_WRITE: RateClass = class("other_write", 50);
const OTHER_READ: RateClass = class("other_read", 200);
const PUBLIC: RateClass = RateClass::per_hour("public", 500);

/// Whether the operation takes files.
pub(super) fn is_upload(method: &Method, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    *method == Method::POST
        && path.strip_prefix("/api/v1/").is_some_and(|path| path == "users/profile/image" || path.ends_with("/logo"))
}

/// The classes of an operation, none for what operators and probes call. `authenticated`: a valid token was shown.
pub(super) fn classes(method: &Method, path: &str, authenticated: bool) -> (Key, &'static [RateClass]) {
    let read = super::is_safe(method);
    let upload = is_upload(method, path);
    let Some(path) = path.strip_prefix("/api/v1/") else { return (Key::Caller, &[]) };
    if matches!(path, "docs" | "redoc" | "openapi.json") || path.starts_with("docs/") || *method == Method::OPTIONS {
        return (Key::Caller, &[]);
    }
    if let Some(auth) = path.strip_prefix("auth/") {
        return match auth {
            "register-gym-owner" | "register-trainer" => (Key::Address, &REGISTER),
            "token" | "login" | "login-redirect" => (Key::Address, &[LOGIN]),
            _ if auth.starts_with("webhook/") => (Key::Address, &[AUTH_HOOK]),
            _ if auth.starts_with("trainer/") => (Key::Address, &[REGISTRATION_CHECK]),
            _ if auth.contains("password") => (Key::Caller, &[PASSWORD]),
            _ => (Key::Caller, &[OTHER_AUTH]),
        };
    }
    match path {
        "users/check-email-availability" => return (Key::Address, &[CHECK_EMAIL]),
        "users/initiate-email-change" => return (Key::Caller, &[CHANGE_EMAIL]),
        _ if path.starts_with("worker/") => return (Key::Address, &[WORKER]),
        "attendance/check-in" if !read => return (Key::Caller, &[CHECK_IN]),
        // each by the user (specification of attendance, §4.3)
        "users/dashboard/summary" => return (Key::Caller, &[DASHBOARD]),
        "users/stats/comprehensive" => return (Key::Caller, &[STATS_COMPREHENSIVE]),
        "users/stats/fitness" => return (Key::Caller, &[STATS_FITNESS]),
        "users/stats/social" => return (Key::Caller, &[STATS_SOCIAL]),
        "users/stats/health" => return (Key::Caller, &[STATS_HEALTH]),
        "users/stats/refresh" => return (Key::Caller, &[STATS_REFRESH]),
        _ => {}
    }
    let classes: &'static [RateClass] = if path.starts_with("webhooks/") {
        &[WEBHOOK]
    } else if upload {
        &[UPLOAD]
    } else if !read && (path.contains("checkout") || path.contains("payment")) {
        &[PAYMENT]
    } else if !read && path.starts_with("memberships") && (path.contains("subscri") || path.ends_with("memberships")) {
        &[SUBSCRIBE]
    } else if path.starts_with("chat/") {
        if read { &[CHAT_READ] } else { &[CHAT_WRITE] }
    } else if !authenticated {
        &[PUBLIC]
    } else if read {
        &[OTHER_READ]
    } else {
        &[OTHER_WRITE]
    };
    (Key::Caller, classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(method: Method, path: &str, authenticated: bool) -> Vec<&'static str> {
        classes(&method, path, authenticated).1.iter().map(|c| c.name).collect()
    }

    #[test]
    fn idn_104_operations_and_their_classes() {
        for (method, path, user, want) in [
            (Method::POST, "/api/v1/auth/token", false, vec!["login"]),
            (Method::POST, "/api/v1/auth/register-trainer", false, vec!["register_hour", "register_day"]),
            (Method::POST, "/api/v1/auth/webhook/user-created", false, vec!["auth_webhook"]),
            (Method::GET, "/api/v1/auth/me", true, vec!["other_auth"]),
            (Method::GET, "/api/v1/gyms/", false, vec!["public"]),
            (Method::GET, "/api/v1/gyms/my", true, vec!["other_read"]),
            (Method::PUT, "/api/v1/users/profile", true, vec!["other_write"]),
            (Method::POST, "/api/v1/users/profile/image", true, vec!["upload"]),
            (Method::POST, "/api/v1/gyms/7/logo", true, vec!["upload"]),
            (Method::DELETE, "/api/v1/gyms/7/logo", true, vec!["other_write"]),
            (Method::POST, "/api/v1/webhooks/stripe", false, vec!["webhook"]),
            (Method::POST, "/api/v1/chat/rooms", true, vec!["chat_write"]),
            (Method::GET, "/api/v1/chat/rooms", true, vec!["chat_read"]),
            (Method::POST, "/api/v1/attendance/check-in", true, vec!["check_in"]),
            (Method::GET, "/api/v1/users/dashboard/summary", true, vec!["dashboard_summary"]),
            (Method::GET, "/api/v1/users/dashboard/health", false, vec!["public"]),
            (Method::POST, "/api/v1/users/stats/refresh", true, vec!["stats_refresh"]),
            (Method::POST, "/api/v1/worker/event-chat", false, vec!["worker"]),
            (Method::GET, "/metrics", false, vec![]),
            (Method::GET, "/api/v1/openapi.json", false, vec![]),
            (Method::OPTIONS, "/api/v1/auth/token", false, vec![]),
        ] {
            assert_eq!(names(method.clone(), path, user), want, "{method} {path}");
        }
    }
}

//! Operations of check-in, attendance, achievements, dashboard, statistics, health and goals.
mod achievements;
mod check_in;
mod dashboard;
mod goals;
mod health;
mod last_attendance;
mod qr_code;
mod statistics;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(achievements::routes())
        .merge(check_in::routes())
        .merge(last_attendance::routes())
        .merge(qr_code::routes())
        .merge(dashboard::routes())
        .merge(goals::routes())
        .merge(health::routes())
        .merge(statistics::routes())
}

//! Operations of check-in, attendance and achievements.
mod achievements;
mod check_in;
mod last_attendance;
mod qr_code;
//! Operations of the dashboard, statistics, health and goals.
mod dashboard;
mod goals;
mod health;
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

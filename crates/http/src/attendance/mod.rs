//! Operations of the dashboard, statistics, health and goals.
mod dashboard;
mod goals;
mod health;
mod statistics;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(dashboard::routes())
        .merge(goals::routes())
        .merge(health::routes())
        .merge(statistics::routes())
}

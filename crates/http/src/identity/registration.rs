use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
}

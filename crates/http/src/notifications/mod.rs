//! Operations of devices, announcements, and what people were told.
mod announcements;
mod devices;
mod inbox;
mod preferences;
mod segments;
mod settings;
mod unsubscribe;

use crate::HostState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .merge(devices::routes())
        .merge(announcements::routes())
        .merge(inbox::routes())
        .merge(preferences::routes())
        .merge(segments::routes())
        .merge(settings::routes())
        .merge(unsubscribe::routes())
}

//! When a gym is open, which classes it holds, and who takes part in them.
pub mod attendance_marks;
pub mod attended;
pub(crate) mod audience;
pub mod bookings;
pub mod calendar;
pub mod categories;
pub mod classes;
pub(crate) mod figures;
pub mod hours;
mod no_show;
pub(crate) mod notice;
mod notice_delivery;
pub mod participation_views;
pub mod placing;
pub mod recurring;
pub mod reviews;
pub mod seating;
mod session_change;
pub mod session_lists;
pub mod sessions;
pub mod settings;
pub mod special_days;
#[cfg(feature = "testing")]
mod stage;
mod timetable;
pub mod upkeep;
pub mod view;
pub mod waitlist;

use crate::{
    Core,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(notice_delivery::NoticeDelivery::new(core))]
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core) -> Vec<Arc<dyn Job>> {
    vec![
        Arc::new(upkeep::SessionLifecycle::new(core)),
        Arc::new(upkeep::ClassReminders::new(core)),
        Arc::new(upkeep::ParticipantRecount::new(core)),
        no_show::job(core),
        waitlist::job(core),
    ]
}

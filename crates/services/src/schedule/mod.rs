//! When a gym is open, which classes it holds, and who takes part in them.
pub mod attendance_marks;
pub mod attended;
pub mod bookings;
pub mod hours;
pub mod categories;
pub mod classes;
pub mod calendar;
pub(crate) mod figures;
pub(crate) mod notice;
pub mod reviews;
pub(crate) mod seating;
pub mod settings;
pub mod special_days;
mod notice_delivery;
pub mod placing;
pub mod recurring;
pub(crate) mod seating;
mod session_change;
pub mod session_lists;
pub mod sessions;
mod timetable;
pub mod upkeep;
pub mod view;

use crate::{
    Core, Ports,
    kernel::{relay::EffectHandler, scheduler::Job},
};
use std::sync::Arc;

/// What delivers the effects of this context.
pub(crate) fn effect_handlers(core: &Core, ports: &Ports) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(notice_delivery::NoticeDelivery::new(core, ports))]
}

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core) -> Vec<Arc<dyn Job>> {
    vec![
        Arc::new(upkeep::SessionLifecycle::new(core)),
        Arc::new(upkeep::ClassReminders::new(core)),
        Arc::new(upkeep::ParticipantRecount::new(core)),
    ]
mod no_show;
pub(crate) mod notice;
pub mod participation_views;
pub(crate) mod seating;
#[cfg(feature = "testing")]
mod stage;
pub mod view;
pub mod waitlist;

use crate::{Core, kernel::scheduler::Job};
use std::sync::Arc;

/// What this context does by the clock.
pub(crate) fn jobs(core: &Core) -> Vec<Arc<dyn Job>> {
    vec![no_show::job(core), waitlist::job(core)]
}

//! When a gym is open, which classes it holds, and who takes part in them.
pub mod attendance_marks;
pub mod attended;
pub mod bookings;
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

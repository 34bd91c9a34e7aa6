//! Repositories of events, of who takes part in them, and of what they pay.
pub mod accounts;
pub mod claims;
#[allow(clippy::module_inception, reason = "the noun itself, beside what belongs to it")]
pub mod events;
pub mod invariants;
pub mod participations;
pub mod refund_tasks;
pub mod seats;
pub mod upkeep;

use crate::SeaRepo;
use domain::events::event;

pub type SeaEvents = SeaRepo<event::Entity>;

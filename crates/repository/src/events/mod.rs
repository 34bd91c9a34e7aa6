//! Repositories of events and of who takes part in them.
pub mod events;
pub mod upkeep;

use crate::SeaRepo;
use domain::events::event;

pub type SeaEvents = SeaRepo<event::Entity>;

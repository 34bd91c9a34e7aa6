//! Repositories of chat rooms.
pub mod rooms;

use crate::SeaRepo;
use domain::chat::room;

pub type SeaChatRooms = SeaRepo<room::Entity>;

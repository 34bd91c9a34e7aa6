//! The nouns of a gym: rows, typed ids, inputs, and the decisions about them as pure functions.
//!
//! No I/O and no driver: a sea-orm entity *is* the domain row, and everything here can be tested with plain values.
#![allow(clippy::disallowed_methods)] // sea-orm's derives expand to find/update/delete

pub mod attendance;
pub mod billing;
pub mod chat;
pub mod events;
pub mod identity;
pub mod kernel;
pub mod notifications;
pub mod schedule;

pub use kernel::ids::*;

//! Where a gym's people talk.
pub mod room;

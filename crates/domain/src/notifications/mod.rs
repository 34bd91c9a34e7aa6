//! What people are told, on which channel, and their devices.
pub mod announcement;
pub mod audience;
pub mod dedupe;
pub mod device;
pub mod kind;
pub mod notification;
pub mod preference;
pub mod recipient;
pub mod segment;
pub mod settings;

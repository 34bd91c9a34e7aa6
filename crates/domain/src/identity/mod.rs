//! People, gyms, who belongs where and as what.
pub mod claims;
pub mod follow;
pub mod gym;
pub mod gym_module;
pub mod hook_event;
pub mod membership;
pub mod module;
pub mod qr_code;
pub mod registration;
pub mod relationship;
pub mod role;
pub mod subdomain;
pub mod user;
pub mod workspace;

pub use claims::Claims;
pub use role::{GymRole, PlatformRole};

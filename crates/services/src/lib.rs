//! Use cases. A method takes the caller's context first and says in its first line who may; it loads, decides, writes
//! and commits, and then drops what the change made stale. It knows no HTTP.
//!
//! Each service is a trait, held as `Arc<dyn …>`, and one implementation over [`Core`].
pub mod access;
pub mod assembly;
pub mod attendance;
pub mod chat;
pub mod core;
pub mod error;
pub mod events;
pub mod identity;
pub mod kernel;
pub mod notifications;
pub mod schedule;

pub use access::{Actor, Caller, Gatekeeper, Identity, Reach};
pub use assembly::{Ports, Services, Settings};
pub use core::{Core, Stores};
pub use error::{Error, Refusal, Result};
pub use repository::{Page, STATEMENTS, events::events::EventFilter, identity::user::UserFilter};

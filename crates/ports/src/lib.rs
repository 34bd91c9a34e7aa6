//! What GymAPI needs from outside, as traits.
//!
//! Each port comes with an embedded implementation (in this process, no server) or a null one, so that the system
//! runs with nothing beside it; the crates under `adapters/` implement the same traits for real systems, and one
//! contract test per port runs over every implementation.
pub mod cache;
pub mod chat;
pub mod clock;
pub mod counter;
pub mod identity;
pub mod image;
pub mod mail;
pub mod one_time;
pub mod pace;
pub mod payments;
pub mod push;
pub mod queue;
pub mod secret;
pub mod storage;

pub use cache::{Cache, CacheError, CacheFront, MemoryCache, Ns};
pub use chat::{Chat, MemoryChat, NoChat};
pub use clock::{Clock, FixedClock, SystemClock};
pub use counter::{Counter, MemoryCounter};
pub use identity::{IdentityProvider, NoIdentityProvider, OAuthProxy, TokenError, TokenVerifier};
pub use mail::{Mailer, NullMailer};
pub use one_time::{MemoryOneTimeStore, OneTimeStore};
pub use pace::Pace;
pub use payments::{NoPayments, Payments};
pub use push::{NullPush, Push};
pub use queue::{MemoryQueue, Queue};
pub use secret::Secret;
pub use storage::{ObjectStore, StorageError};

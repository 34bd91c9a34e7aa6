//! Repositories over sea-orm. They run statements and return rows; they never begin or commit.
//!
//! [`Conn`] is what a repository runs on, [`Db`] what a service holds, [`Tx`] an open transaction. A statement on a
//! tenant's table can be started only from [`scope`], which wants the gym.
pub mod attendance;
pub mod chat;
mod conn;
mod db;
mod error;
pub mod events;
mod exclusive;
pub mod hot;
pub mod identity;
pub mod kernel;
pub mod notifications;
mod page;
mod row;
pub mod schedule;
pub mod scope;

pub use conn::{Conn, STATEMENTS, Tx};
pub use db::{Db, DbOptions};
pub use error::{Retryable, StoreError};
pub use page::Page;
#[cfg(feature = "testing")]
pub use row::{MockRepo, MockRepository};
pub use row::{Repo, Repository, SeaRepo, TenantRow};

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

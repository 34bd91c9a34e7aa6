//! What the tests of every crate stand on: throw-away databases, worlds built in one line, and the addresses of the
//! real servers that `cargo xtask test` starts.
pub mod accounts;
pub mod app;
#[cfg(feature = "browser")]
pub mod browser;
pub mod cache_contract;
pub mod crowd;
pub mod database;
pub mod events;
pub mod form;
pub mod gate;
pub mod images;
pub mod login;
pub mod mail;
pub mod own;
pub mod plans;
pub mod push;
pub mod queue_contract;
pub mod schedule;
pub mod servers;
pub mod storage_contract;
pub mod world;

//! What the tests of every crate stand on: throw-away databases, worlds built in one line, and the addresses of the
//! real servers that `cargo xtask test` starts.
pub mod cache_contract;
pub mod queue_contract;
pub mod database;
pub mod servers;
pub mod world;
pub mod storage_contract;

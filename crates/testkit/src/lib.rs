//! What the tests of every crate stand on: throw-away databases, worlds built in one line, and the addresses of the
//! real servers that `cargo xtask test` starts.
pub mod servers;

#![doc = include_str!("../README.md")]
mod cache;
mod connections;
mod counter;
mod keys;
mod near;
mod one_time;
mod store;
mod watch;

pub use store::RedisStore;

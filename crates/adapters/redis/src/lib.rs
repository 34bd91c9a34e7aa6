#![doc = include_str!("../README.md")]
mod cache;
mod connections;
mod counter;
mod keys;
mod one_time;
mod store;

pub use store::RedisStore;

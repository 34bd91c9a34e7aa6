#![doc = include_str!("../README.md")]
mod call;
mod dead_letter;
mod options;
mod queue;
mod removal;
mod send;
mod setup;

pub use options::SqsOptions;
pub use queue::SqsQueue;

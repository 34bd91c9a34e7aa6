#![doc = include_str!("../README.md")]
mod answer;
mod breaker;
mod idempotency_key;
mod notification;
mod one_signal;
mod options;

pub use one_signal::{OneSignal, SetUpError};
pub use options::{Api, OneSignalOptions};
pub use ports::Secret;

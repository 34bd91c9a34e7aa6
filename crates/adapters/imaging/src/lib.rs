#![doc = include_str!("../README.md")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "allowed for this crate's pixel arithmetic; each narrowing cast says why it keeps its value"
)]

mod colour;
mod decode;
mod encode;
mod format;
mod imaging;
mod jpeg;
mod pool;
mod processing;
mod resize;
mod size;

pub use imaging::Imaging;

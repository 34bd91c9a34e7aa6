//! What happens when parts of an installation die, with real processes: nothing committed is lost, nothing is
//! delivered to nobody, every answer in the meantime is right or a clear 503, and it recovers by itself.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]
mod delivery;
mod exactly_once;
mod harness;
mod lease;
mod postgres;
mod redis;
mod seats;
mod shutdown;
mod start;
mod stores;
mod upload;

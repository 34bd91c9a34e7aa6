//! What services share: cache keys, effects, their relay and their dead, scheduled jobs, limits, idempotency,
//! uploaded files, turns at what many want, and what gives way to requests.
pub mod cache_key;
pub mod dead_effects;
pub mod departure;
pub mod effect;
pub mod idempotency;
pub mod limit;
pub mod operators;
pub mod relay;
pub mod scheduler;
pub mod spool;
pub mod turns;
pub mod underway;
pub mod upkeep;
pub mod upload;

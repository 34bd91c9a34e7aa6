//! What operators meet: real processes over real databases.
mod outbox;
mod probes;
mod process;
mod start;

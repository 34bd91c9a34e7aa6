//! Repositories of events, of who takes part in them, and of what they pay.
pub mod accounts;
pub mod claims;
pub mod participations;
pub mod refund_tasks;
pub mod seats;

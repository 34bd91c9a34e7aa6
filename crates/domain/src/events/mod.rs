//! Events, who takes part in them, and what they pay.
pub mod admission;
pub mod event;
pub mod participation;
pub mod payment;
pub mod refund;
pub mod refund_task;
pub mod terms;

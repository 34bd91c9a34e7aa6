//! Events, who takes part in them, and what they pay.
pub mod event;
pub mod participation;
pub mod refund_task;
pub mod terms;

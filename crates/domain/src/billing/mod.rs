//! What people pay, to whom.
pub mod event_credit;
pub mod stripe_account;
pub mod stripe_profile;

//! When a gym is open, which classes it holds, and who takes part in them.
pub mod attended;
pub mod bookings;
pub(crate) mod figures;
pub(crate) mod notice;
pub(crate) mod seating;
pub mod view;

//! When a gym is open, which classes it holds, and who takes part in them.
pub mod attended;
pub mod bookings;
pub mod hours;
pub mod categories;
pub mod classes;
pub(crate) mod notice;
pub mod reviews;
pub(crate) mod seating;
pub mod settings;
pub mod special_days;
pub mod view;

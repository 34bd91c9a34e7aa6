//! When a gym is open, which classes it holds, and who takes part in them.
pub mod attendance_mark;
pub mod booking;
pub mod calendar_feed;
pub mod cancellation;
pub mod category;
pub mod class;
pub mod hours;
pub mod lifecycle;
pub mod opening_hours;
pub mod participation;
pub mod recurrence;
pub mod review;
pub mod session;
pub mod settings;
pub mod special_day;
pub mod waitlist;

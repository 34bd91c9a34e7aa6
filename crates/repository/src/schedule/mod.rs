//! Repositories of opening hours, classes, sessions and bookings.
pub mod calendar;
pub mod categories;
pub mod classes;
pub mod figures;
pub mod hours;
pub mod invariants;
pub mod participations;
pub mod reviews;
pub mod seat_state;
pub mod seats;
pub mod sessions;
pub mod settings;
pub mod upkeep;
pub mod waitlist;

use crate::SeaRepo;
use domain::schedule::{
    calendar_feed, cancellation, category, class, opening_hours, participation, review, session, settings as decisions,
    special_day, waitlist as places,
};

pub type SeaOpeningHours = SeaRepo<opening_hours::Entity>;
pub type SeaSpecialDays = SeaRepo<special_day::Entity>;
pub type SeaScheduleSettings = SeaRepo<decisions::Entity>;
pub type SeaCategories = SeaRepo<category::Entity>;
pub type SeaClasses = SeaRepo<class::Entity>;
pub type SeaSessions = SeaRepo<session::Entity>;
pub type SeaParticipations = SeaRepo<participation::Entity>;
pub type SeaWaitlist = SeaRepo<places::Entity>;
pub type SeaCancellations = SeaRepo<cancellation::Entity>;
pub type SeaReviews = SeaRepo<review::Entity>;
pub type SeaCalendarFeeds = SeaRepo<calendar_feed::Entity>;

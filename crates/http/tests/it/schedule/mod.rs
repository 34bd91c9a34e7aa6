mod bookings;
mod categories;
mod classes;
mod reviews;

mod bookings;
mod calendar;

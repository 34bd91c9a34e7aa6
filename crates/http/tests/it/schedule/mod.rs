mod bookings;
mod departure;

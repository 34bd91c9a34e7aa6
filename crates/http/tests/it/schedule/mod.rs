mod bookings;

mod attendance;
mod booking_rules;
mod bookings;
mod cast;
mod interleavings;
mod load;
mod participations;
mod waitlist;

mod bookings;
mod departure;
mod conventions;
mod hours;
mod settings;
mod special_days;

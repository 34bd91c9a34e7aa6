mod bookings;
mod conventions;
mod hours;
mod settings;
mod special_days;

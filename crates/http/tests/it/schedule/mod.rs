mod bookings;
mod notices;
mod recurring;
mod session_end;
mod session_lists;
mod session_overlap;
mod session_upkeep;
mod sessions;

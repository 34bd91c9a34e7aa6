//! The API, called over a real database.
mod identity;
mod isolation;

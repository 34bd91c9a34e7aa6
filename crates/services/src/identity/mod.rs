//! People, gyms, memberships: who signs in, who sees whom, who changes what.
pub mod app_access;
pub mod gatekeeper;
pub mod people;
pub mod profile;
pub mod sign_in;
pub mod view;

#![doc = include_str!("../README.md")]
mod account;
mod login;
mod management;
mod management_token;
mod response;
mod role;

pub use login::{Auth0Login, LoginOptions};
pub use management::{Auth0Management, ManagementOptions};
pub use ports::Secret;

#![doc = include_str!("../README.md")]
mod connections;
mod fault;
mod mailer;
mod message;
mod options;

pub use mailer::{SetUpError, SmtpMailer};
pub use options::{Login, SmtpOptions};
pub use ports::Secret;

#![doc = include_str!("../README.md")]

mod builder;
mod dev_login;
mod readiness;
pub mod seed;

pub use builder::{BuildError, Builder, GymApi, migrate};
pub use dev_login::DevLogin;
pub use readiness::Gauge;

/// The nouns: rows, ids, inputs, decisions.
pub use domain;
/// The HTTP layer: extractors for operations of your own, and the router's parts.
pub use http_api as http;
/// What the system needs from outside, as traits to implement.
pub use ports;
/// The use cases, callable without HTTP.
pub use services;

pub use repository::{Db, DbOptions, StoreError};

/// Implementations of the ports for real systems.
pub mod adapters {
    pub use adapter_auth0 as auth0;
    pub use adapter_imaging as imaging;
    pub use adapter_oidc as oidc;
    pub use adapter_onesignal as onesignal;
    pub use adapter_redis as redis;
    pub use adapter_smtp as smtp;
    pub use adapter_sqs as sqs;
    pub use adapter_storage as storage;
}

#![doc = include_str!("../README.md")]
mod dev_issuer;
mod key_ring;
mod key_set;
mod key_source;
mod options;
mod signing_key;
mod token;
mod verified_tokens;
mod verifier;

pub use dev_issuer::{DevIssuer, DevIssuerOptions};
pub use key_source::FetchError;
pub use options::{KeySource, Options};
pub use signing_key::KeyFileError;
pub use verifier::JwksVerifier;

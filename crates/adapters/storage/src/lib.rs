#![doc = include_str!("../README.md")]

mod fault;
mod local;
mod options;
mod retry;
mod s3;
mod transport;
mod upload;

pub use local::LocalStore;
pub use options::{S3Options, SupabaseAccess};
pub use retry::RetryPolicy;
pub use s3::S3Store;

//! The OpenAPI document of the API, made from its handlers without a server.
use crate::services::say;
use std::process::ExitCode;

pub fn run() -> anyhow::Result<ExitCode> {
    say(&format!("{:#}", gymapi::http::document()));
    Ok(ExitCode::SUCCESS)
}

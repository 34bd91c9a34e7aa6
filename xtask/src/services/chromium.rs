//! Chromium, for the tests of pages. Each starts one of its own, with an empty profile.
use super::Started;
use super::process::Launch;
use super::tools::{Tools, find};
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::PathBuf;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub fn start(tools: &Tools, _: &Launch) -> anyhow::Result<Started> {
    let binary = match installed() {
        Some(binary) => binary,
        None => {
            tools.apt("chromium").context("no Chromium in PATH")?;
            installed().context("the package chromium brought no chromium")?
        }
    };
    let address = binary.display().to_string();
    let environment = BTreeMap::from([("GYMAPI_TEST_CHROMIUM".to_owned(), address.clone())]);
    Ok(Started { process: None, address, environment })
}

fn installed() -> Option<PathBuf> {
    NAMES.into_iter().find_map(find)
}

//! prism over the vendor's own document in the place of OneSignal, behind a front that demands the key as OneSignal does.
//! It keeps no state.
use super::Started;
use super::contract;
use super::process::{Launch, free_port, speaks_http};
use super::tools::Tools;
use std::collections::BTreeMap;
use std::process::Command;

const SCRIPT: &str = include_str!("../../standins/onesignal.mjs");

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let document = contract::document("onesignal", "onesignal.yaml")?;
    let folder = tools.npm("@stoplight/prism-cli", "5.16.0")?;
    let script = launch.scratch.join("onesignal.mjs");
    std::fs::write(&script, SCRIPT)?;
    let inner = free_port()?;
    let mut command = Command::new("node");
    command.arg(&script).args([launch.port.to_string(), inner.to_string()]);
    command.arg(folder.join("node_modules/.bin/prism")).arg(document);
    let process = launch.spawn(&mut command)?;
    launch.wait(&process, || speaks_http(inner) && speaks_http(launch.port))?;
    let address = format!("http://127.0.0.1:{}", launch.port);
    let environment = BTreeMap::from([("GYMAPI_TEST_ONESIGNAL_URL".to_owned(), address.clone())]);
    Ok(Started { process: Some(process), address, environment })
}

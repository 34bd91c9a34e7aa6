//! An OpenID issuer that signs whatever it is asked to.
use super::Started;
use super::process::{Launch, speaks_http};
use super::tools::Tools;
use std::collections::BTreeMap;
use std::process::Command;

const SCRIPT: &str = include_str!("../../standins/oidc.mjs");

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let folder = tools.npm("oauth2-mock-server", "9.3.0")?;
    let script = folder.join("serve.mjs");
    std::fs::write(&script, SCRIPT)?;
    let process = launch.spawn(Command::new("node").arg(&script).arg(launch.port.to_string()))?;
    launch.wait(&process, || speaks_http(launch.port))?;
    let address = format!("http://127.0.0.1:{}", launch.port);
    let environment = BTreeMap::from([("GYMAPI_TEST_OIDC_URL".to_owned(), address.clone())]);
    Ok(Started { process: Some(process), address, environment })
}

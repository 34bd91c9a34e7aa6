//! fauxqs in the place of SQS: it keeps FIFO order, deduplication, visibility and dead-letter queues as AWS does.
use super::Started;
use super::process::{Launch, speaks_http};
use super::tools::Tools;
use std::collections::BTreeMap;
use std::process::Command;

/// fauxqs's own command listens on every interface, so a script binds it to loopback.
const SCRIPT: &str = include_str!("../../standins/sqs.mjs");

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let folder = tools.npm("fauxqs", "1.9.2")?;
    // node resolves a package from the importing script's own folder
    let script = folder.join("serve.mjs");
    std::fs::write(&script, SCRIPT)?;
    let process = launch.spawn(Command::new("node").arg(&script).arg(launch.port.to_string()))?;
    launch.wait(&process, || speaks_http(launch.port))?;
    let address = format!("http://127.0.0.1:{}", launch.port);
    let environment = BTreeMap::from([("GYMAPI_TEST_SQS_URL".to_owned(), address.clone())]);
    Ok(Started { process: Some(process), address, environment })
}

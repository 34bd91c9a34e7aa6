//! Redis, without persistence.
use super::Started;
use super::process::{Launch, speaks};
use super::tools::{Tools, find};
use anyhow::Context;
use std::collections::BTreeMap;
use std::process::Command;

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let binary = match find("redis-server") {
        Some(binary) => binary,
        None => {
            tools.apt("redis-server").context("no redis-server in PATH")?;
            find("redis-server").context("the package redis-server brought no redis-server")?
        }
    };
    let port = launch.port.to_string();
    let mut command = Command::new(&binary);
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
    let process = launch.spawn(command.arg(&launch.scratch))?;
    launch.wait(&process, || speaks(launch.port, "PING\r\n", "+PONG"))?;
    let address = format!("redis://127.0.0.1:{port}");
    let environment = BTreeMap::from([
        ("GYMAPI_TEST_REDIS_URL".to_owned(), address.clone()),
        ("GYMAPI_TEST_REDIS_BIN".to_owned(), binary.display().to_string()),
    ]);
    Ok(Started { process: Some(process), address, environment })
}

//! An SMTP sink: takes every message and lists over HTTP what it took.
use super::Started;
use super::process::{Launch, free_port, speaks, speaks_http};
use super::tools::Tools;
use std::collections::BTreeMap;
use std::process::Command;

const SCRIPT: &str = include_str!("../../standins/smtp.py");

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let python = tools.python("aiosmtpd", "1.4.6")?;
    let script = launch.scratch.join("smtp.py");
    std::fs::write(&script, SCRIPT)?;
    let list = free_port()?;
    let mut command = Command::new(python);
    command.arg(&script).args([launch.port.to_string(), list.to_string()]);
    let process = launch.spawn(&mut command)?;
    launch.wait(&process, || speaks(launch.port, "", "220 ") && speaks_http(list))?;
    let address = format!("127.0.0.1:{}", launch.port);
    let environment = BTreeMap::from([
        ("GYMAPI_TEST_SMTP_ADDR".to_owned(), address.clone()),
        ("GYMAPI_TEST_SMTP_API".to_owned(), format!("http://127.0.0.1:{list}/messages")),
    ]);
    Ok(Started { process: Some(process), address: format!("smtp://{address}"), environment })
}

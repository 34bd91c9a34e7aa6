//! s3s-fs in the place of S3: it checks signatures and honours conditional writes. A bucket is a folder; clients create
//! it by the API.
use super::Started;
use super::process::{Launch, speaks_http};
use super::tools::Tools;
use std::collections::BTreeMap;
use std::process::Command;

const ACCESS_KEY: &str = "gymapi-test";
const SECRET_KEY: &str = "gymapi-test-secret";

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let binary = tools.cargo("s3s-fs", "0.14.1", &["binary"])?;
    let port = launch.port.to_string();
    let mut command = Command::new(binary);
    command.args(["--host", "127.0.0.1", "--port", &port, "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]);
    let process = launch.spawn(command.arg(&launch.scratch))?;
    launch.wait(&process, || speaks_http(launch.port))?;
    let address = format!("http://127.0.0.1:{port}");
    let environment = BTreeMap::from([
        ("GYMAPI_TEST_S3_URL".to_owned(), address.clone()),
        ("GYMAPI_TEST_S3_ACCESS_KEY".to_owned(), ACCESS_KEY.to_owned()),
        ("GYMAPI_TEST_S3_SECRET_KEY".to_owned(), SECRET_KEY.to_owned()),
    ]);
    Ok(Started { process: Some(process), address, environment })
}

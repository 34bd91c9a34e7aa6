//! prism over the vendor's own document in the place of Auth0's Management API: it refuses requests that the document
//! does not allow, and answers with the document's examples. It keeps no state, and its paths lack `/api/v2`.
use super::Started;
use super::contract;
use super::process::{Launch, speaks_http};
use super::tools::Tools;
use std::collections::BTreeMap;
use std::process::Command;

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let document = contract::document("auth0", "auth0-management.json")?;
    let folder = tools.npm("@stoplight/prism-cli", "5.16.0")?;
    let mut command = Command::new(folder.join("node_modules/.bin/prism"));
    command.arg("mock").arg(document).args(["-h", "127.0.0.1", "-p", &launch.port.to_string()]);
    let process = launch.spawn(&mut command)?;
    launch.wait(&process, || speaks_http(launch.port))?;
    let address = format!("http://127.0.0.1:{}", launch.port);
    let environment = BTreeMap::from([("GYMAPI_TEST_AUTH0_URL".to_owned(), address.clone())]);
    Ok(Started { process: Some(process), address, environment })
}

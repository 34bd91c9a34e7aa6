//! prism over the vendor's own document in the place of Auth0's Management API: it refuses requests that the document
//! does not allow, and answers with the document's examples. It keeps no state, and its paths lack `/api/v2`.
//!
//! The document belongs to the vendor. It is looked for beside the tests of the adapter, then in `GYMAPI_CONTRACTS`,
//! by default `../shared/contracts`.
use super::Started;
use super::process::{Launch, speaks_http};
use super::tools::Tools;
use crate::workspace;
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

const DOCUMENT: &str = "auth0-management.json";

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    let document = document().with_context(|| {
        format!("no {DOCUMENT}: set GYMAPI_CONTRACTS to the folder that holds Auth0's published OpenAPI document")
    })?;
    let folder = tools.npm("@stoplight/prism-cli", "5.16.0")?;
    let mut command = Command::new(folder.join("node_modules/.bin/prism"));
    command.arg("mock").arg(document).args(["-h", "127.0.0.1", "-p", &launch.port.to_string()]);
    let process = launch.spawn(&mut command)?;
    launch.wait(&process, || speaks_http(launch.port))?;
    let address = format!("http://127.0.0.1:{}", launch.port);
    let environment = BTreeMap::from([("GYMAPI_TEST_AUTH0_URL".to_owned(), address.clone())]);
    Ok(Started { process: Some(process), address, environment })
}

fn document() -> Option<PathBuf> {
    let root = workspace::root();
    let named = std::env::var_os("GYMAPI_CONTRACTS").map_or_else(|| root.join("../shared/contracts"), PathBuf::from);
    [root.join("crates/adapters/auth0/tests/data"), named]
        .into_iter()
        .map(|folder| folder.join(DOCUMENT))
        .find(|place| place.is_file())
}

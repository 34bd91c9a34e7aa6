//! The load's process, from outside.
use super::{drive, release::Programs, scenario::Scenario};
use anyhow::{Context, bail};
use std::{net::SocketAddr, path::Path, process::Stdio};
use tokio::process::{Child, Command};

/// A load that runs; it ends with this value.
pub struct Load(Child);

impl Load {
    /// Sends the scenario's requests, which are in this file.
    pub fn start(
        programs: &Programs,
        address: SocketAddr,
        scenario: &Scenario,
        requests: &Path,
        connections: usize,
        seconds: f64,
    ) -> anyhow::Result<Self> {
        let expect: Vec<String> = scenario.expect.iter().map(u16::to_string).collect();
        let mut command = Command::new(&programs.xtask);
        command.args(["bench", "drive", "--address", &address.to_string(), "--requests"]).arg(requests);
        command.args(["--connections", &connections.to_string(), "--seconds", &seconds.to_string()]);
        command.args(["--expect", &expect.join(",")]);
        if scenario.halves.is_some() {
            command.arg("--pairs");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Ok(Self(command.spawn().context("cannot start the load")?))
    }

    /// What it measured, when it is over.
    ///
    /// # Errors
    /// When an answer was not the expected one, or none came.
    pub async fn outcome(self) -> anyhow::Result<drive::Outcome> {
        let output = self.0.wait_with_output().await?;
        if !output.status.success() {
            bail!("the load broke off: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let outcome: drive::Outcome = serde_json::from_slice(&output.stdout).context("the load's own figures")?;
        if outcome.requests == 0 {
            bail!("no request was answered");
        }
        Ok(outcome)
    }
}

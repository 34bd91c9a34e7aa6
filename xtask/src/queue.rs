//! What failed too often in the queue, as the server's own command shows it.
use crate::workspace;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Arguments {
    /// `dead` or `replay`, and what follows: see `gymapi-server queue --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<String>,
}

/// Runs the server's command, with its configuration from the environment.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "-p", "gymapi-server", "--", "queue"]).args(&arguments.command);
    Ok(if command.status()?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

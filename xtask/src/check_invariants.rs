//! Asks a database what must hold of it, whatever the system was doing.
use crate::{migrate::open, services::say};
use repository::schedule::invariants::{self, Severity};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Arguments {
    /// postgres://… or sqlite://…; may be in use
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

/// Prints what does not hold, a line each; fails when any of it is an error.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let db = open(&arguments.database_url, 1).await?;
        let broken = invariants::broken(&db).await?;
        db.close().await;
        for line in &broken {
            say(&line.to_string());
        }
        let errors = broken.iter().filter(|line| line.severity == Severity::Error).count();
        say(&format!("{errors} errors, {} warnings", broken.len() - errors));
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

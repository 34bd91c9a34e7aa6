//! Asks a database what must hold of it, whatever the system was doing.
use crate::{migrate::open, services::say};
use repository::{events::invariants as events, schedule::invariants as schedule};
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
        let of_sessions = schedule::broken(&db).await?;
        let of_events = events::broken(&db).await?;
        db.close().await;
        let sessions = of_sessions.iter().map(|line| (line.severity == schedule::Severity::Error, line.to_string()));
        let events = of_events.iter().map(|line| (line.severity == events::Severity::Error, line.to_string()));
        let (mut errors, mut warnings) = (0, 0);
        for (is_error, line) in sessions.chain(events) {
            say(&line);
            *(if is_error { &mut errors } else { &mut warnings }) += 1;
        }
        say(&format!("{errors} errors, {warnings} warnings"));
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

//! Moves a database's schema up and down.
use crate::services::say;
use anyhow::Context;
use gymapi::{Db, DbOptions};
use migrations::{Migrator, MigratorTrait};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Arguments {
    /// postgres://… or sqlite://…
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(subcommand)]
    direction: Direction,
}

#[derive(clap::Subcommand)]
enum Direction {
    /// Apply what is missing
    Up,
    /// Take back the last steps
    Down {
        #[arg(default_value_t = 1)]
        steps: u32,
    },
    /// List the steps and whether they are applied
    Status,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let db = open(&arguments.database_url, 1).await?;
        let pool = db.pool().context("a database")?;
        match arguments.direction {
            // under the lock that starting servers take too
            Direction::Up => gymapi::migrate(&DbOptions::new(&arguments.database_url)).await?,
            Direction::Down { steps } => Migrator::down(pool, Some(steps)).await?,
            Direction::Status => {}
        }
        for step in Migrator::get_migration_with_status(pool).await? {
            say(&format!("{:>8}  {}", step.status().to_string().to_lowercase(), step.name()));
        }
        db.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Opens a database by its address; the error says which one it was, without its password.
pub async fn open(url: &str, connections: u32) -> anyhow::Result<Db> {
    let shown = url::Url::parse(url).map_or_else(
        |_| "the database".to_owned(),
        |mut url| {
            let _ = url.set_password(None);
            url.to_string()
        },
    );
    let options = DbOptions { max_connections: connections, ..DbOptions::new(url) };
    Db::connect(options).await.with_context(|| format!("{shown} cannot be opened"))
}

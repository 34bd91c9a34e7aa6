//! The server: API and worker in one process, or either alone.
mod config;
mod outbox;
mod queue;
mod serve;
mod telemetry;
mod welcome;
mod wiring;

use anyhow::Context;
use clap::{Parser, Subcommand};
use config::Config;
use serve::Parts;
use std::{path::PathBuf, process::ExitCode};

/// Every request makes many short-lived values on several threads, of which the system's allocator keeps more than it
/// gives back (docs/src/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "gymapi-server", version, about = "The back end that a gym runs on")]
struct Arguments {
    /// A TOML file with configuration
    #[arg(long, short, env = "GYMAPI_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API, without the worker
    Serve,
    /// Deliver effects and run scheduled jobs, without the API: only health and metrics are served
    Work,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at effects that could not be delivered, and send them again
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// Look at messages that nobody could work on, and send them again
    #[command(subcommand)]
    Queue(queue::Command),
    /// Print the OpenAPI document
    Openapi,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print the effective tree, secrets masked, and every environment variable that is read
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gymapi-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout)] // what these commands are for
fn run(arguments: Arguments) -> anyhow::Result<()> {
    // one TLS provider for everything that speaks TLS
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let load = || Config::load(arguments.config.as_deref());
    let parts = match arguments.command {
        Some(Command::Openapi) => {
            println!("{:#}", gymapi::http::document());
            return Ok(());
        }
        Some(Command::Config(ConfigCommand::Check)) => {
            println!("{}", config::masked(&load()?));
            println!("# read from the environment:");
            for variable in config::VARIABLES {
                println!("#   {} -> {}", variable.name, variable.path);
            }
            return Ok(());
        }
        Some(Command::Outbox(command)) => {
            println!("{}", runtime()?.block_on(outbox::run(&load()?, &command))?);
            return Ok(());
        }
        Some(Command::Queue(command)) => {
            println!("{}", runtime()?.block_on(queue::run(&load()?, &command))?);
            return Ok(());
        }
        Some(Command::Serve) => Parts { api: true, worker: false },
        Some(Command::Work) => Parts { api: false, worker: true },
        None => Parts { api: true, worker: true },
    };
    runtime()?.block_on(start(load()?, parts))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime")
}

async fn start(config: Config, parts: Parts) -> anyhow::Result<()> {
    let telemetry = telemetry::Telemetry::start(&config.telemetry)?;
    let listener = serve::listen(&config).await?;
    let gym = wiring::build(&config, telemetry.metrics.clone()).await?;
    let made = welcome::demo(&gym, &config).await.context("the demo world")?;
    if parts.api && !config.is_production() {
        welcome::say(&gym, &config, made.as_ref()).await;
    }
    let outcome = serve::run(&gym, listener, &config, parts).await;
    // what was cut off at the limit may hold a connection
    let _ = tokio::time::timeout(serve::LAST_WORDS, gym.close()).await;
    telemetry.stop();
    outcome
}

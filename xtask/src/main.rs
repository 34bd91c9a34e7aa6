//! The project's own commands: `cargo xtask --help`.
mod bench;
mod check_invariants;
mod conformance;
mod contexts;
mod fuzz;
mod layers;
mod migrate;
mod openapi;
mod queue;
mod rules;
mod seed;
mod services;
mod test;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Commands of the GymAPI workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start, stop and list the throw-away servers that tests talk to
    #[command(subcommand)]
    Services(services::Command),
    /// Run every test, over the embedded default and over real servers
    Test(test::Arguments),
    /// Check who may depend on whom
    Layers,
    /// List the rules of docs/spec and the tests that name them
    Rules(rules::Arguments),
    /// Print the OpenAPI document
    Openapi,
    /// List the queue's dead letters, and send them again
    Queue(queue::Arguments),
    /// Move a database's schema up and down
    Migrate(migrate::Arguments),
    /// Ask a database whether what must hold of seats and queues does
    CheckInvariants(check_invariants::Arguments),
    /// Fill a database with a world of stated size, the same each time
    Seed(seed::Arguments),
    /// Compare a served OpenAPI document with the reference system's operations
    Conformance(conformance::Arguments),
    /// Ask the server what schemathesis makes up from its OpenAPI document
    Fuzz(fuzz::Arguments),
    /// Measure a release build under load, beside the least that the same work can cost
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Services(command) => services::run(&command),
        Command::Test(arguments) => test::run(&arguments),
        Command::Layers => layers::run(),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Openapi => openapi::run(),
        Command::Queue(arguments) => queue::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::CheckInvariants(arguments) => check_invariants::run(&arguments),
        Command::Seed(arguments) => seed::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

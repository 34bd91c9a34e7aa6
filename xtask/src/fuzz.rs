//! Requests that schemathesis makes up from the served OpenAPI document, as four people: none may be answered by a
//! 5xx, and every answer must have a status, a content type and a body that the document names.
//!
//! Each person's run has a server and a demo world of its own, for requests change and delete what they meet. The
//! number of requests is bounded and the seed is fixed, so a run that fails fails again.
mod server;

use crate::services::{self, Board, Tools, say};
use anyhow::{Context, bail};
use server::Server;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

const SCHEMATHESIS: &str = "4.32.5";

/// What holds for single operations.
const CONFIGURATION: &str = include_str!("../data/schemathesis.toml");

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Person {
    Member,
    Trainer,
    Owner,
    Platform,
}

impl Person {
    const ALL: [Self; 4] = [Self::Platform, Self::Owner, Self::Trainer, Self::Member];

    /// Of the demo world.
    fn email(self) -> &'static str {
        match self {
            Self::Member => "member1@demo.gym",
            Self::Trainer => "trainer1@demo.gym",
            Self::Owner => "owner@demo.gym",
            Self::Platform => "root@demo.gym",
        }
    }
}

#[derive(clap::Args)]
pub struct Arguments {
    /// Made-up requests of each operation, at most, as each person, beside those of its limits and its examples
    #[arg(long, default_value_t = 20)]
    examples: u32,
    /// The same number makes the same requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only operations of this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only as this person
    #[arg(long = "as", value_enum)]
    person: Option<Person>,
}

/// The servers that one run needs.
const SERVERS: [&str; 2] = ["postgres", "redis"];

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let python = Tools::open()?.python("schemathesis", SCHEMATHESIS).context("schemathesis cannot be had")?;
    let binary = server::binary()?;
    let board = Board::open()?;
    let fresh: Vec<_> = SERVERS.into_iter().filter(|name| board.running(name).is_none()).collect();
    let outcome = services::up_some(&board, &SERVERS).and_then(|missing| match missing.first() {
        Some(server) => bail!("{} is missing: {}", server.name, server.reason),
        None => people(arguments, |person| {
            let server = Server::start(&binary, &board.environment())?;
            ask(&python, arguments, person, &server)
        }),
    });
    for name in fresh {
        board.end(name)?;
    }
    outcome
}

fn people(arguments: &Arguments, ask: impl Fn(Person) -> anyhow::Result<bool>) -> anyhow::Result<ExitCode> {
    let mut failed = Vec::new();
    for person in Person::ALL.into_iter().filter(|person| arguments.person.is_none_or(|only| only == *person)) {
        let begun = Instant::now();
        let right = ask(person)?;
        let word = if right { "right" } else { "WRONG" };
        say(&format!("fuzz as {person:?}: {word}, {} s", begun.elapsed().as_secs()));
        if !right {
            failed.push(person);
        }
    }
    say(&format!("fuzz: {} examples an operation, seed {}, failed: {failed:?}", arguments.examples, arguments.seed));
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether every answer to this person was right.
fn ask(python: &Path, arguments: &Arguments, person: Person, server: &Server) -> anyhow::Result<bool> {
    let token = server.token(person.email())?;
    let mut command = Command::new(python);
    command.args(["-m", "schemathesis.cli", "run"]).arg(format!("{}/openapi.json", server.base)).args([
        "--no-color",
        "--phases",
        "examples,coverage,fuzzing",
    ]);
    command.args(["--checks", CHECKS, "--mode", "all", "--continue-on-failure", "--warnings", "off"]);
    command.args(["--max-examples", &arguments.examples.to_string(), "--seed", &arguments.seed.to_string()]);
    command.args(["--generation-database", "none", "--request-timeout", "20"]);
    command.args(["--header", &format!("Authorization:Bearer {token}")]).args(["--header", "X-Gym-ID:1"]);
    for (name, value) in server::KEYS {
        command.args(["--header", &format!("{name}:{value}")]);
    }
    if let Some(tag) = &arguments.tag {
        command.args(["--include-tag", tag]);
    }
    // it looks for its configuration in the folder that it runs in
    std::fs::write(server.folder().join("schemathesis.toml"), CONFIGURATION)?;
    let status = command.current_dir(server.folder()).status().context("cannot start schemathesis")?;
    let failures = server.failures();
    for line in &failures {
        say(line);
    }
    Ok(status.success() && failures.is_empty())
}

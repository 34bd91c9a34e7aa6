//! Private throw-away servers for tests: PostgreSQL, Redis, stand-ins of SQS and S3, an SMTP sink, an OpenID issuer,
//! and stand-ins of Auth0's Management API and of OneSignal; and Chromium, a program that tests start themselves.
//!
//! Each listens on a free loopback port, keeps its data in a temporary folder and is ended by `down`, which touches
//! nothing that `up` did not start. What is missing on the machine is installed first, into
//! `GYMAPI_TOOLS_DIR` (by default `~/.cache/gymapi/tools`), or by apt-get where the caller is root. A server that
//! cannot be had is named with the reason and the cure, and keeps none of the others from starting.
mod auth0;
mod board;
mod chromium;
mod contract;
mod oidc;
mod onesignal;
mod postgres;
mod process;
mod redis;
mod s3;
mod smtp;
mod sqs;
mod tools;

use anyhow::Context;
pub use board::{Board, Entry};
use process::Launch;
pub use process::free_port;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;
pub use tools::Tools;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Start what is not running yet, and print each server's address
    Up,
    /// End the servers that `up` started
    Down,
    /// Print a table of the servers
    Status,
}

/// A kind of server.
struct Kind {
    name: &'static str,
    start: fn(&Tools, &Launch) -> anyhow::Result<Started>,
    /// Whether its tests count as passed without it: only where the project may not ship what it needs.
    optional: bool,
}

/// A server that answers, or a program that is there.
struct Started {
    /// `None`: tests start it themselves.
    process: Option<process::Process>,
    address: String,
    /// The variables that tell tests about it.
    environment: BTreeMap<String, String>,
}

const KINDS: [Kind; 9] = [
    Kind { name: "postgres", start: postgres::start, optional: false },
    Kind { name: "redis", start: redis::start, optional: false },
    Kind { name: "sqs", start: sqs::start, optional: false },
    Kind { name: "s3", start: s3::start, optional: false },
    Kind { name: "smtp", start: smtp::start, optional: false },
    Kind { name: "oidc", start: oidc::start, optional: false },
    Kind { name: "chromium", start: chromium::start, optional: false },
    Kind { name: "auth0", start: auth0::start, optional: true },
    Kind { name: "onesignal", start: onesignal::start, optional: true },
];

/// What is measured: a PostgreSQL that can count its statements, a Redis, and a queue's stand-in.
const MEASURED: [Kind; 3] = [
    Kind { name: "postgres", start: postgres::start_counting, optional: false },
    Kind { name: "redis", start: redis::start, optional: false },
    Kind { name: "sqs", start: sqs::start, optional: false },
];

/// A server that could not be had.
pub struct Missing {
    pub name: &'static str,
    /// The reason and the cure, on one line.
    pub reason: String,
    pub optional: bool,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let board = Board::open()?;
    match command {
        Command::Up => {
            let missing = up(&board)?;
            Ok(if missing.iter().any(|server| !server.optional) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        Command::Down => {
            down(&board)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Status => {
            status(&board);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Starts, in parallel, every server that is not running, and prints one line for each.
pub fn up(board: &Board) -> anyhow::Result<Vec<Missing>> {
    start(board, |_| true)
}

/// The same for some of them.
pub fn up_some(board: &Board, names: &[&str]) -> anyhow::Result<Vec<Missing>> {
    start(board, |kind| names.contains(&kind.name))
}

fn start(board: &Board, wanted: impl Fn(&Kind) -> bool) -> anyhow::Result<Vec<Missing>> {
    let tools = Tools::open()?;
    let missing = std::thread::scope(|scope| {
        let kinds = KINDS.iter().filter(|kind| wanted(kind));
        let attempts: Vec<_> = kinds.map(|kind| (kind, scope.spawn(|| ensure(kind, &tools, board)))).collect();
        attempts
            .into_iter()
            .filter_map(|(kind, attempt)| match attempt.join() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some((kind, one_line(&error))),
                Err(_) => Some((kind, "its start panicked".to_owned())),
            })
            .map(|(kind, reason)| Missing { name: kind.name, reason, optional: kind.optional })
            .collect::<Vec<_>>()
    });
    for server in &missing {
        say(&format!("{:<9} not started: {}", server.name, server.reason));
    }
    Ok(missing)
}

/// Starts those of these servers that are not running, for a measurement.
pub fn up_to_measure(board: &Board, names: &[&str]) -> anyhow::Result<()> {
    let tools = Tools::open()?;
    let mut wanted = MEASURED.iter().filter(|kind| names.contains(&kind.name));
    wanted.try_for_each(|kind| ensure(kind, &tools, board).with_context(|| kind.name))
}

fn ensure(kind: &Kind, tools: &Tools, board: &Board) -> anyhow::Result<()> {
    if let Some(entry) = board.running(kind.name) {
        say(&format!("{:<9} {:<46} up already", kind.name, entry.address));
        return Ok(());
    }
    let begun = Instant::now();
    // a free port may be taken by another program between the look and the start: once more, then
    let started = (kind.start)(tools, &Launch::new(kind.name, board)?).or_else(|error| {
        if error.is::<process::EndedEarly>() {
            (kind.start)(tools, &Launch::new(kind.name, board)?)
        } else {
            Err(error)
        }
    });
    let started = match started {
        Ok(started) => started,
        Err(error) => {
            board.end(kind.name)?;
            return Err(error);
        }
    };
    say(&format!("{:<9} {:<46} {:.1} s", kind.name, started.address, begun.elapsed().as_secs_f64()));
    board.ready(kind.name, started.process, started.address, started.environment)
}

/// Ends every server that `up` started, and removes what they wrote.
pub fn down(board: &Board) -> anyhow::Result<()> {
    for name in board.end_all()? {
        say(&format!("{name:<9} down"));
    }
    Ok(())
}

fn status(board: &Board) {
    say(&format!("{:<9} {:<8} {:>8}  address", "server", "state", "pid"));
    for kind in &KINDS {
        let row = match board.entry(kind.name) {
            Some(Entry { process: Some(process), address, .. }) => {
                let state = if process.is_alive() { "up" } else { "died" };
                format!("{:<9} {:<8} {:>8}  {}", kind.name, state, process.pid, address)
            }
            Some(Entry { process: None, address, .. }) if !address.is_empty() => {
                format!("{:<9} {:<8} {:>8}  {}", kind.name, "here", "-", address)
            }
            _ => format!("{:<9} {:<8} {:>8}  -", kind.name, "down", "-"),
        };
        say(&row);
    }
}

fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "this is a command's answer")]
pub fn say(line: &str) {
    println!("{line}");
}

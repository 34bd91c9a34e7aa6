//! A release build under load, beside the least that the same work can cost.
//!
//! PostgreSQL, Redis and the queue's stand-in are private, the world in them is the same each time, the load comes
//! from a process of its own, and a bare handler on the database driver does the same statements and the same encoding
//! in the same run: on a machine that does other things too, the ratio of the two is what a figure is good for.
mod backlog;
mod drive;
mod exchange;
mod floor;
mod load;
mod measure;
mod pictures;
mod queue;
mod relay;
mod release;
mod report;
mod scenario;
mod server;
mod statements;
mod target;
mod usage;
mod world;

use crate::services::{self, Board, say};
use anyhow::Context;
use measure::{Bench, Plan};
use release::Programs;
use report::Report;
use server::{Issuer, Role, Server, Setting};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use world::{Extent, World};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Fail when a target is missed
    #[arg(long)]
    check: bool,
    /// Write the figures to this file, too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Rounds that count; each figure is their median
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of each row in a round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Numbers of connections
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32, 128])]
    connections: Vec<usize>,
    /// Only rows whose name contains this, with those that they are held against
    #[arg(long)]
    only: Option<String>,
    /// Gyms of the world
    #[arg(long, default_value_t = 300)]
    gyms: u32,
    /// Members of each gym
    #[arg(long, default_value_t = 300)]
    members: u32,
    /// Leave the pictures out
    #[arg(long)]
    without_pictures: bool,
    /// What the release build made; this process is of it
    #[arg(long, hide = true)]
    built: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Part {
    /// Send load to a server, and print what it answered as JSON
    Drive(drive::Arguments),
    /// Serve the bare handlers
    Floor(floor::Arguments),
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match (&arguments.part, &arguments.built) {
        (Some(Part::Drive(drive)), _) => drive::run(drive).map(|()| ExitCode::SUCCESS),
        (Some(Part::Floor(floor)), _) => floor::run(floor).map(|()| ExitCode::SUCCESS),
        (None, None) => again(&release::build()?),
        (None, Some(folder)) => measured(arguments, &Programs::of(folder)),
    }
}

/// The same command, by the release build.
fn again(programs: &Programs) -> anyhow::Result<ExitCode> {
    let mut command = std::process::Command::new(&programs.xtask);
    command.args(std::env::args_os().skip(1)).arg("--built").arg(&programs.folder);
    Err(command.exec()).context("cannot start the release build of xtask")
}

fn measured(arguments: &Arguments, programs: &Programs) -> anyhow::Result<ExitCode> {
    let scratch = tempfile::Builder::new().prefix("gymapi-bench-").tempdir()?;
    let board = Board::at(&scratch.path().join("services"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = everything(arguments, programs, &board, scratch.path()) => report,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        }
    });
    let ended = services::down(&board);
    let report = report?;
    ended?;
    let targets = report.targets();
    report.print(&targets);
    if let Some(file) = &arguments.json {
        std::fs::write(file, report.json(&targets)?).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let missed = targets.iter().filter(|target| !target.met).count();
    say(&format!("{} targets met, {missed} missed", targets.len() - missed));
    Ok(if arguments.check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn everything(
    arguments: &Arguments,
    programs: &Programs,
    board: &Board,
    scratch: &Path,
) -> anyhow::Result<Report> {
    let extent = Extent {
        gyms: arguments.gyms,
        members: arguments.members,
        asked_gyms: 40,
        members_asking: 8,
        sessions_a_week: 200,
    };
    let world = World::make(board, extent).await?;
    let issuer = Issuer::start().await?;
    let data = scratch.join("data");
    let setting = Setting { programs, world: &world, issuer: &issuer, data: &data };

    let mut starts = Vec::new();
    for _ in 0..5 {
        let one = setting.start(Role::Whole, None).await?;
        starts.push(one.ready_in.as_secs_f64());
        one.end().await?;
    }
    let alone = setting.start(Role::Api, None).await?;
    let mut scenarios = scenario::all(&world, &issuer);
    scenarios.push(scenario::unchanged(&world.gyms, &issuer, alone.address).await?);
    if let Some(only) = &arguments.only {
        let wanted: Vec<_> = scenarios.iter().filter(|s| s.name.contains(only.as_str())).collect();
        let names: Vec<_> = wanted.iter().flat_map(|s| [Some(s.name), s.beside]).flatten().collect();
        scenarios.retain(|s| names.contains(&s.name));
    }
    let pages = statements::PAGES.map(|limit| (limit, scenario::list(&world.gyms, &issuer, limit)));
    let statements = statements::count(&world, &scenarios, &pages, &alone).await?;
    alone.end().await?;

    let (server, floor) = (setting.start(Role::Whole, None).await?, Server::floor(programs, &world).await?);
    let bench = Bench { programs, world: &world, server: &server, floor: &floor, scratch };
    let plan = Plan { rounds: arguments.rounds, seconds: arguments.seconds };
    let rows = bench.rows(&scenarios, &arguments.connections, plan).await?;
    let peak_memory = server.pid.peak_memory();
    server.end().await?;
    floor.end().await?;
    let relay = relay::Bench { setting, board, plan, scratch, only: arguments.only.as_deref() };
    let relay = Box::pin(relay.measure()).await?;
    let pictures = match arguments.without_pictures {
        true => None,
        false => Some(pictures::measure(programs, scratch)?),
    };
    Ok(Report {
        machine: usage::Machine::this(),
        postgresql: world.version.clone(),
        plan,
        extent,
        filled: world.filled,
        ready_seconds: measure::median(starts),
        rows,
        peak_memory,
        statements,
        relay,
        pictures,
    })
}

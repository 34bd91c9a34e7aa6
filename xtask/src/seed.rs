//! Fills a database with a world of stated size, the same each time.
use crate::{migrate::open, services::say};
use anyhow::Context;
use gymapi::seed::{self, Size};
use indicatif::{ProgressBar, ProgressStyle};
use migrations::{Migrator, MigratorTrait};
use std::{process::ExitCode, time::Instant};

#[derive(clap::Args)]
pub struct Arguments {
    /// postgres://… or sqlite://…; brought up to date first
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Of both types: every third is a personal trainer's
    #[arg(long, default_value_t = 100)]
    gyms: u32,
    /// Of each gym; a personal trainer's has a tenth
    #[arg(long, default_value_t = 200)]
    members: u32,
    #[arg(long, default_value_t = 5)]
    trainers: u32,
    #[arg(long, default_value_t = 2)]
    admins: u32,
    /// Of the timetable before this one, and as many after it
    #[arg(long, default_value_t = 1)]
    weeks: u32,
    /// Classes of each gym in a week
    #[arg(long, default_value_t = 20)]
    pub sessions_a_week: u32,
    /// Of each class, on average
    #[arg(long, default_value_t = 4)]
    pub bookings: i32,
    /// The same number makes the same world
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Arguments {
    /// What a database at `url` is filled with when nothing else is said.
    pub fn new(url: &str, gyms: u32, members: u32) -> Self {
        Self {
            database_url: url.to_owned(),
            gyms,
            members,
            trainers: 5,
            admins: 2,
            weeks: 1,
            sessions_a_week: 20,
            bookings: 4,
            seed: 1,
        }
    }

    fn size(&self) -> Size {
        Size {
            gyms: self.gyms,
            members: self.members,
            trainers: self.trainers,
            admins: self.admins,
            weeks: self.weeks,
            sessions_a_week: self.sessions_a_week,
            bookings: self.bookings,
            seed: self.seed,
        }
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(fill(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// What was written, and how fast.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Filled {
    pub gyms: u64,
    pub people: u64,
    pub rows: u64,
    pub rows_per_second: f64,
}

/// Brings the database up to date and fills it, a bar showing how far it is.
pub async fn fill(arguments: &Arguments) -> anyhow::Result<Filled> {
    let one = open(&arguments.database_url, 1).await?;
    Migrator::up(one.pool().context("a database")?, None).await?;
    one.close().await;
    let db = open(&arguments.database_url, 4).await?;
    let bar = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left")?);
    let started = Instant::now();
    let summary = seed::fill(&db, arguments.size(), |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await?;
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let filled = Filled {
        gyms: summary.gyms,
        people: summary.people,
        rows: summary.rows,
        rows_per_second: summary.rows as f64 / seconds,
    };
    say(&format!(
        "{} gyms, {} people, {} rows in {seconds:.1} s: {:.0} rows/s",
        filled.gyms, filled.people, filled.rows, filled.rows_per_second
    ));
    db.close().await;
    Ok(filled)
}

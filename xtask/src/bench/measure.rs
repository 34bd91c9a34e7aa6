//! Rounds of load. All rows of a table take part in every round, server and floor right after each other, so that
//! what else the machine does falls on both; a figure is the median of its rounds, a ratio the median of the ratios
//! within one round.
use super::{
    backlog, drive,
    load::Load,
    release::Programs,
    scenario::{Scenario, Side},
    server::Server,
    usage::Pid,
    world::World,
};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// How long and how often.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Plan {
    pub rounds: u32,
    /// Seconds of one row in one round.
    pub seconds: f64,
}

/// What stands in the table: one scenario at one number of connections. Times in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub side: Side,
    pub connections: usize,
    pub requests_per_second: f64,
    pub p50: f64,
    pub p99: f64,
    /// Processor time for one request: of the server or the floor, of PostgreSQL, of Redis.
    pub cpu: f64,
    pub postgres_cpu: f64,
    pub redis_cpu: f64,
    /// Bytes of one body.
    pub body: f64,
    /// Of the process, in the middle of the load; bytes.
    pub memory: u64,
    pub database_connections: i64,
    /// Throughput as a multiple of that of the row that it is held against.
    pub ratio: Option<f64>,
    pub beside: Option<&'static str>,
}

/// One scenario in one round.
struct Sample {
    drive: drive::Outcome,
    cpu: f64,
    postgres_cpu: f64,
    redis_cpu: f64,
    memory: u64,
    database_connections: i64,
}

pub struct Bench<'a> {
    pub programs: &'a Programs,
    pub world: &'a World,
    pub server: &'a Server,
    pub floor: &'a Server,
    /// For the files of requests.
    pub scratch: &'a Path,
}

impl Bench<'_> {
    pub async fn rows(&self, scenarios: &[Scenario], connections: &[usize], plan: Plan) -> anyhow::Result<Vec<Row>> {
        for (n, scenario) in scenarios.iter().enumerate() {
            std::fs::write(self.file(n), serde_json::to_vec(&scenario.requests)?)?;
        }
        let steps = connections.len() * scenarios.len() * (plan.rounds as usize + 1);
        let bar = ProgressBar::new(steps as u64).with_style(ProgressStyle::with_template("{bar:40} {msg}")?);
        let mut rows = Vec::new();
        for &connections in connections {
            let mut samples: Vec<Vec<Sample>> = scenarios.iter().map(|_| Vec::new()).collect();
            for round in 0..=plan.rounds {
                // the first round fills caches and pools and does not count; every second one runs backwards
                let seconds = if round == 0 { plan.seconds / 2.0 } else { plan.seconds };
                let mut order: Vec<_> = scenarios.iter().enumerate().zip(&mut samples).collect();
                if round % 2 == 0 {
                    order.reverse();
                }
                for ((n, scenario), samples) in order {
                    bar.set_message(format!("{connections} connections, {}", scenario.name));
                    let sample = self.sample(n, scenario, connections, seconds).await;
                    let sample = sample.with_context(|| format!("{} at {connections} connections", scenario.name))?;
                    if round > 0 {
                        samples.push(sample);
                    }
                    bar.inc(1);
                }
            }
            rows.extend(scenarios.iter().zip(&samples).map(|(scenario, own)| {
                let beside = scenario.beside.and_then(|name| scenarios.iter().position(|s| s.name == name));
                row(scenario, connections, own, beside.and_then(|n| samples.get(n)))
            }));
        }
        bar.finish_and_clear();
        Ok(rows)
    }

    fn file(&self, scenario: usize) -> std::path::PathBuf {
        self.scratch.join(format!("requests-{scenario}.json"))
    }

    async fn sample(&self, n: usize, scenario: &Scenario, connections: usize, seconds: f64) -> anyhow::Result<Sample> {
        let (server, application) = match scenario.side {
            Side::Server => (self.server, "gymapi"),
            Side::Floor => (self.floor, "floor"),
        };
        let (postgres, redis) = (World::pid(&self.world.postgres), World::pid(&self.world.redis));
        // what earlier requests left to the worker is not of this load
        backlog::worked_off(&self.world.database).await?;
        if scenario.fresh {
            self.world.forget().await?;
        }
        let used = || [server.pid.seconds(), postgres.seconds_with_children(), redis.seconds()];
        let before = used();
        let load = Load::start(self.programs, server.address, scenario, &self.file(n), connections, seconds)?;
        tokio::time::sleep(Duration::from_secs_f64(seconds / 2.0)).await;
        let database_connections = self.world.connections(application).await?;
        let memory = Pid::memory(server.pid);
        let drive = load.outcome().await?;
        let after = used();
        let [cpu, postgres_cpu, redis_cpu] =
            std::array::from_fn(|i| (after.get(i).zip(before.get(i))).map_or(0.0, |(a, b)| (a - b) * 1e6))
                .map(|spent| spent / drive.requests as f64);
        Ok(Sample { drive, cpu, postgres_cpu, redis_cpu, memory, database_connections })
    }
}

fn row(scenario: &Scenario, connections: usize, own: &[Sample], beside: Option<&Vec<Sample>>) -> Row {
    let over = |value: fn(&Sample) -> f64| median(own.iter().map(value).collect());
    let speed = |s: &Sample| s.drive.requests as f64 / s.drive.seconds;
    let ratio = beside.map(|beside| median(own.iter().zip(beside).map(|(a, b)| speed(a) / speed(b)).collect()));
    Row {
        name: scenario.name,
        side: scenario.side,
        connections,
        requests_per_second: over(|s| s.drive.requests as f64 / s.drive.seconds),
        p50: over(|s| s.drive.p50 as f64),
        p99: over(|s| s.drive.p99 as f64),
        cpu: over(|s| s.cpu),
        postgres_cpu: over(|s| s.postgres_cpu),
        redis_cpu: over(|s| s.redis_cpu),
        body: over(|s| s.drive.bytes as f64 / s.drive.requests as f64),
        memory: own.iter().map(|s| s.memory).max().unwrap_or_default(),
        database_connections: own.iter().map(|s| s.database_connections).max().unwrap_or_default(),
        ratio,
        beside: scenario.beside,
    }
}

/// Of an even number of values the mean of the two in the middle; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |n: usize| values.get(n).copied().unwrap_or_default();
    if values.len() % 2 == 1 { at(middle) } else { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_not_moved_by_one_round_that_was_disturbed() {
        assert_eq!(median(vec![3.0, 900.0, 1.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
        assert_eq!(median(vec![]), 0.0);
    }
}

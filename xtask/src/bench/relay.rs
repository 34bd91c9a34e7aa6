//! How fast the relay carries the outbox, and what that costs those who ask meanwhile.
//!
//! A rate is that of a backlog from the start of a process that only works to the last effect. What requests lose is
//! told by the same load on one server, API and worker in one process, while the relay works and while it does not.
use super::{
    backlog::{self, Backlog, Work},
    load::Load,
    measure::{Plan, median},
    queue::Queue,
    scenario::{self, Scenario},
    server::{Role, Server, Setting},
};
use crate::services::{self, Board};
use anyhow::Context;
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

pub const CHATS: &str = "relay: chats of events, in place";
pub const CACHE_DROPS: &str = "relay: families of the cache dropped, in place";
pub const TO_QUEUE: &str = "relay: chats of events, to SQS";
pub const BESIDE: &str = "list of 50 while relaying";

/// Effects of one backlog.
const BACKLOG: usize = 10_000;
/// The number of connections at which relaying must not be felt.
const CONNECTIONS: usize = 32;
/// A backlog that must not end before the load does, in parts of what the relay carries alone in that time.
const PLENTY: f64 = 3.0;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Relaying {
    pub rates: Vec<Rate>,
    /// Why there is no rate to SQS.
    pub missing: Option<String>,
    pub beside: Option<Beside>,
}

/// The median of some rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Rate {
    pub name: &'static str,
    pub rows_per_second: f64,
}

/// The list of 50 while the relay works through a backlog, and while it has nothing to do: medians.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Beside {
    pub connections: usize,
    pub idle: f64,
    pub relaying: f64,
    /// Effects delivered meanwhile.
    pub rows_per_second: f64,
    /// Of `relaying` to `idle`.
    pub ratio: f64,
}

/// The load in one round. By second.
struct Sample {
    requests: f64,
    /// `None` while the relay had nothing to do.
    rows: Option<f64>,
}

impl Beside {
    fn of(samples: &[Sample]) -> Self {
        let requests = |relaying: bool| {
            median(samples.iter().filter(|s| s.rows.is_some() == relaying).map(|s| s.requests).collect())
        };
        let (idle, relaying) = (requests(false), requests(true));
        let rows_per_second = median(samples.iter().filter_map(|s| s.rows).collect());
        Self { connections: CONNECTIONS, idle, relaying, rows_per_second, ratio: relaying / idle }
    }
}

/// What is measured with, and what of it is wanted.
pub struct Bench<'a> {
    pub setting: Setting<'a>,
    pub board: &'a Board,
    pub plan: Plan,
    /// For the file of requests.
    pub scratch: &'a Path,
    /// Only what contains this in its name.
    pub only: Option<&'a str>,
}

impl Bench<'_> {
    /// With a world that no server looks at. `None` when nothing of it is wanted.
    pub async fn measure(&self) -> anyhow::Result<Option<Relaying>> {
        let wanted = |name: &str| self.only.is_none_or(|only| name.contains(only));
        if ![CHATS, CACHE_DROPS, TO_QUEUE, BESIDE].iter().any(|name| wanted(name)) {
            return Ok(None);
        }
        let backlog = Backlog::of(&self.setting.world.database).await?;
        let mut relaying = Relaying::default();
        if wanted(CHATS) || wanted(BESIDE) {
            relaying.rates.push(self.rate(&backlog, CHATS, Work::Chats, None).await?);
        }
        if wanted(CACHE_DROPS) {
            relaying.rates.push(self.rate(&backlog, CACHE_DROPS, Work::CacheDrops, None).await?);
        }
        if wanted(TO_QUEUE) {
            match services::up_to_measure(self.board, &["sqs"]) {
                Ok(()) => {
                    let sqs = self.board.running("sqs").context("sqs ended")?;
                    relaying.rates.push(self.rate(&backlog, TO_QUEUE, Work::Chats, Some(&sqs.address)).await?);
                    self.board.end("sqs")?;
                }
                Err(error) => relaying.missing = Some(format!("{error:#}")),
            }
        }
        if let Some(alone) = relaying.rates.iter().find(|rate| rate.name == CHATS).filter(|_| wanted(BESIDE)) {
            relaying.beside = Some(self.beside(&backlog, alone.rows_per_second).await?);
        }
        Ok(Some(relaying))
    }

    async fn rate(
        &self,
        backlog: &Backlog<'_>,
        name: &'static str,
        work: Work,
        sqs: Option<&str>,
    ) -> anyhow::Result<Rate> {
        let mut rates = Vec::new();
        for round in 0..self.plan.rounds {
            let queue = match sqs {
                Some(endpoint) => Some(Queue::make(endpoint, &format!("bench-{round}")).await?),
                None => None,
            };
            backlog.fill(work, BACKLOG).await?;
            let begun = Instant::now();
            let worker = self.setting.start(Role::Worker, queue.as_ref()).await?;
            backlog::worked_off(&self.setting.world.database).await?;
            rates.push(BACKLOG as f64 / begun.elapsed().as_secs_f64());
            worker.end().await?;
            // what failed waits for another attempt, or for an operator
            let done = backlog.done().await?;
            anyhow::ensure!(done >= BACKLOG as i64, "{name}: {done} of {BACKLOG} effects were delivered");
        }
        Ok(Rate { name, rows_per_second: median(rates) })
    }

    /// `alone`: what the relay carries in a second when nobody asks.
    async fn beside(&self, backlog: &Backlog<'_>, alone: f64) -> anyhow::Result<Beside> {
        let Setting { world, issuer, .. } = self.setting;
        let list = scenario::listing(&world.gyms, issuer);
        let requests = self.scratch.join("requests-beside.json");
        std::fs::write(&requests, serde_json::to_vec(&list.requests)?)?;
        let plenty = BACKLOG.max((alone * self.plan.seconds * PLENTY) as usize);
        let load = ListLoad { bench: self, list, requests, server: self.setting.start(Role::Whole, None).await? };
        backlog.withdraw().await?;
        let mut samples = Vec::new();
        for round in 0..=self.plan.rounds {
            // the first round fills caches and pools and does not count; every second one runs backwards
            for relays in [round % 2 == 0, round % 2 == 1] {
                let sample = match relays {
                    true => load.relaying(backlog, plenty).await?,
                    false => load.idle().await?,
                };
                if round > 0 {
                    samples.push(sample);
                }
            }
        }
        load.server.end().await?;
        Ok(Beside::of(&samples))
    }
}

/// The list of 50, asked for over and over.
struct ListLoad<'a> {
    bench: &'a Bench<'a>,
    list: Scenario,
    requests: PathBuf,
    server: Server,
}

impl ListLoad<'_> {
    async fn idle(&self) -> anyhow::Result<Sample> {
        let (programs, seconds) = (self.bench.setting.programs, self.bench.plan.seconds);
        let load = Load::start(programs, self.server.address, &self.list, &self.requests, CONNECTIONS, seconds)?;
        let outcome = load.outcome().await?;
        Ok(Sample { requests: outcome.requests as f64 / outcome.seconds, rows: None })
    }

    async fn relaying(&self, backlog: &Backlog<'_>, plenty: usize) -> anyhow::Result<Sample> {
        backlog.fill(Work::Chats, plenty).await?;
        backlog.begun().await?;
        let (before, begun) = (backlog.done().await?, Instant::now());
        let sample = self.idle().await?;
        let (done, seconds) = (backlog.done().await? - before, begun.elapsed().as_secs_f64());
        anyhow::ensure!(backlog.waiting().await? > 0, "the relay was done before the load was");
        backlog.withdraw().await?;
        Ok(Sample { rows: Some(done as f64 / seconds), ..sample })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_relaying_costs_is_told_by_medians_of_either_kind_of_round() {
        let idle = |requests| Sample { requests, rows: None };
        let relaying = |requests, rows| Sample { requests, rows: Some(rows) };
        let samples = [
            relaying(900.0, 50.0),
            idle(1000.0),
            idle(1.0),
            relaying(910.0, 40.0),
            relaying(2.0, 9000.0),
            idle(1010.0),
        ];
        let beside = Beside::of(&samples);
        assert_eq!((beside.idle, beside.relaying, beside.rows_per_second), (1000.0, 900.0, 50.0));
        assert_eq!(beside.ratio, 0.9);
    }
}

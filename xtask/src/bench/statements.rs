//! How many statements an operation sends, as PostgreSQL counts them, at several lengths of page.
use super::{
    exchange::Connection,
    scenario::{self, Scenario},
    server::Server,
    world::World,
};
use anyhow::Context;
use serde::Serialize;
use std::time::Duration;
use tokio_postgres::Client;

#[derive(Clone, Debug, Serialize)]
pub struct Count {
    pub name: String,
    /// Of one request; the bounds of its transaction are none.
    pub statements: f64,
}

pub const PAGES: [u32; 3] = [10, 50, 100];
const REQUESTS: usize = 200;

/// Counted at a server that has no worker: of the effects that a request writes, the delivery is not of the request.
/// `None` when this PostgreSQL has no module that counts.
pub async fn count(
    world: &World,
    scenarios: &[Scenario],
    pages: &[(u32, Vec<String>)],
    server: &Server,
) -> anyhow::Result<Option<Vec<Count>>> {
    let database = &world.database;
    if !can_count(database).await? {
        return Ok(None);
    }
    database.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?;
    // what clients send, without the statements of the checks that these cause
    track(database, "top").await?;
    let mut counter = Counter { database, connection: Connection::open(server.address).await? };
    let mut counts = Vec::new();
    for scenario in scenarios.iter().filter(|s| s.side == scenario::Side::Server && s.name != scenario::LIST) {
        let counted = match scenario.halves {
            Some(halves) => counter.pairs(scenario, halves).await,
            None => counter.repeated(scenario.name.to_owned(), &scenario.requests).await.map(|count| vec![count]),
        };
        counts.extend(counted.context(scenario.name)?);
    }
    for (limit, requests) in pages {
        counts.push(counter.repeated(format!("list of {limit}"), requests).await?);
    }
    track(database, "none").await?;
    Ok(Some(counts))
}

struct Counter<'a> {
    database: &'a Client,
    connection: Connection,
}

impl Counter<'_> {
    async fn repeated(&mut self, name: String, requests: &[String]) -> anyhow::Result<Count> {
        let mut requests = requests.iter().cycle();
        // once round, so that what is counted is not the filling of the cache
        self.ask(requests.by_ref().take(REQUESTS * 2)).await?;
        Ok(Count { name, statements: self.counted(requests.take(REQUESTS)).await? })
    }

    /// All first halves, then all second ones; and the mean of both under the scenario's own name.
    async fn pairs(&mut self, scenario: &Scenario, halves: [&str; 2]) -> anyhow::Result<Vec<Count>> {
        let pairs = (scenario.requests.len() / 2).min(REQUESTS);
        self.ask(scenario.requests.iter().take(pairs * 2)).await?;
        let mut counts = Vec::new();
        for (n, half) in halves.into_iter().enumerate() {
            let requests = scenario.requests.iter().skip(n).step_by(2).take(pairs);
            counts.push(Count { name: half.to_owned(), statements: self.counted(requests).await? });
        }
        let mean = counts.iter().map(|count| count.statements).sum::<f64>() / 2.0;
        counts.insert(0, Count { name: scenario.name.to_owned(), statements: mean });
        Ok(counts)
    }

    async fn counted<'r>(&mut self, requests: impl Iterator<Item = &'r String>) -> anyhow::Result<f64> {
        self.database.batch_execute("SELECT pg_stat_statements_reset()").await?;
        let asked = self.ask(requests).await?;
        // what did not run with at least every second request is not of the request: jobs, and what a cache lacked
        let calls = "SELECT COALESCE(SUM(calls), 0)::float8 FROM pg_stat_statements WHERE calls >= $1
            AND query NOT LIKE '%pg_stat_statements%' AND query NOT IN ('BEGIN', 'COMMIT')";
        let calls: f64 = self.database.query_one(calls, &[&(asked / 2)]).await?.try_get(0)?;
        Ok(calls / asked as f64)
    }

    /// One after the other; returns how many there were.
    async fn ask<'r>(&mut self, requests: impl Iterator<Item = &'r String>) -> anyhow::Result<i64> {
        let mut asked = 0;
        for request in requests {
            let status = self.connection.exchange(request.as_bytes()).await?.status;
            anyhow::ensure!(status < 400, "answered {status}");
            asked += 1;
        }
        Ok(asked)
    }
}

async fn can_count(database: &Client) -> anyhow::Result<bool> {
    let module = "SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'";
    Ok(database.query_one(module, &[]).await?.try_get(0)?)
}

/// Until something is counted, counting costs nothing.
pub async fn pause(database: &Client) -> anyhow::Result<()> {
    if can_count(database).await? { track(database, "none").await } else { Ok(()) }
}

async fn track(database: &Client, what: &str) -> anyhow::Result<()> {
    database.batch_execute(&format!("ALTER SYSTEM SET pg_stat_statements.track = '{what}'")).await?;
    database.batch_execute("SELECT pg_reload_conf()").await?;
    // every session reads its settings anew before its next statement, once the signal has reached it
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

//! How many statements an operation sends, as PostgreSQL counts them, at several lengths of page.
use super::{exchange::Connection, scenario, server::Server, world::World};
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

/// `None` when this PostgreSQL has no module that counts.
pub async fn count(
    world: &World,
    scenarios: &[scenario::Scenario],
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
    let named = scenarios.iter().filter(|s| s.side == scenario::Side::Server).map(|s| (s.name.to_owned(), &s.requests));
    let paged = pages.iter().map(|(limit, requests)| (format!("list of {limit}"), requests));
    let mut counts = Vec::new();
    for (name, requests) in named.filter(|(name, _)| name != scenario::LIST).chain(paged) {
        let mut connection = Connection::open(server.address).await?;
        let mut requests = requests.iter().cycle();
        // once round, so that what is counted is not the filling of the cache
        for request in requests.by_ref().take(REQUESTS * 2) {
            connection.exchange(request.as_bytes()).await?;
        }
        database.batch_execute("SELECT pg_stat_statements_reset()").await?;
        for request in requests.by_ref().take(REQUESTS) {
            connection.exchange(request.as_bytes()).await.with_context(|| name.clone())?;
        }
        // the worker polls on its own clock: what did not run with at least every second request is not of the request
        let calls = "SELECT COALESCE(SUM(calls), 0)::float8 FROM pg_stat_statements WHERE calls >= $1
            AND query NOT LIKE '%pg_stat_statements%' AND query NOT IN ('BEGIN', 'COMMIT')";
        let calls: f64 = database.query_one(calls, &[&(REQUESTS as i64 / 2)]).await?.try_get(0)?;
        counts.push(Count { name, statements: calls / REQUESTS as f64 });
    }
    track(database, "none").await?;
    Ok(Some(counts))
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

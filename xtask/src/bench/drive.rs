//! The load: a process of its own that sends the same requests round and round over some connections.
use super::exchange::Connection;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(long)]
    address: SocketAddr,
    /// A JSON array of whole requests; connection n begins with the n-th share of them
    #[arg(long)]
    requests: PathBuf,
    #[arg(long)]
    connections: usize,
    /// Seconds
    #[arg(long)]
    seconds: f64,
    /// Requests come in pairs, of which the second takes back what the first did: each connection goes round its own
    /// share alone, and ends no pair half done
    #[arg(long)]
    pairs: bool,
    /// The statuses that a connection's answers must have, in turn
    #[arg(long, value_delimiter = ',', default_values_t = [200])]
    expect: Vec<u16>,
}

/// What one run measured. Times in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub requests: u64,
    pub seconds: f64,
    pub p50: u64,
    pub p99: u64,
    /// Of all bodies.
    pub bytes: u64,
}

#[derive(Default)]
struct Tally {
    times: Vec<u32>,
    bytes: u64,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(LocalSet::new().run_until(load(arguments)))?;
    crate::services::say(&serde_json::to_string(&outcome)?);
    Ok(())
}

async fn load(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let text = std::fs::read(&arguments.requests).context("the file of requests")?;
    let requests: Vec<String> = serde_json::from_slice(&text)?;
    if requests.is_empty() || arguments.connections == 0 {
        bail!("nothing to send");
    }
    let expect: Rc<[u16]> = arguments.expect.as_slice().into();
    let requests: Rc<[Vec<u8>]> = requests.into_iter().map(String::into_bytes).collect();
    let mut connections = Vec::new();
    for _ in 0..arguments.connections {
        connections.push(Connection::open(arguments.address).await?);
    }
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(arguments.seconds);
    let share = (requests.len() / arguments.connections).max(1);
    // whole pairs
    let share = if arguments.pairs { share / 2 * 2 } else { share };
    if share == 0 {
        bail!("fewer pairs than connections");
    }
    let running: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(n, connection)| {
            let (requests, expect) = (Rc::clone(&requests), Rc::clone(&expect));
            let walk = Walk { first: n * share, own: arguments.pairs.then_some(share) };
            tokio::task::spawn_local(repeat(connection, requests, walk, until, expect))
        })
        .collect();
    let mut all = Tally::default();
    for one in running {
        let tally = one.await??;
        all.times.extend(tally.times);
        all.bytes += tally.bytes;
    }
    let seconds = begun.elapsed().as_secs_f64();
    all.times.sort_unstable();
    Ok(Outcome {
        requests: all.times.len() as u64,
        seconds,
        p50: quantile(&all.times, 0.50),
        p99: quantile(&all.times, 0.99),
        bytes: all.bytes,
    })
}

/// Which requests a connection sends.
#[derive(Clone, Copy)]
struct Walk {
    first: usize,
    /// So many from the first on, in pairs; all of them where it is not given.
    own: Option<usize>,
}

async fn repeat(
    mut connection: Connection,
    requests: Rc<[Vec<u8>]>,
    walk: Walk,
    until: Instant,
    expect: Rc<[u16]>,
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for (n, expected) in expect.iter().cycle().enumerate() {
        let at = walk.own.map_or(walk.first + n, |own| walk.first + n % own);
        let Some(request) = requests.get(at % requests.len()) else { break };
        let sent = Instant::now();
        if sent >= until && (walk.own.is_none() || n % 2 == 0) {
            break;
        }
        let answer = connection.exchange(request).await?;
        if answer.status != *expected {
            bail!("answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        tally.bytes += answer.body.len() as u64;
        tally.times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(tally)
}

/// Of sorted times; 0 when there are none.
fn quantile(sorted: &[u32], q: f64) -> u64 {
    let rank = (sorted.len() as f64 * q).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::exchange::{delete, post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Answers 201 and 204 by turns.
    async fn by_turns() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            for status in ["201 Created\r\ncontent-length: 0", "204 No Content"].iter().cycle() {
                if stream.read(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
                stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
            }
        });
        address
    }

    async fn in_pairs(expect: &[u16]) -> anyhow::Result<Tally> {
        let connection = Connection::open(by_turns().await).await?;
        let requests = [post("/seat", &[]), delete("/seat", &[])].map(String::into_bytes);
        let until = Instant::now() + Duration::from_millis(250);
        repeat(connection, Rc::new(requests), Walk { first: 0, own: Some(2) }, until, expect.into()).await
    }

    #[tokio::test]
    async fn no_pair_is_left_half_done_and_each_half_has_its_own_status() {
        let tally = in_pairs(&[201, 204]).await.unwrap();
        assert!(!tally.times.is_empty() && tally.times.len() % 2 == 0, "{}", tally.times.len());
        assert!(in_pairs(&[201]).await.is_err());
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times: Vec<u32> = (1..=100).collect();
        assert_eq!((quantile(&times, 0.5), quantile(&times, 0.99)), (50, 99));
        assert_eq!(quantile(&[7], 0.99), 7);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}

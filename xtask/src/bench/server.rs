//! The processes that are measured, and the issuer whose tokens they accept.
use super::{exchange, queue::Queue, release::Programs, usage::Pid, world::World};
use crate::services;
use adapter_oidc::{DevIssuer, DevIssuerOptions};
use anyhow::{Context, bail};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Connections of either side's pool to the database: the server's default.
pub const POOL: usize = 16;

const AUDIENCE: &str = "https://gymapi";

/// An OpenID issuer outside the server, as in production.
pub struct Issuer {
    issuer: DevIssuer,
    address: String,
}

impl Issuer {
    /// Serves its keys as long as the runtime lives.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}/", listener.local_addr()?);
        let options = DevIssuerOptions { issuer: address.clone(), audience: AUDIENCE.to_owned() };
        let issuer = DevIssuer::ephemeral(options)?;
        let keys = issuer.jwks();
        let router = axum::Router::new().route("/jwks.json", axum::routing::get(async || axum::Json(keys)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { issuer, address })
    }

    pub fn token(&self, email: &str, scopes: &[&str]) -> String {
        self.issuer.issue(email, email, &scopes.join(" "), Duration::from_secs(24 * 3600))
    }
}

/// What all servers of a measurement have in common.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub programs: &'a Programs,
    pub world: &'a World,
    pub issuer: &'a Issuer,
    pub data: &'a Path,
}

/// Which part of the server a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// API and worker, as when nothing is said.
    Whole,
    Api,
    Worker,
}

impl Role {
    fn command(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::Api => Some("serve"),
            Self::Worker => Some("work"),
        }
    }
}

impl Setting<'_> {
    /// The server as in production: configuration by environment, a log line for each request, which goes nowhere.
    /// Limits of requests per user are off, for a few hundred users make all the load.
    pub async fn start(&self, role: Role, queue: Option<&Queue>) -> anyhow::Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(&self.programs.server);
        let kept = ["PATH", "HOME", "LANG"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let kept: Vec<_> = kept.collect();
        command.args(role.command()).env_clear().envs(kept).envs([
            ("GYMAPI_ENVIRONMENT", "production"),
            ("GYMAPI_DEMO", "false"),
            ("GYMAPI_RATE_LIMITS", "false"),
            ("GYMAPI_HTTP_ADDR", &address.to_string()),
            ("DATABASE_URL", &self.world.database_url),
            ("GYMAPI_DATABASE_CONNECTIONS", &POOL.to_string()),
            ("REDIS_URL", &self.world.redis.address),
            ("OIDC_ISSUER", &self.issuer.address),
            ("OIDC_JWKS_URL", &format!("{}jwks.json", self.issuer.address)),
            ("AUTH0_API_AUDIENCE", AUDIENCE),
        ]);
        command.env("GYMAPI_DATA_DIR", self.data);
        command.envs(queue.map(Queue::environment).into_iter().flatten());
        Server::spawn(command, address, "/health/ready").await
    }
}

/// A measured process; it ends with this value.
pub struct Server {
    child: Child,
    pub pid: Pid,
    pub address: SocketAddr,
    /// From the start of the process to its first word that it is ready.
    pub ready_in: Duration,
}

impl Server {
    pub async fn floor(programs: &Programs, world: &World) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(&programs.xtask);
        command.args(["bench", "floor", "--address", &address.to_string(), "--database-url", &world.database_url]);
        command.args(["--pool", &POOL.to_string()]);
        Self::spawn(command, address, "/ready").await
    }

    async fn spawn(mut command: Command, address: SocketAddr, ready: &str) -> anyhow::Result<Self> {
        let begun = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
        let pid = Pid(child.id().and_then(|id| i32::try_from(id).ok()).context("a process without a number")?);
        let question = exchange::get(ready, &[]);
        while !is_ready(address, question.as_bytes()).await {
            if let Some(status) = child.try_wait()? {
                bail!("what is to be measured ended before it was ready: {status}");
            }
            if begun.elapsed() > Duration::from_secs(30) {
                bail!("not ready in 30 s");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(Self { child, pid, address, ready_in: begun.elapsed() })
    }

    /// Asks it to end and waits until it did.
    pub async fn end(mut self) -> anyhow::Result<()> {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid.0) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.context("it does not end")??;
        Ok(())
    }
}

async fn is_ready(address: SocketAddr, question: &[u8]) -> bool {
    let asked = async {
        let mut connection = exchange::Connection::open(address).await?;
        anyhow::Ok(connection.exchange(question).await?.status == 200)
    };
    asked.await.unwrap_or(false)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, services::free_port()?)))
}

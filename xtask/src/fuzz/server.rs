//! The server under test: a process of its own, with a fresh database and the demo world.
use crate::services::free_port;
use crate::workspace;
use anyhow::{Context, bail};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Headers that open what is not opened by a token, and their values.
pub const KEYS: [(&str, &str); 2] = [("X-API-Key", "fuzz-api-key"), ("X-Auth0-Webhook-Secret", "fuzz-webhook-secret")];

const START_LIMIT: Duration = Duration::from_secs(60);

/// Builds the server as the tests build it, so that a build of theirs is used again, and says where it lies.
pub fn binary() -> anyhow::Result<PathBuf> {
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--no-run", "--quiet", "--message-format", "json"]);
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the server does not build");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let built = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let is_it = message.pointer("/target/name").is_some_and(|name| name == "gymapi-server")
            && message.pointer("/profile/test").is_some_and(|test| test == &json!(false));
        message.get("executable")?.as_str().filter(|_| is_it).map(PathBuf::from)
    });
    built.context("the build left no gymapi-server")
}

pub struct Server {
    child: Child,
    pub base: String,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    /// `servers`: the variables that tell tests where the servers are.
    pub fn start(binary: &Path, servers: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let named = |name: &str| servers.get(name).with_context(|| format!("{name} is not set"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let database = format!("fuzz_{}", uuid::Uuid::new_v4().simple());
        let postgres = named("GYMAPI_TEST_POSTGRES_URL")?;
        runtime.block_on(async {
            let root = Database::connect(format!("{postgres}/postgres")).await?;
            root.execute_unprepared(&format!("CREATE DATABASE {database}")).await?;
            root.close().await
        })?;
        let folder = tempfile::Builder::new().prefix("gymapi-fuzz-").tempdir()?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let addr = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(binary);
        command.env_clear().current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let variables = [
            ("GYMAPI_HTTP_ADDR", addr.as_str()),
            ("DATABASE_URL", &format!("{postgres}/{database}")),
            ("REDIS_URL", named("GYMAPI_TEST_REDIS_URL")?),
            ("GYMAPI_REDIS_PREFIX", &database),
            ("GYMAPI_RATE_LIMITS", "false"),
            ("GYMAPI_LOG", "warn"),
            ("PUBLIC_API_KEY", "fuzz-api-key"),
            ("WORKER_API_KEY", "fuzz-api-key"),
            ("AUTH0_WEBHOOK_SECRET", "fuzz-webhook-secret"),
            ("ADMIN_SECRET_KEY", "fuzz-admin-secret"),
        ];
        let child = command.envs(variables).spawn().context("cannot start the server")?;
        let mut server = Self { child, base: format!("http://{addr}"), folder, runtime };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let ready = format!("{}/health/ready", self.base);
        while !self.runtime.block_on(async { reqwest::get(&ready).await.is_ok_and(|a| a.status().is_success()) }) {
            if self.child.try_wait()?.is_some() || begun.elapsed() > START_LIMIT {
                bail!("the server does not start: {}", self.log().lines().last().unwrap_or("no word"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub fn token(&self, email: &str) -> anyhow::Result<String> {
        let answer: Value = self.runtime.block_on(async {
            let asked =
                reqwest::Client::new().post(format!("{}/dev/token", self.base)).json(&json!({ "email": email }));
            asked.send().await?.error_for_status()?.json().await
        })?;
        Ok(answer.get("access_token").and_then(Value::as_str).context("no token in the answer")?.to_owned())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What the server itself calls an error.
    pub fn failures(&self) -> Vec<String> {
        self.log().lines().filter(|line| line.contains("ERROR")).take(20).map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The server as a process of its own.
use std::{
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A running server, killed when it is dropped.
pub struct Server {
    child: Child,
    pub url: String,
    _data: TempDir,
}

fn command(database: &str, data: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gymapi-server"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("DATABASE_URL", database).env("GYMAPI_DATA_DIR", data.path());
    command.current_dir(data.path()).stdin(Stdio::null());
    command
}

/// Runs one command of the server to its end.
pub fn execute(database: &str, arguments: &[&str]) -> Output {
    let data = tempfile::tempdir().unwrap();
    command(database, &data).args(arguments).output().unwrap()
}

/// What a command printed, and whether it succeeded.
pub fn said(output: &Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A free port below those that the system gives to outgoing connections: one of those could take it before the server.
fn free_address() -> String {
    loop {
        let port = 20_000 + RandomState::new().hash_one(0) % 12_000;
        let addr = format!("127.0.0.1:{port}");
        if TcpListener::bind(&addr).is_ok() {
            return addr;
        }
    }
}

impl Server {
    /// Starts without waiting for anything.
    pub fn start(database: &str, arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let addr = free_address();
        let mut command = command(database, &data);
        command.env("GYMAPI_HTTP_ADDR", &addr).args(arguments).stdout(Stdio::null());
        Self { child: command.spawn().unwrap(), url: format!("http://{addr}"), _data: data }
    }

    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let sent = reqwest::Client::new().get(format!("{}{path}", self.url)).timeout(Duration::from_secs(5)).send();
        let answer = sent.await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// # Panics
    /// When the process ends first, or is not ready after a minute.
    pub async fn ready(&mut self) {
        let began = Instant::now();
        while self.get("/health/ready").await.is_none_or(|(status, _)| status != 200) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{} ended: {status}", self.url);
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{} is not ready", self.url);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks it to stop, and waits.
    pub async fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < Duration::from_secs(40), "it does not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

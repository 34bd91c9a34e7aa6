//! Servers of one test's own, which it stops and starts again on the same port.
//!
//! They stay in the test's process group, so that a runner which ends a test that hangs ends them too.
use crate::servers;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Generous: a machine that builds at the same time is slow.
const LIMIT: Duration = Duration::from_secs(60);

/// A loopback port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Sends a signal to a child that was not waited for yet.
pub fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("the id of a child");
    kill_process(pid, signal).expect("a child that was not waited for takes signals");
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "{what} took longer than {} s", LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A Redis without persistence: what it held is gone when it is stopped.
pub struct Redis {
    binary: String,
    pub port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Not started yet. `None` when there is no Redis and none is required.
    pub fn stopped() -> Option<Self> {
        Some(Self { binary: servers::redis_binary()?, port: free_port(), child: None })
    }

    pub fn start(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new(&self.binary);
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        self.child = Some(command.stdout(Stdio::null()).spawn().expect("redis-server starts"));
        until("the start of Redis", || listens(self.port));
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How a PostgreSQL is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are told, and end.
    Fast,
    /// As if it had crashed: recovery follows at the next start.
    Immediate,
}

/// A PostgreSQL whose commits survive the end of its processes (not of the machine).
pub struct Postgres {
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    folder: tempfile::TempDir,
    pub port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Started. `None` when there is no PostgreSQL and none is required.
    pub fn start() -> Option<Self> {
        let programs = PathBuf::from(servers::postgres_binaries()?);
        let owner = rustix::process::geteuid().is_root().then(unprivileged);
        let folder = tempfile::Builder::new().prefix("gymapi-own-postgres-").tempdir().expect("a temporary folder");
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).expect("root may give a folder away");
        }
        let mut server = Self { programs, owner, folder, port: free_port(), child: None };
        let mut initdb = server.program("initdb");
        initdb.arg("-D").arg(server.data()).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]);
        let made = initdb.arg("--no-locale").output().expect("initdb starts");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.start_again();
        Some(server)
    }

    pub fn start_again(&mut self) {
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-k"]).arg(self.folder.path());
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=100", "shared_buffers=32MB"] {
            command.args(["-c", setting]);
        }
        self.child = Some(command.spawn().expect("postgres starts"));
        until("the start of PostgreSQL", || {
            let mut asked = Command::new(self.programs.join("pg_isready"));
            asked.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", "2"]);
            asked.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        });
    }

    pub fn stop(&mut self, how: Stop) {
        let Some(mut child) = self.child.take() else { return };
        signal(&child, if how == Stop::Fast { Signal::INT } else { Signal::QUIT });
        let _ = child.wait();
    }

    /// `postgres://…` of a database that exists from the start.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

/// PostgreSQL refuses to run as root: the user `postgres`, else `nobody`.
fn unprivileged() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").expect("the list of users");
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).expect("a user who is not root")
}

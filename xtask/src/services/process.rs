//! A server's process: started in a group of its own, so that Ctrl-C at the terminal reaches this command alone and it
//! can shut the servers down in order; known by pid and start time, so that a reused pid is never signalled.
use super::board::Board;
use anyhow::Context;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(90);
const END_LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: i32,
    /// The system's word for when it was started.
    pub born: String,
    /// PostgreSQL waits for its clients on SIGTERM and not on SIGINT.
    #[serde(default)]
    pub interrupt: bool,
}

impl Process {
    /// Starts `command` in a process group of its own.
    pub fn spawn(command: &mut Command, interrupt: bool) -> anyhow::Result<Self> {
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let pid = i32::try_from(child.id()).context("a pid beyond 31 bits")?;
        Ok(Self { pid, born: birth(pid).unwrap_or_default(), interrupt })
    }

    pub fn is_alive(&self) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return false;
        };
        // a child of ours that ended stays a zombie until it is asked for; of another's child this is an error
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        birth(self.pid).is_some_and(|born| born == self.born)
    }

    /// Asks it to end, insists after ten seconds, and returns when it is gone.
    pub fn end(&self) {
        let (Some(pid), true) = (Pid::from_raw(self.pid), self.is_alive()) else {
            return;
        };
        // an error means that it ended by itself in the meantime
        let _ = if self.interrupt { kill_process(pid, Signal::INT) } else { kill_process_group(pid, Signal::TERM) };
        if !self.ends_within(END_LIMIT) {
            let _ = kill_process_group(pid, Signal::KILL);
            self.ends_within(END_LIMIT);
        }
    }

    fn ends_within(&self, limit: Duration) -> bool {
        let begun = Instant::now();
        while self.is_alive() {
            if begun.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

/// When the process was started, in the system's own words; `None` when there is no such process.
fn birth(pid: i32) -> Option<String> {
    if std::path::Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // the second field is the program's name in brackets and may hold blanks
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let (state, start) = (fields.first()?, fields.get(19)?);
        return (*state != "Z").then(|| (*start).to_owned());
    }
    let output = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The server ended before it answered.
#[derive(Debug)]
pub struct EndedEarly {
    last_words: String,
}

impl std::fmt::Display for EndedEarly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it ended before it answered: {}", self.last_words)
    }
}

impl std::error::Error for EndedEarly {}

/// One attempt at a server: its name, a free port, a folder for its data and a file for what it prints.
pub struct Launch<'a> {
    name: &'static str,
    pub port: u16,
    pub scratch: PathBuf,
    board: &'a Board,
}

impl<'a> Launch<'a> {
    pub fn new(name: &'static str, board: &'a Board) -> anyhow::Result<Self> {
        // outside the checkout: PostgreSQL runs as another user, who may not see into the caller's home
        let scratch = tempfile::Builder::new().prefix(&format!("gymapi-{name}-")).tempdir()?;
        board.begin(name, scratch.path())?;
        Ok(Self { name, port: free_port()?, scratch: scratch.keep(), board })
    }

    /// Starts `command`, its output in the server's log.
    pub fn spawn(&self, command: &mut Command) -> anyhow::Result<Process> {
        self.spawn_with(command, false)
    }

    pub fn spawn_with(&self, command: &mut Command, interrupt: bool) -> anyhow::Result<Process> {
        let log = std::fs::File::create(self.board.log(self.name))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.board.spawn(self.name, || Process::spawn(command, interrupt))
    }

    /// Waits until `answers` is true.
    ///
    /// # Errors
    /// [`EndedEarly`] when the process ended, or a text when it did not answer in 90 seconds.
    pub fn wait(&self, process: &Process, mut answers: impl FnMut() -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            if answers() && process.is_alive() {
                return Ok(());
            }
            if !process.is_alive() {
                let log = std::fs::read_to_string(self.board.log(self.name)).unwrap_or_default();
                let last_words = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no word").to_owned();
                return Err(EndedEarly { last_words }.into());
            }
            if begun.elapsed() > START_LIMIT {
                anyhow::bail!("no answer in {} s (see .services/{}.log)", START_LIMIT.as_secs(), self.name);
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

/// A loopback port that nobody listens on, and that was not handed out before: servers that start at the same time must
/// not meet on one.
pub fn free_port() -> anyhow::Result<u16> {
    static HANDED_OUT: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?.local_addr()?.port();
        if HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Ok(port);
        }
    }
}

/// Whether something on the port answers `question` with a text that starts with `answer`.
pub fn speaks(port: u16, question: &str, answer: &str) -> bool {
    let asked = || -> std::io::Result<bool> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(question.as_bytes())?;
        let mut heard = vec![0; answer.len()];
        stream.read_exact(&mut heard)?;
        Ok(heard == answer.as_bytes())
    };
    asked().unwrap_or(false)
}

/// Whether an HTTP server on the port answers at all.
pub fn speaks_http(port: u16) -> bool {
    speaks(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", "HTTP/1.")
}

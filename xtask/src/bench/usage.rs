//! What a process used, as the system counts it.
use std::fs;

/// Clock ticks of `/proc`: 100 a second on every Linux that we know of.
const TICKS: f64 = 100.0;

/// A process, and how to name its children's share.
#[derive(Clone, Copy, Debug)]
pub struct Pid(pub i32);

impl Pid {
    /// Processor seconds of all its threads so far; 0 when it cannot be read.
    pub fn seconds(self) -> f64 {
        stat(self.0).map_or(0.0, |stat| stat.ticks as f64 / TICKS)
    }

    /// The same of itself and its children.
    pub fn seconds_with_children(self) -> f64 {
        let pids = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let ticks: u64 = pids
            .filter_map(|pid| Some((pid, stat(pid)?)))
            .filter(|(pid, stat)| *pid == self.0 || stat.parent == self.0)
            .map(|(_, stat)| stat.ticks)
            .sum();
        ticks as f64 / TICKS
    }

    /// Most bytes that were resident at once.
    pub fn peak_memory(self) -> u64 {
        self.kilobytes("VmHWM:") * 1024
    }

    /// Bytes that are resident now.
    pub fn memory(self) -> u64 {
        self.kilobytes("VmRSS:") * 1024
    }

    fn kilobytes(self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default()
    }
}

struct Stat {
    parent: i32,
    ticks: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the second field is the program's name in brackets and may hold blanks; the parent is the fourth, the times
    // in user and system mode are the fourteenth and fifteenth
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |n: usize| fields.get(n)?.parse::<u64>().ok();
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks: number(11)? + number(12)? })
}

/// The machine, in words for a table's foot.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    /// Bytes.
    pub memory: u64,
    pub system: String,
}

impl Machine {
    pub fn this() -> Self {
        let field = |file: &str, name: &str| -> Option<String> {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = release.split(['-', '+']).next().unwrap_or_default().trim().to_owned();
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            memory: memory.unwrap_or_default() * 1024,
            system: format!("Linux {release}"),
        }
    }
}

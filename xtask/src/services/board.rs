//! What is running: `.services/state.json`, written at each change, so that `down` finds the servers of an `up` that
//! was killed halfway.
use super::process::Process;
use crate::workspace;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One server, from the moment its folder is made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Entry {
    pub process: Option<Process>,
    /// Empty until the server answers.
    #[serde(default)]
    pub address: String,
    /// What tests are told; empty until the server answers.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Its temporary folder.
    #[serde(default)]
    pub scratch: Option<PathBuf>,
}

#[derive(Default)]
struct Content {
    entries: BTreeMap<String, Entry>,
    closed: bool,
}

pub struct Board {
    folder: PathBuf,
    content: Mutex<Content>,
}

impl Board {
    /// Reads the workspace's board; an absent one is empty.
    pub fn open() -> anyhow::Result<Self> {
        Self::at(&workspace::root().join(".services"))
    }

    /// A board in another folder, for servers that nobody else is to find.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let file = folder.join("state.json");
        let entries = match std::fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{} is damaged", file.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        Ok(Self { folder: folder.to_path_buf(), content: Mutex::new(Content { entries, closed: false }) })
    }

    pub fn entry(&self, name: &str) -> Option<Entry> {
        self.lock().entries.get(name).cloned()
    }

    /// The server's entry when it is up and answered once, or the program's when it was found.
    pub fn running(&self, name: &str) -> Option<Entry> {
        self.entry(name)
            .filter(|entry| !entry.address.is_empty() && entry.process.as_ref().is_none_or(Process::is_alive))
    }

    /// The file that takes what the server prints.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// The variables of every server that is up.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.lock().entries.values().flat_map(|entry| entry.environment.clone()).collect()
    }

    /// A fresh start of `name`: ends what is left of an earlier one and notes the new folder.
    ///
    /// # Errors
    /// When the board was closed.
    pub fn begin(&self, name: &str, scratch: &Path) -> anyhow::Result<()> {
        self.end(name)?;
        let mut content = self.lock();
        if content.closed {
            bail!("interrupted");
        }
        let entry = Entry { scratch: Some(scratch.to_path_buf()), ..Entry::default() };
        content.entries.insert(name.to_owned(), entry);
        self.write(&content)
    }

    /// Spawns and notes in one step, so that no process can be started that `end_all` does not see.
    ///
    /// # Errors
    /// When the board was closed, or the spawn fails.
    pub fn spawn(&self, name: &str, spawn: impl FnOnce() -> anyhow::Result<Process>) -> anyhow::Result<Process> {
        let mut content = self.lock();
        if content.closed {
            bail!("interrupted");
        }
        let process = spawn()?;
        content.entries.entry(name.to_owned()).or_default().process = Some(process.clone());
        self.write(&content)?;
        Ok(process)
    }

    pub fn ready(
        &self,
        name: &str,
        process: Option<Process>,
        address: String,
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let mut content = self.lock();
        let entry = content.entries.entry(name.to_owned()).or_default();
        entry.process = process;
        entry.address = address;
        entry.environment = environment;
        self.write(&content)
    }

    /// Ends one server and removes its folder; does nothing where there is none.
    pub fn end(&self, name: &str) -> anyhow::Result<()> {
        let entry = self.lock().entries.remove(name);
        if let Some(entry) = entry {
            end(&entry);
        }
        let content = self.lock();
        self.write(&content)
    }

    /// Ends every server, lets none start any more, and returns the names of those that were up.
    pub fn end_all(&self) -> anyhow::Result<Vec<String>> {
        let entries = {
            let mut content = self.lock();
            content.closed = true;
            std::mem::take(&mut content.entries)
        };
        std::thread::scope(|scope| {
            for entry in entries.values() {
                scope.spawn(|| end(entry));
            }
        });
        let content = self.lock();
        self.write(&content)?;
        Ok(entries.into_keys().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        // the map is whole after every statement, also when a holder panicked
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, content: &Content) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(&content.entries)?;
        let (draft, file) = (self.folder.join("state.json.new"), self.folder.join("state.json"));
        std::fs::write(&draft, text)
            .and_then(|()| std::fs::rename(&draft, &file))
            .context("cannot write .services/state.json")
    }
}

fn end(entry: &Entry) {
    if let Some(process) = &entry.process {
        process.end();
    }
    if let Some(scratch) = &entry.scratch {
        // gone already, or not ours to remove: either way nothing depends on it
        let _ = std::fs::remove_dir_all(scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn sleeper() -> anyhow::Result<Process> {
        Process::spawn(Command::new("sleep").arg("60"), false)
    }

    #[test]
    fn a_second_board_finds_and_ends_what_the_first_started() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&scratch).unwrap();
        let board = Board::at(folder.path()).unwrap();
        board.begin("redis", &scratch).unwrap();
        let process = board.spawn("redis", sleeper).unwrap();
        drop(board);

        let board = Board::at(folder.path()).unwrap();
        assert!(process.is_alive());
        assert!(board.running("redis").is_none(), "it never answered");
        assert_eq!(board.end_all().unwrap(), ["redis"]);
        assert!(!process.is_alive());
        assert!(!scratch.exists());
        assert!(Board::at(folder.path()).unwrap().entry("redis").is_none());
    }

    #[test]
    fn nothing_starts_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::at(folder.path()).unwrap();
        board.end_all().unwrap();
        assert!(board.begin("redis", folder.path()).is_err());
        assert!(board.spawn("redis", sleeper).is_err());
    }

    #[test]
    fn a_process_of_another_start_time_is_left_alone() {
        let process = sleeper().unwrap();
        let stranger = Process { born: "0".to_owned(), ..process.clone() };
        stranger.end();
        assert!(!stranger.is_alive());
        assert!(process.is_alive());
        process.end();
        assert!(!process.is_alive());
    }
}

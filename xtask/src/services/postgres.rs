//! PostgreSQL in a folder of its own, without durability: it lives for one test run.
use super::process::Launch;
use super::tools::{Tools, find, is_root};
use super::{Started, tools};
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub fn start(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    start_with(tools, launch, |_| &[])
}

/// With the module that counts statements, where this PostgreSQL has it; it counts nothing until it is told to.
pub fn start_counting(tools: &Tools, launch: &Launch) -> anyhow::Result<Started> {
    start_with(tools, launch, |folder| {
        if folder.join("../lib/pg_stat_statements.so").exists() {
            &["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=none"]
        } else {
            &[]
        }
    })
}

/// `more`: further settings, by the folder of the programs.
fn start_with(tools: &Tools, launch: &Launch, more: fn(&Path) -> &'static [&'static str]) -> anyhow::Result<Started> {
    let folder = match binaries() {
        Some(folder) => folder,
        None => {
            tools.apt("postgresql").context("no PostgreSQL: install it, or put the folder of its programs in PATH")?;
            binaries().context("the package postgresql brought no initdb")?
        }
    };
    let owner = if tools::is_root() { Some(unprivileged()?) } else { None };
    let data = launch.scratch.join("data");
    if let Some((user, group)) = owner {
        std::os::unix::fs::chown(&launch.scratch, Some(user), Some(group))?;
    }
    // C.UTF-8 folds case beyond ASCII as production's locales do; where the system has none, C must do
    initdb(&folder, &data, owner, "--locale=C.UTF-8").or_else(|_| initdb(&folder, &data, owner, "--no-locale"))?;

    let port = launch.port.to_string();
    let mut command = program(&folder, "postgres", owner);
    command.arg("-D").arg(&data).args(["-p", &port, "-k"]).arg(&launch.scratch);
    for setting in [
        "listen_addresses=127.0.0.1",
        "max_connections=300",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "shared_buffers=128MB",
    ]
    .iter()
    .chain(more(&folder))
    {
        command.args(["-c", setting]);
    }
    let process = launch.spawn_with(command.current_dir(&launch.scratch), true)?;
    launch.wait(&process, || {
        let mut asked = Command::new(folder.join("pg_isready"));
        asked.args(["-q", "-h", "127.0.0.1", "-p", &port, "-t", "2"]).stdout(Stdio::null()).stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    })?;
    let address = format!("postgres://postgres@127.0.0.1:{port}");
    let environment = BTreeMap::from([
        ("GYMAPI_TEST_POSTGRES_URL".to_owned(), address.clone()),
        ("GYMAPI_TEST_PG_BIN".to_owned(), folder.display().to_string()),
    ]);
    Ok(Started { process: Some(process), address, environment })
}

/// The folder of `initdb` and `postgres`: PATH first, then Debian's place, the newest version first.
fn binaries() -> Option<PathBuf> {
    if let Some(folder) = find("initdb").and_then(|place| Some(place.canonicalize().ok()?.parent()?.to_path_buf()))
        && folder.join("postgres").exists()
    {
        return Some(folder);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop().map(|(_, folder)| folder)
}

fn initdb(folder: &Path, data: &Path, owner: Option<(u32, u32)>, locale: &str) -> anyhow::Result<()> {
    let mut command = program(folder, "initdb", owner);
    command.arg("-D").arg(data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", locale]);
    let output = command.current_dir("/").stdin(Stdio::null()).output().context("cannot start initdb")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("initdb failed: {}", words.lines().find(|line| line.contains("error")).unwrap_or(words.trim()));
    }
    Ok(())
}

fn program(folder: &Path, name: &str, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(folder.join(name));
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// PostgreSQL refuses to run as root: the user `postgres`, else `nobody`.
fn unprivileged() -> anyhow::Result<(u32, u32)> {
    debug_assert!(is_root(), "only root can become another user");
    let users = std::fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).context("PostgreSQL refuses to run as root, and there is no other user")
}

//! Every test, over the embedded default and over real servers, which are shut down again whatever happens.
use crate::services::{self, Board, Missing, say};
use crate::workspace;
use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Args)]
pub struct Arguments {
    /// Start no servers: tests that need one are skipped and say so
    #[arg(long)]
    embedded: bool,
    /// For the test runner (cargo nextest run, or cargo test where nextest is missing); leaves doc tests out
    #[arg(last = true)]
    runner: Vec<String>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let board = Arc::new(Board::open()?);
    let result = runtime.block_on(everything(arguments, Arc::clone(&board)));
    // also ends what an interrupted start left, and lets nothing start any more
    let ended = if arguments.embedded { Ok(()) } else { services::down(&board) };
    // a start that still installs something must not hold the exit back
    runtime.shutdown_background();
    let outcome = result?;
    ended?;
    Ok(outcome.report())
}

/// What the run has to tell at its end.
struct Outcome {
    tests: bool,
    documentation: bool,
    missing: Vec<Missing>,
    /// The runner's own closing line.
    summary: Option<String>,
}

impl Outcome {
    fn report(&self) -> ExitCode {
        for server in &self.missing {
            let kind = if server.optional { "not run" } else { "missing" };
            say(&format!("{kind}: {} - {}", server.name, server.reason));
        }
        if !self.documentation {
            say("documentation tests failed");
        }
        let whole = self.missing.iter().all(|server| server.optional);
        if !whole {
            say("servers are missing: this run counts as failed (`--embedded` asks for none)");
        }
        // the runner's word stands last, where a reader of the tail looks for it
        say(self.summary.as_deref().unwrap_or("the test runner printed no summary"));
        if self.tests && self.documentation && whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

async fn everything(arguments: &Arguments, board: Arc<Board>) -> anyhow::Result<Outcome> {
    let missing = if arguments.embedded {
        Vec::new()
    } else {
        let board = Arc::clone(&board);
        let start = tokio::task::spawn_blocking(move || services::up(&board));
        tokio::select! {
            missing = start => missing.context("starting the servers")??,
            name = interrupted() => bail!("{}", name?),
        }
    };
    let with_servers = |mut command: Command| {
        if !arguments.embedded {
            command.envs(board.environment()).env("GYMAPI_TEST_SERVERS", "required");
        }
        command.kill_on_drop(true);
        command
    };
    let nextest = nextest_is_here().await;
    let mut command = Command::from(workspace::cargo());
    match nextest {
        true => command.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(&arguments.runner),
        false => command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]).args(&arguments.runner),
    };
    let (status, lines) = watched(with_servers(command)).await?;
    let summary = if nextest { nextest_summary(&lines) } else { test_summary(&lines) };
    let documentation = if arguments.runner.is_empty() {
        let mut command = Command::from(workspace::cargo());
        command.args(["test", "--workspace", "--doc", "--quiet"]);
        watched(with_servers(command)).await?.0.success()
    } else {
        true
    };
    Ok(Outcome { tests: status.success(), documentation, missing, summary })
}

async fn nextest_is_here() -> bool {
    let mut command = Command::from(workspace::cargo());
    command.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

/// Runs the command, shows what it prints, and returns it too.
async fn watched(mut command: Command) -> anyhow::Result<(ExitStatus, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("a child without its standard output")?;
    let errors = child.stderr.take().context("a child without its standard error")?;
    let running = async {
        let (printed, complained) =
            tokio::try_join!(shown(output, std::io::stdout()), shown(errors, std::io::stderr()))?;
        let status = child.wait().await?;
        anyhow::Ok((status, printed.into_iter().chain(complained).collect()))
    };
    let name = tokio::select! {
        result = running => return result,
        name = interrupted() => name?,
    };
    // the runner ends its tests when it is asked to; killed, it would leave them behind
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        // an error means that it ended by itself in the meantime
        let _ = kill_process(pid, Signal::TERM);
    }
    // whether it ended or not, the caller's `kill_on_drop` comes next
    let _ = tokio::time::timeout(Duration::from_secs(15), child.wait()).await;
    bail!("{name}")
}

async fn shown(from: impl AsyncRead + Unpin, mut to: impl Write) -> std::io::Result<Vec<String>> {
    let mut from = BufReader::new(from);
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    // by bytes: a test may print what is not UTF-8
    while from.read_until(b'\n', &mut line).await? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        lines.push(String::from_utf8_lossy(&line).trim().to_owned());
        line.clear();
    }
    Ok(lines)
}

async fn interrupted() -> anyhow::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "interrupted",
        _ = terminate.recv() => "terminated",
        _ = hangup.recv() => "hung up",
    })
}

/// `Summary [ 12.3s] 345 tests run: 345 passed, 0 skipped`
fn nextest_summary(lines: &[String]) -> Option<String> {
    lines.iter().rev().find(|line| line.starts_with("Summary [")).cloned()
}

/// The sum of cargo test's lines, one for each test binary: `345 passed, 0 failed, 0 skipped`.
fn test_summary(lines: &[String]) -> Option<String> {
    let counts = regex::Regex::new(r"^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored;").ok()?;
    let found: Vec<[u64; 3]> = lines
        .iter()
        .filter_map(|line| counts.captures(line))
        .map(|line| line.extract::<3>().1.map(|number| number.parse().unwrap_or(0)))
        .collect();
    if found.is_empty() {
        return None;
    }
    let [passed, failed, ignored] = found.iter().fold([0, 0, 0], |[p, f, i], [x, y, z]| [p + x, f + y, i + z]);
    Some(format!("{passed} passed, {failed} failed, {ignored} skipped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn the_runners_closing_line_is_found_before_its_list_of_failures() {
        let text = "PASS a\n------------\n     Summary [   0.01s] 2 tests run: 1 passed, 1 failed, 0 skipped\n  FAIL b";
        let summary = nextest_summary(&lines(text));
        assert_eq!(summary.unwrap(), "Summary [   0.01s] 2 tests run: 1 passed, 1 failed, 0 skipped");
        assert_eq!(nextest_summary(&lines("error: could not compile")), None);
    }

    #[test]
    fn cargo_tests_lines_are_summed() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
                    test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured";
        assert_eq!(test_summary(&lines(text)).unwrap(), "7 passed, 2 failed, 1 skipped");
        assert_eq!(test_summary(&lines("error: could not compile")), None);
    }
}

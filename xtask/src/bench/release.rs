//! What is measured is a release build, and so is what measures.
use crate::services::say;
use crate::workspace;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs of a release build.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Where they lie.
    pub folder: PathBuf,
    pub server: PathBuf,
    pub xtask: PathBuf,
    pub thumbnails: PathBuf,
}

impl Programs {
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            server: folder.join("gymapi-server"),
            xtask: folder.join("xtask"),
            thumbnails: folder.join("examples/thumbnail_bench"),
        }
    }
}

pub fn build() -> anyhow::Result<Programs> {
    say("building release");
    for arguments in [
        // each alone: together they would share features, and the server would be another one than is shipped
        &["build", "--release", "-p", "gymapi-server"][..],
        &["build", "--release", "-p", "xtask"][..],
        &["build", "--release", "-p", "gymapi-imaging", "--example", "thumbnail_bench"][..],
    ] {
        let status = workspace::cargo().args(arguments).status().context("cannot start cargo")?;
        if !status.success() {
            bail!("the release build failed");
        }
    }
    Ok(Programs::of(&target()?.join("release")))
}

fn target() -> anyhow::Result<PathBuf> {
    let mut command: Command = workspace::cargo();
    let output = command.args(["metadata", "--no-deps", "--format-version", "1"]).output().context("cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("what cargo metadata says")?;
    let folder = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    Ok(folder.context("cargo names no target folder")?.into())
}

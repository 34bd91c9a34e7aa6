//! Programs that the servers are made of: found on the machine, or installed once into a folder per version, which
//! later runs use again.
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

pub struct Tools {
    folder: PathBuf,
    /// dpkg's lock allows one install at a time
    apt: Mutex<()>,
}

impl Tools {
    /// `GYMAPI_TOOLS_DIR`, by default `~/.cache/gymapi/tools`.
    pub fn open() -> anyhow::Result<Self> {
        let folder = match (std::env::var_os("GYMAPI_TOOLS_DIR"), std::env::home_dir()) {
            (Some(folder), _) if !folder.is_empty() => PathBuf::from(folder),
            (_, Some(home)) => home.join(".cache/gymapi/tools"),
            _ => bail!("set GYMAPI_TOOLS_DIR: there is no home folder to install into"),
        };
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        // a relative folder must mean the same to a child that works elsewhere
        Ok(Self { folder: folder.canonicalize()?, apt: Mutex::new(()) })
    }

    /// The folder `name-version`, in which `marker` exists: installed first if need be.
    ///
    /// The install happens in a draft folder that is renamed at the end, so a broken one is never taken for whole.
    fn installed(
        &self,
        name: &str,
        marker: &str,
        install: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let place = self.folder.join(name);
        if place.join(marker).exists() {
            return Ok(place);
        }
        eprintln!("installing {name}");
        let draft = tempfile::Builder::new().prefix(&format!(".{name}-")).tempdir_in(&self.folder)?;
        install(draft.path())?;
        if !draft.path().join(marker).exists() {
            bail!("the install of {name} left no {marker}");
        }
        if place.exists() && !place.join(marker).exists() {
            std::fs::remove_dir_all(&place)?;
        }
        match std::fs::rename(draft.path(), &place) {
            Ok(()) => Ok(place),
            // another run was faster
            Err(_) if place.join(marker).exists() => Ok(place),
            Err(error) => Err(error).with_context(|| format!("cannot move {name} into place")),
        }
    }

    /// The folder whose `node_modules` holds the package.
    pub fn npm(&self, package: &str, version: &str) -> anyhow::Result<PathBuf> {
        let cure = "install Node.js 20 or newer with npm";
        let npm = find("npm").with_context(|| format!("npm is not here: {cure}"))?;
        find("node").with_context(|| format!("node is not here: {cure}"))?;
        let name = format!("{}-{version}", package.trim_start_matches('@').replace('/', "-"));
        self.installed(&name, &format!("node_modules/{package}/package.json"), |folder| {
            let mut command = Command::new(&npm);
            command.args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix"]);
            command.arg(folder).arg(format!("{package}@{version}"));
            self.carry_out(command.current_dir(folder), &name)
        })
    }

    /// The Python of a virtual environment that holds the package.
    pub fn python(&self, package: &str, version: &str) -> anyhow::Result<PathBuf> {
        let python = find("python3").context("python3 is not here: install Python 3.9 or newer with venv")?;
        let name = format!("{package}-{version}");
        let folder = self.installed(&name, ".complete", |folder| {
            let make = |tools: &Self| tools.carry_out(Command::new(&python).args(["-m", "venv"]).arg(folder), &name);
            // Debian splits ensurepip off
            make(self).or_else(|error| self.apt("python3-venv").map_err(|_| error).and_then(|()| make(self)))?;
            let mut command = Command::new(folder.join("bin/python"));
            command.args(["-m", "pip", "install", "--quiet", &format!("{package}=={version}")]);
            self.carry_out(&mut command, &name)?;
            Ok(std::fs::write(folder.join(".complete"), "")?)
        })?;
        Ok(folder.join("bin/python"))
    }

    /// A program of a crate, built by cargo.
    pub fn cargo(&self, package: &str, version: &str, features: &[&str]) -> anyhow::Result<PathBuf> {
        let name = format!("{package}-{version}");
        let marker = format!("bin/{package}");
        let folder = self.installed(&name, &marker, |folder| {
            let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.args(["install", "--locked", "--quiet", "--version", &format!("={version}"), "--root"]);
            command.arg(folder).arg(package);
            if !features.is_empty() {
                command.arg("--features").arg(features.join(","));
            }
            // away from the workspace, so that neither its configuration nor its target folder is used
            self.carry_out(command.current_dir(&self.folder).env_remove("CARGO_TARGET_DIR"), &name)
        })?;
        Ok(folder.join(marker))
    }

    /// Installs a Debian package.
    ///
    /// # Errors
    /// When the machine has no apt-get, or the caller is not root.
    pub fn apt(&self, package: &str) -> anyhow::Result<()> {
        let apt = find("apt-get").with_context(|| format!("no apt-get to install {package} with"))?;
        if !is_root() {
            bail!("not root: run `sudo apt-get install {package}`");
        }
        let _one_at_a_time = self.apt.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("installing {package} by apt-get");
        let install = |tools: &Self| {
            let mut command = Command::new(&apt);
            command.args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
            tools.carry_out(command.env("DEBIAN_FRONTEND", "noninteractive"), package)
        };
        // the package lists of a fresh machine are empty or old
        install(self).or_else(|_| {
            self.carry_out(Command::new(&apt).args(["update", "--quiet"]), package)?;
            install(self)
        })
    }

    /// Runs an install step; its output goes to a log, whose last line is the error's text.
    fn carry_out(&self, command: &mut Command, name: &str) -> anyhow::Result<()> {
        let log = self.folder.join(format!("{name}.log"));
        let file = std::fs::File::create(&log)?;
        let status = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status();
        let status = status.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        if !status.success() {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output");
            bail!("the install of {name} failed ({status}): {line} (all of it in {})", log.display());
        }
        Ok(())
    }
}

/// The program's place in PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|place| place.is_file())
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_install_leaves_nothing_and_a_whole_one_is_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools { folder: folder.path().to_path_buf(), apt: Mutex::new(()) };
        assert!(tools.installed("x-1", "bin", |_| bail!("no network")).is_err());
        assert!(tools.installed("x-1", "bin", |_| Ok(())).is_err(), "nothing was installed");
        assert!(!folder.path().join("x-1").exists());
        let place = tools.installed("x-1", "bin", |draft| Ok(std::fs::write(draft.join("bin"), "")?)).unwrap();
        assert!(place.join("bin").exists());
        tools.installed("x-1", "bin", |_| panic!("installed twice")).unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["x-1"], "drafts are gone");
    }

    #[test]
    fn an_install_step_fails_with_its_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools { folder: folder.path().to_path_buf(), apt: Mutex::new(()) };
        let mut command = Command::new("sh");
        let error = tools.carry_out(command.args(["-c", "echo first; echo the reason >&2; exit 3"]), "x").unwrap_err();
        assert!(error.to_string().contains("the reason"), "{error}");
    }
}

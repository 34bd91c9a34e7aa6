//! Thumbnails beside Pillow, on the same photograph and one core.
use super::release::Programs;
use crate::{services::Tools, workspace};
use anyhow::{Context, bail};
use regex::Regex;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// The photograph's pixels, three bytes each.
const DECODED: f64 = 4000.0 * 3000.0 * 3.0 / 1e6;
const ROUNDS: &str = "20";
const PILLOW: &str = "12.0.0";

#[derive(Clone, Debug, Serialize)]
pub struct Pictures {
    pub own: Figures,
    /// Absent when Pillow could not be had.
    pub pillow: Option<Figures>,
    /// Why it could not.
    pub missing: Option<String>,
}

/// Processor milliseconds of one thumbnail, megabytes at the peak.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    pub best: f64,
    pub mean: f64,
    pub peak: f64,
}

impl Pictures {
    /// How many thumbnails ours makes in the time of one of Pillow's.
    pub fn ratio(&self) -> Option<f64> {
        self.pillow.map(|pillow| pillow.best / self.own.best)
    }

    /// Peak memory in decoded images.
    pub fn decoded_images(&self) -> f64 {
        self.own.peak / DECODED
    }
}

pub fn measure(programs: &Programs, scratch: &Path) -> anyhow::Result<Pictures> {
    let photo = scratch.join("photo.jpg");
    // the first run writes the photograph
    printed(Command::new(&programs.thumbnails).arg(&photo))?;
    let own = figures(&printed(Command::new(&programs.thumbnails).arg(&photo).arg(ROUNDS))?)?;
    let script = workspace::root().join("crates/adapters/imaging/examples/pillow_thumbnail.py");
    let pillow = Tools::open()
        .and_then(|tools| tools.python("pillow", PILLOW))
        .and_then(|python| figures(&printed(Command::new(python).arg(script).arg(&photo).arg(ROUNDS))?));
    Ok(match pillow {
        Ok(pillow) => Pictures { own, pillow: Some(pillow), missing: None },
        Err(error) => Pictures { own, pillow: None, missing: Some(format!("{error:#}")) },
    })
}

fn printed(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Both programs print the same words.
fn figures(line: &str) -> anyhow::Result<Figures> {
    let words = Regex::new(r"best ([0-9.]+) ms, mean ([0-9.]+) ms, .* peak ([0-9.]+) MB")?;
    let found = words.captures(line).with_context(|| format!("no figures in {line:?}"))?;
    let number = |n: usize| anyhow::Ok(found.get(n).context("a figure")?.as_str().parse::<f64>()?);
    Ok(Figures { best: number(1)?, mean: number(2)?, peak: number(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_both_programs_are_understood() {
        for line in [
            "thumbnail: best 22.5 ms, mean 24.0 ms, 1234 bytes out, 99 bytes in, peak 11 MB\n",
            "pillow (libjpeg-turbo 3.1): best 22.5 ms, mean 24.0 ms, 1234 bytes out, 99 bytes in, peak 11 MB",
        ] {
            let found = figures(line).unwrap();
            assert_eq!((found.best, found.mean, found.peak), (22.5, 24.0, 11.0));
        }
        assert!(figures("best of all").is_err());
    }
}

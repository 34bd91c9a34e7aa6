//! Reads the texts, refuses them when something is missing, and builds them in.
#[path = "src/check.rs"]
mod check;
#[path = "../domain/src/notifications/kind.rs"]
mod kind;

use std::{fmt::Write, path::Path};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for watched in ["texts", "mails", "src/check.rs", "../domain/src/notifications/kind.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let texts = check::read(Path::new("."))?;
    let kinds = kind::NoticeKind::ALL.iter().filter(|kind| !kind.is_written()).map(|kind| kind.as_str());
    let faults = check::faults(&kinds.collect::<Vec<_>>(), &texts);
    if !faults.is_empty() {
        return Err(faults.join("\n").into());
    }
    let mut sources = String::from("&[\n");
    for (language, of) in &texts {
        for (name, source) in of {
            writeln!(sources, "({:?}, {source:?}),", format!("{language}/{name}"))?;
        }
    }
    sources.push_str("]\n");
    let out = std::env::var_os("OUT_DIR").ok_or("cargo gives no folder")?;
    Ok(std::fs::write(Path::new(&out).join("sources.rs"), sources)?)
}

//! Differences from the reference that are meant.
use super::operation::Operation;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    pub method: String,
    /// As the reference writes it.
    pub path: String,
    /// What the comparison prints, or its beginning: `response 200 .users[].email` covers what is said of that field.
    pub what: String,
    /// The rule that wants it.
    pub rule: String,
    #[serde(skip)]
    pub used: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

pub fn read(file: &Path) -> anyhow::Result<Vec<Deviation>> {
    let name = file.display().to_string();
    parse(&std::fs::read_to_string(file).with_context(|| name.clone())?).context(name)
}

pub fn parse(text: &str) -> anyhow::Result<Vec<Deviation>> {
    let deviations = toml::from_str::<File>(text)?.deviation;
    let rule = regex::Regex::new(r"^[A-Z]{3}-\d+$")?;
    for deviation in &deviations {
        if !rule.is_match(&deviation.rule) {
            bail!("{} {}: `{}` is no rule's id", deviation.method, deviation.path, deviation.rule);
        }
        if deviation.what.is_empty() {
            bail!("{} {}: an empty `what` would cover everything", deviation.method, deviation.path);
        }
    }
    Ok(deviations)
}

impl Deviation {
    pub fn covers(&self, operation: &Operation, problem: &str) -> bool {
        let rest = problem.strip_prefix(self.what.as_str());
        // `.name` does not cover `.name_length`
        let whole = rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'));
        whole && self.method == operation.method && self.path == operation.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviation_without_a_rule_is_refused() {
        let text = |rule: &str| {
            format!("[[deviation]]\nmethod = \"GET\"\npath = \"/\"\nwhat = \"not served\"\nrule = \"{rule}\"\n")
        };
        assert!(parse(&text("IDN-7")).is_ok());
        assert!(parse(&text("because")).is_err());
    }
}

//! Which rules of `docs/spec` are named by a test.
//!
//! A rule is defined where its id opens a list item or a table row of its slice's file. A test names a rule by its
//! function's name (`idn_95_…`), or in a comment or string (`IDN-95`). A slice that `docs/spec/STATUS.toml` calls done
//! fails the command while one of its rules has no test.
use crate::services::say;
use crate::workspace;
use anyhow::{Context, bail};
use regex::Regex;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Arguments {
    /// List the missing rules of slices that are not done yet, too
    #[arg(long)]
    verbose: bool,
}

/// Ordered by number, not by text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    prefix: String,
    number: u32,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.prefix, self.number)
    }
}

/// How far a slice is.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
enum Status {
    /// `done`, `in progress` or `planned`
    Whole(Stage),
    /// The rules in use: these must be named, the others need not.
    Part(Vec<String>),
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
enum Stage {
    #[serde(rename = "done")]
    Done,
    #[serde(rename = "in progress")]
    InProgress,
    #[serde(rename = "planned")]
    Planned,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = workspace::root().join("docs/spec");
    let mut slices = BTreeMap::new();
    for file in workspace::files(&folder, "md")? {
        let rules = defined(&std::fs::read_to_string(&file)?)?;
        if !rules.is_empty() {
            slices.insert(file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), rules);
        }
    }
    let status = std::fs::read_to_string(folder.join("STATUS.toml")).context("docs/spec/STATUS.toml")?;
    let status: BTreeMap<String, Status> = toml::from_str(&status).context("docs/spec/STATUS.toml")?;
    if let Some(name) = status.keys().find(|name| !slices.contains_key(*name)) {
        bail!("docs/spec/STATUS.toml names {name}, and there is no docs/spec/{name}.md with rules");
    }
    let named = named_by_tests()?;

    let mut failed = false;
    for (slice, rules) in &slices {
        let status = status.get(slice).unwrap_or(&Status::Whole(Stage::Planned));
        let owed = owed(status, rules).with_context(|| format!("docs/spec/STATUS.toml, {slice}"))?;
        let missing: Vec<&Rule> = rules.iter().filter(|rule| !named.contains(*rule)).collect();
        say(&format!(
            "{slice:<22} {:>3} of {:>3} rules named  {}",
            rules.len() - missing.len(),
            rules.len(),
            word(status)
        ));
        let unnamed: Vec<&Rule> = missing.iter().copied().filter(|rule| owed.contains(*rule)).collect();
        if !unnamed.is_empty() {
            failed = true;
            say(&format!("  no test names: {}", list(&unnamed)));
        } else if arguments.verbose && !missing.is_empty() {
            say(&format!("  not named yet: {}", list(&missing)));
        }
    }
    let known: BTreeSet<&Rule> = slices.values().flatten().collect();
    let strangers: Vec<&Rule> = named
        .iter()
        .filter(|rule| slices.values().flatten().any(|other| other.prefix == rule.prefix) && !known.contains(rule))
        .collect();
    if !strangers.is_empty() {
        failed = true;
        say(&format!("tests name rules that do not exist: {}", list(&strangers)));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn list(rules: &[&Rule]) -> String {
    rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn word(status: &Status) -> String {
    match status {
        Status::Whole(Stage::Done) => "done".to_owned(),
        Status::Whole(Stage::InProgress) => "in progress".to_owned(),
        Status::Whole(Stage::Planned) => "planned".to_owned(),
        Status::Part(rules) => format!("{} rules in use", rules.len()),
    }
}

/// The rules that must be named.
fn owed(status: &Status, rules: &BTreeSet<Rule>) -> anyhow::Result<BTreeSet<Rule>> {
    match status {
        Status::Whole(Stage::Done) => Ok(rules.clone()),
        Status::Whole(Stage::InProgress | Stage::Planned) => Ok(BTreeSet::new()),
        Status::Part(ids) => ids
            .iter()
            .map(|id| {
                let found = rules.iter().find(|rule| rule.to_string() == *id);
                found.cloned().with_context(|| format!("there is no rule {id}"))
            })
            .collect(),
    }
}

fn rule(prefix: &str, number: &str) -> Option<Rule> {
    Some(Rule { prefix: prefix.to_uppercase(), number: number.parse().ok()? })
}

/// The rules that a slice's file defines: of the prefix that opens most of its lines, since a file may open a line with
/// another slice's rule to point at it.
fn defined(text: &str) -> anyhow::Result<BTreeSet<Rule>> {
    let opening = Regex::new(r"(?m)^\s*(?:[-*]\s+|\d+\.\s+|\|\s*)?(?:\*\*)?([A-Z]{3})-(\d+)\b")?;
    let found: Vec<Rule> = opening
        .captures_iter(text)
        .map(|line| line.extract::<2>().1)
        .filter_map(|[prefix, number]| rule(prefix, number))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &found {
        *counts.entry(&rule.prefix).or_default() += 1;
    }
    let own = counts.into_iter().max_by_key(|(_, count)| *count).map(|(prefix, _)| prefix.to_owned());
    Ok(found.into_iter().filter(|rule| Some(&rule.prefix) == own.as_ref()).collect())
}

fn named_by_tests() -> anyhow::Result<BTreeSet<Rule>> {
    let mut named = BTreeSet::new();
    // xtask's own tests speak of rules as examples
    for folder in ["crates", "migrations"] {
        for file in workspace::files(&workspace::root().join(folder), "rs")? {
            let source = std::fs::read_to_string(&file)?;
            let path = workspace::relative(&file);
            if is_test_file(&path) {
                named.extend(mentioned(&source)?);
            } else if path.starts_with("crates/testkit/") {
                // suites that run over every backend
                named.extend(in_names(&source)?);
            } else {
                let lines: Vec<&str> = source.lines().collect();
                for range in test_lines(&source) {
                    named.extend(mentioned(&lines.get(range).unwrap_or_default().join("\n"))?);
                }
            }
        }
    }
    Ok(named)
}

/// `…/tests/…`, `tests.rs`, and `media_tests.rs` beside `media.rs`.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// The line ranges of `#[cfg(test)]` items: from the attribute to the line that closes the item at the same indentation,
/// which rustfmt guarantees.
pub fn test_lines(source: &str) -> Vec<Range<usize>> {
    let lines: Vec<&str> = source.lines().collect();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let attribute = line.trim_start();
        let covered = ranges.last().is_some_and(|range| range.contains(&start));
        if covered || !(attribute.starts_with("#[cfg(test)]") || attribute.starts_with("#[cfg(all(test")) {
            continue;
        }
        let indent = line.len() - attribute.len();
        let end = lines.iter().enumerate().skip(start + 1).find(|(_, line)| {
            let text = line.trim_start();
            line.len() - text.len() == indent
                && !text.starts_with("#[")
                && (text.starts_with('}') || text.ends_with(';'))
        });
        ranges.push(start..end.map_or(lines.len(), |(end, _)| end + 1));
    }
    ranges
}

/// By function names and by ids in comments and strings.
fn mentioned(source: &str) -> anyhow::Result<BTreeSet<Rule>> {
    let id = Regex::new(r"\b([A-Z]{3})-(\d+)\b")?;
    let mut rules = in_names(source)?;
    rules.extend(id.captures_iter(source).map(|id| id.extract::<2>().1).filter_map(|[prefix, n]| rule(prefix, n)));
    Ok(rules)
}

fn in_names(source: &str) -> anyhow::Result<BTreeSet<Rule>> {
    // a function, or the row of a macro that makes one
    let function = Regex::new(r"(?:\bfn\s+([a-z0-9_]+))|(?:\b([a-z0-9_]+)\s*=>)")?;
    let mut rules = BTreeSet::new();
    for name in function.captures_iter(source).filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str())) {
        let words: Vec<&str> = name.split('_').collect();
        for pair in words.windows(2) {
            if let [prefix, number] = pair
                && prefix.len() == 3
                && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
                && number.bytes().all(|byte| byte.is_ascii_digit())
            {
                rules.extend(rule(prefix, number));
            }
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(rules: &BTreeSet<Rule>) -> Vec<String> {
        rules.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_form_of_definition_is_found_and_a_pointer_to_another_slice_is_not() {
        let text = "- **AAA-2** [B] one, see AAA-9\n1. **AAA-10** two\n**AAA-1** three\n| AAA-3 | four |\n- **BBB-1** elsewhere\n";
        assert_eq!(ids(&defined(text).unwrap()), ["AAA-1", "AAA-2", "AAA-3", "AAA-10"]);
    }

    #[test]
    fn function_names_comments_and_strings_name_rules() {
        let source =
            "/// AAA-4\nfn aaa_1_and_bbb_2_hold() { x(\"AAA-5\") }\nasync fn aab_x() {}\naaa_6_in_a_row => x,\n";
        assert_eq!(ids(&mentioned(source).unwrap()), ["AAA-1", "AAA-4", "AAA-5", "AAA-6", "BBB-2"]);
    }

    #[test]
    fn tests_stand_in_their_folder_or_beside_what_they_test() {
        for path in ["crates/x/tests/it/a.rs", "crates/x/src/a/tests.rs", "crates/x/src/a_tests.rs"] {
            assert!(is_test_file(path), "{path}");
        }
        assert!(!is_test_file("crates/x/src/contests.rs") && !is_test_file("crates/x/src/a.rs"));
    }

    #[test]
    fn only_test_modules_count_in_a_source_file() {
        let source = "// AAA-1\n#[cfg(test)]\nmod tests {\n    // AAA-2\n}\n\nfn f() {} // AAA-3\n#[cfg(test)]\nuse x;\n// AAA-4\n";
        assert_eq!(test_lines(source), [1..5, 7..9]);
    }

    #[test]
    fn a_done_slice_owes_every_rule_and_a_partial_one_what_it_lists() {
        let rules = defined("- **AAA-1** x\n- **AAA-2** y\n").unwrap();
        assert_eq!(owed(&Status::Whole(Stage::Done), &rules).unwrap(), rules);
        assert!(owed(&Status::Whole(Stage::InProgress), &rules).unwrap().is_empty());
        let part = |id: &str| Status::Part(vec![id.to_owned()]);
        assert_eq!(ids(&owed(&part("AAA-2"), &rules).unwrap()), ["AAA-2"]);
        assert!(owed(&part("AAA-3"), &rules).is_err());
    }

    #[test]
    fn statuses_are_read() {
        let text = "a = \"done\"\nb = \"in progress\"\nc = [\"AAA-1\"]\n";
        let status: BTreeMap<String, Status> = toml::from_str(text).unwrap();
        assert_eq!(status.get("b"), Some(&Status::Whole(Stage::InProgress)));
        assert_eq!(status.get("c"), Some(&Status::Part(vec!["AAA-1".to_owned()])));
        assert!(toml::from_str::<BTreeMap<String, Status>>("a = \"finished\"").is_err());
    }
}

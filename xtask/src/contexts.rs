//! Which context may know which: within the crates, too, dependencies point one way.
//!
//! A context is a folder (`kernel`, `identity`, …) under the same name in each crate. What its sources name of others is
//! read from their paths, `use` trees and `super`s included, and held to `xtask/data/contexts.toml`. Files beside the
//! folders put contexts together and may name all of them.
use crate::workspace;
use anyhow::Context as _;
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The crates that have contexts.
const CRATES: [&str; 4] = ["domain", "repository", "services", "http"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    may_use: BTreeMap<String, Vec<String>>,
    services: BTreeMap<String, Vec<String>>,
}

impl Rules {
    fn read(text: &str) -> anyhow::Result<Self> {
        let rules: Self = toml::from_str(text).context("xtask/data/contexts.toml")?;
        let mut free: Vec<&str> = Vec::new();
        while free.len() < rules.may_use.len() {
            let next = rules.may_use.iter().find(|(name, uses)| {
                !free.contains(&name.as_str()) && uses.iter().all(|used| free.contains(&used.as_str()))
            });
            match next {
                Some((name, _)) => free.push(name),
                None => anyhow::bail!("xtask/data/contexts.toml: the contexts use each other in a circle"),
            }
        }
        Ok(rules)
    }

    /// Why a source of `from` may not name this path; `None` when it may.
    fn refusal(&self, from: &str, path: &Named) -> Option<String> {
        let to = path.context.as_str();
        if to == from || !self.may_use.contains_key(to) {
            return None;
        }
        if !self.may_use.get(from)?.iter().any(|used| used == to) {
            return Some(format!("{from} may not know {to}"));
        }
        let public = self.services.get(to).filter(|_| path.package == "services")?;
        let open = path.module.as_ref().is_some_and(|module| public.contains(module));
        (!open).then(|| {
            let module = path.module.as_deref().unwrap_or("all of it");
            format!("{module} of {to}'s services is its own: see xtask/data/contexts.toml")
        })
    }
}

/// A path of one of our crates: `services::identity::people`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    line: usize,
    package: String,
    context: String,
    module: Option<String>,
}

/// The number of files that were read, and a line for each name that may not be.
pub fn check() -> anyhow::Result<(usize, Vec<String>)> {
    let rules = Rules::read(&std::fs::read_to_string(workspace::root().join("xtask/data/contexts.toml"))?)?;
    let (mut read, mut problems) = (0, Vec::new());
    for package in CRATES {
        let sources = workspace::root().join("crates").join(package).join("src");
        for file in workspace::files(&sources, "rs")? {
            let place = place(package, file.strip_prefix(&sources)?);
            let [_, context, _, ..] = place.as_slice() else { continue };
            // folders that are no contexts: the middleware of http, say, or what sends the repositories' hot reads
            if !rules.may_use.contains_key(context) {
                if package != "http" && (package, context.as_str()) != ("repository", "hot") {
                    problems.push(format!("{context} of {package} is no context of xtask/data/contexts.toml"));
                }
                continue;
            }
            read += 1;
            for named in names(&std::fs::read_to_string(&file)?, &place)? {
                if let Some(refusal) = rules.refusal(context, &named) {
                    problems.push(format!("{}:{}: {refusal}", workspace::relative(&file), named.line));
                }
            }
        }
    }
    problems.dedup();
    Ok((read, problems))
}

/// The module that a file is: crate, context, and further down; the last part of `mod.rs` is empty.
fn place(package: &str, file: &Path) -> Vec<String> {
    let mut place: Vec<String> = std::iter::once(package.to_owned())
        .chain(file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()))
        .collect();
    if let Some(last) = place.last_mut().filter(|last| *last == "mod") {
        last.clear();
    }
    place
}

/// What a source names of our crates' contexts, comments and test modules left out.
fn names(source: &str, place: &[String]) -> anyhow::Result<Vec<Named>> {
    let tests = crate::rules::test_lines(source);
    let code: String = source
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let comment = line.trim_start().starts_with("//") || tests.iter().any(|range| range.contains(&number));
            if comment { "\n".to_owned() } else { format!("{line}\n") }
        })
        .collect();
    let beginning = Regex::new(r"\b(?:crate|super|domain|repository|services)(?:::super)*::")?;
    let mut found = Vec::new();
    for start in beginning.find_iter(&code) {
        // the middle of a longer path
        if code[..start.start()].ends_with("::") {
            continue;
        }
        let line = code[..start.start()].matches('\n').count() + 1;
        let mut parts: Vec<String> = Vec::new();
        for part in start.as_str().trim_end_matches("::").split("::") {
            match part {
                "crate" => parts = place.iter().take(1).cloned().collect(),
                "super" if parts.is_empty() => parts = place.iter().take(place.len() - 1).cloned().collect(),
                "super" => drop(parts.pop()),
                package => parts.push(package.to_owned()),
            }
        }
        for rest in leaves(&code[start.end()..]) {
            let path: Vec<&str> = parts.iter().map(String::as_str).chain(rest.iter().map(String::as_str)).collect();
            if let [package, context, further @ ..] = path.as_slice() {
                found.push(Named {
                    line,
                    package: (*package).to_owned(),
                    context: (*context).to_owned(),
                    module: further.first().map(|module| (*module).to_owned()),
                });
            }
        }
    }
    Ok(found)
}

/// The paths of a `use` tree, or the one path that stands here.
fn leaves(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    grow(text, &mut Vec::new(), &mut found);
    found
}

/// Reads one branch after `prefix`; answers with what follows it.
fn grow<'a>(text: &'a str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let depth = prefix.len();
    let mut rest = text.trim_start();
    loop {
        if let Some(branches) = rest.strip_prefix('{') {
            rest = branches.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                let before = rest.len();
                rest = grow(rest, prefix, found).trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
                if rest.len() == before {
                    break;
                }
            }
            prefix.truncate(depth);
            return rest.strip_prefix('}').unwrap_or(rest);
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !name.is_empty() && name != "self" {
            prefix.push(name.to_owned());
        }
        match after.strip_prefix("::") {
            Some(further) => rest = further.trim_start(),
            None => {
                found.push(prefix.clone());
                prefix.truncate(depth);
                let after = after.trim_start();
                // `as other`
                let renamed = after.strip_prefix("as ").map(|name| name.trim_start());
                return renamed
                    .map_or(after, |name| name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [may_use]
        kernel = []
        identity = ["kernel"]
        schedule = ["kernel", "identity"]
        [services]
        identity = ["people"]
        schedule = []
    "#;

    fn refusals(package: &str, file: &str, source: &str) -> Vec<String> {
        let rules = Rules::read(RULES).unwrap();
        let place = place(package, Path::new(file));
        let named = names(source, &place).unwrap();
        let mut refusals: Vec<_> = named.iter().filter_map(|named| rules.refusal(&place[1], named)).collect();
        refusals.dedup();
        refusals
    }

    #[test]
    fn the_kernel_knows_no_context_and_none_knows_a_higher_one() {
        for source in [
            "use crate::identity::view::User;",
            "use crate::{\n    Core,\n    kernel::effect,\n    identity::{self, view},\n};",
            "use super::super::identity::people;",
            "fn f() -> domain::identity::GymRole { todo() }",
            "use repository::{Page, identity::membership::MemberFilter as Filter};",
        ] {
            assert_eq!(
                refusals("services", "kernel/relay.rs", source)[..],
                ["kernel may not know identity"],
                "{source}"
            );
        }
        let up = refusals("domain", "identity/role.rs", "use crate::schedule::class;");
        assert_eq!(up, ["identity may not know schedule"]);
        let down = "use crate::{Actor, kernel::effect::{self, DeleteReason}};\nuse super::view::User;\nuse ports::identity::X;";
        assert_eq!(refusals("services", "identity/people.rs", down), Vec::<String>::new());
        assert_eq!(refusals("services", "identity/gyms/view.rs", "use super::super::view::Gym;"), Vec::<String>::new());
    }

    #[test]
    fn of_anothers_services_only_what_is_public_may_be_named() {
        let fine = "use crate::identity::people::People;\nuse domain::identity::role::HighestRole;";
        assert_eq!(refusals("services", "schedule/bookings.rs", fine), Vec::<String>::new());
        for source in [
            "use crate::identity::sign_in;",
            "use crate::identity::*;",
            "use crate::{identity::{people, sign_in::resolve}};",
        ] {
            let refused = refusals("services", "schedule/bookings.rs", source);
            assert!(refused.len() == 1 && refused[0].contains("of identity's services is its own"), "{refused:?}");
        }
        assert_eq!(refusals("http", "schedule/mod.rs", "use services::identity::sign_in;").len(), 1);
    }

    #[test]
    fn comments_and_tests_may_name_all() {
        let source = "// crate::identity\n#[cfg(test)]\nmod tests {\n    use crate::identity::X;\n}\n";
        assert_eq!(refusals("domain", "kernel/time.rs", source), Vec::<String>::new());
    }

    #[test]
    fn a_circle_is_no_order() {
        assert!(Rules::read("[may_use]\na = ['b']\nb = ['a']\n[services]\n").is_err());
    }
}

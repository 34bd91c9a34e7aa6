//! Who may depend on whom: dependencies point one way.
//!
//! The edges come from `cargo metadata`; those between contexts within the crates are in [`crate::contexts`]. Beyond them, the sources of the layers above the repository may not reach for
//! the database themselves, and nobody may call `Entity::load`, which clippy's list of disallowed methods cannot name
//! because it is generated into each entity.
use crate::services::say;
use crate::workspace;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Domain,
    Ports,
    Migrations,
    Repository,
    Texts,
    Services,
    Http,
    Adapter,
    Facade,
    Server,
    Testkit,
    Xtask,
}

impl Layer {
    /// By the package's folder, which is its layer's name.
    fn of(folder: &Path) -> Option<Self> {
        let mut names = folder.iter().rev().map(|name| name.to_string_lossy());
        let (name, parent) = (names.next()?, names.next()?);
        Some(match (parent.as_ref(), name.as_ref()) {
            ("adapters", _) => Self::Adapter,
            ("crates", "domain") => Self::Domain,
            ("crates", "ports") => Self::Ports,
            ("crates", "repository") => Self::Repository,
            ("crates", "texts") => Self::Texts,
            ("crates", "services") => Self::Services,
            ("crates", "http") => Self::Http,
            ("crates", "gymapi") => Self::Facade,
            ("crates", "server") => Self::Server,
            ("crates", "testkit") => Self::Testkit,
            (_, "migrations") => Self::Migrations,
            (_, "xtask") => Self::Xtask,
            _ => return None,
        })
    }

    fn may_use(self, other: Self) -> bool {
        use Layer::*;
        match self {
            Domain | Migrations => false,
            Ports | Repository | Texts => other == Domain,
            Services => matches!(other, Domain | Ports | Repository | Texts),
            Http => matches!(other, Domain | Services | Ports),
            Adapter => matches!(other, Domain | Ports),
            Facade => !matches!(other, Server | Testkit | Xtask),
            Server => other == Facade,
            Testkit | Xtask => true,
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or nothing for a normal one.
    kind: Option<String>,
    /// Only a dependency within the workspace has one.
    path: Option<PathBuf>,
}

pub fn run() -> anyhow::Result<ExitCode> {
    let output = workspace::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata's answer")?;
    let (edges, mut problems) = forbidden_edges(&metadata);

    let mut read = 0;
    for (folder, forbidden) in [
        ("crates/services/src", &["sea_orm", "Entity::load"][..]),
        ("crates/http/src", &["sea_orm", "Entity::load"][..]),
        ("crates/repository/src", &["Entity::load"][..]),
        ("crates/gymapi/src", &["Entity::load"][..]),
        ("crates/server/src", &["Entity::load"][..]),
    ] {
        for file in workspace::files(&workspace::root().join(folder), "rs")? {
            read += 1;
            let source = std::fs::read_to_string(&file)?;
            problems.extend(
                forbidden_words(&source, forbidden)
                    .map(|(line, word)| format!("{}:{line} mentions {word}", workspace::relative(&file))),
            );
        }
    }
    let (in_contexts, beyond) = crate::contexts::check()?;
    problems.extend(beyond);
    for problem in &problems {
        say(problem);
    }
    say(&format!(
        "layers: {} packages, {edges} edges between them, {read} source files, {in_contexts} of contexts, {} problems",
        metadata.packages.len(),
        problems.len()
    ));
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The number of edges that were looked at, and a line for each that may not be.
fn forbidden_edges(metadata: &Metadata) -> (usize, Vec<String>) {
    let (mut edges, mut problems) = (0, Vec::new());
    for package in &metadata.packages {
        let Some(layer) = package.manifest_path.parent().and_then(Layer::of) else {
            problems.push(format!("{} has no layer: name its folder in xtask/src/layers.rs", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(other) = dependency.path.as_deref().and_then(Layer::of) else {
                continue;
            };
            edges += 1;
            // tests may stand on anything
            if dependency.kind.as_deref() != Some("dev") && !layer.may_use(other) {
                problems.push(format!("{} may not depend on {}", package.name, dependency.name));
            }
        }
    }
    (edges, problems)
}

/// Line numbers and words of what the source may not say outside comments and test modules.
fn forbidden_words<'a>(source: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let tests = crate::rules::test_lines(source);
    source
        .lines()
        .enumerate()
        .filter(move |(number, line)| {
            !line.trim_start().starts_with("//") && !tests.iter().any(|range| range.contains(number))
        })
        .flat_map(move |(number, line)| {
            words.iter().filter(move |word| line.contains(**word)).map(move |word| (number + 1, *word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            name: folder.to_owned(),
            manifest_path: Path::new("/w").join(folder).join("Cargo.toml"),
            dependencies: dependencies
                .iter()
                .map(|(folder, kind)| Dependency {
                    name: (*folder).to_owned(),
                    kind: kind.map(str::to_owned),
                    path: Some(Path::new("/w").join(folder)),
                })
                .collect(),
        }
    }

    fn problems(package: Package) -> Vec<String> {
        forbidden_edges(&Metadata { packages: vec![package] }).1
    }

    #[test]
    fn dependencies_point_one_way() {
        let fine = package("crates/http", &[("crates/services", None), ("crates/testkit", Some("dev"))]);
        assert_eq!(problems(fine), Vec::<String>::new());
        let around = package("crates/http", &[("crates/repository", None)]);
        assert_eq!(problems(around), ["crates/http may not depend on crates/repository"]);
        let up = package("crates/domain", &[("crates/ports", None)]);
        assert_eq!(problems(up).len(), 1);
        let across = package("crates/adapters/redis", &[("crates/adapters/sqs", None)]);
        assert_eq!(problems(across).len(), 1);
        let shipped_tests = package("crates/gymapi", &[("crates/testkit", None)]);
        assert_eq!(problems(shipped_tests).len(), 1);
    }

    #[test]
    fn a_package_of_no_layer_is_a_problem() {
        assert!(problems(package("crates/utils", &[])).concat().contains("has no layer"));
    }

    #[test]
    fn comments_and_test_modules_may_name_the_driver() {
        let source = "// not sea_orm\nuse sea_orm::Set;\n\n#[cfg(test)]\nmod tests {\n    use sea_orm::Set;\n}\n";
        assert_eq!(forbidden_words(source, &["sea_orm"]).collect::<Vec<_>>(), [(2, "sea_orm")]);
    }
}

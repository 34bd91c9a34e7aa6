//! Whether the reference system's clients can go on working: the served OpenAPI document against the reference's
//! operations (`xtask/data/reference-api.json`).
//!
//! An operation conforms when its method and path are served, its parameters and body are accepted and no more is
//! required than the reference required, its success statuses are kept, and every field that its answers had is there
//! with a type that the same client reads. Where the reference's own document says `any` or `object`, presence is
//! enough. What differs on purpose stands in `xtask/data/deviations.toml` with the rule that wants it. For each tag the
//! number of conforming operations may not fall below `xtask/data/conformance-floor.toml`.
mod compare;
mod deviation;
mod openapi;
mod operation;
mod reference;
mod shape;

use crate::services::say;
use crate::workspace;
use anyhow::{Context, bail};
use deviation::Deviation;
use operation::{Api, Operation};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Arguments {
    /// The served document, a file or an http:// address; else the one that the handlers make
    #[arg(long, value_name = "FILE|URL")]
    openapi: Option<String>,
    /// List the operations that do not conform, and why
    #[arg(long)]
    verbose: bool,
    /// Only this tag
    #[arg(long)]
    tag: Option<String>,
    /// Take the numbers of this run as the floor
    #[arg(long, conflicts_with = "tag")]
    write_floor: bool,
}

/// Conforming operations and all operations, by tag.
type Counts = BTreeMap<String, (usize, usize)>;

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let reference = reference::parse(&serde_json::from_slice(&std::fs::read(data("reference-api.json"))?)?)
        .context("xtask/data/reference-api.json")?;
    let served = match &arguments.openapi {
        Some(place) => serde_json::from_str(&document(place)?).with_context(|| format!("{place} is not JSON"))?,
        None => gymapi::http::document(),
    };
    let ours = openapi::parse(&served).context("the OpenAPI document")?;
    let mut deviations = deviation::read(&data("deviations.toml"))?;

    let mut counts = Counts::new();
    for operation in &reference.operations {
        if arguments.tag.as_ref().is_some_and(|tag| *tag != operation.tag) {
            continue;
        }
        let problems = problems(operation, &reference, &ours, &mut deviations);
        let (conforming, all) = counts.entry(operation.tag.clone()).or_default();
        *all += 1;
        *conforming += usize::from(problems.is_empty());
        if arguments.verbose && !problems.is_empty() {
            say(&format!("{} {} [{}]", operation.method, operation.path, operation.tag));
            for problem in &problems {
                say(&format!("    {problem}"));
            }
        }
    }
    for (tag, (conforming, all)) in &counts {
        say(&format!("{conforming:>3} of {all:>3}  {tag}"));
    }
    let sum = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    say(&format!("{:>3} of {:>3}  operations of the reference system conform", sum.0, sum.1));
    if arguments.tag.is_none() {
        for stale in deviations.iter().filter(|deviation| !deviation.used) {
            say(&format!("deviation without a difference: {} {} {}", stale.method, stale.path, stale.what));
        }
    }
    if arguments.write_floor {
        let floor: BTreeMap<&String, usize> = counts.iter().map(|(tag, (conforming, _))| (tag, *conforming)).collect();
        std::fs::write(data("conformance-floor.toml"), toml::to_string(&floor)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let floor = std::fs::read_to_string(data("conformance-floor.toml")).context("xtask/data/conformance-floor.toml")?;
    let fallen = fallen(&toml::from_str(&floor).context("xtask/data/conformance-floor.toml")?, &counts);
    for line in &fallen {
        say(line);
    }
    Ok(if fallen.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What keeps the operation from conforming, but for what differs on purpose.
fn problems(operation: &Operation, reference: &Api, ours: &Api, deviations: &mut [Deviation]) -> Vec<String> {
    let found = match ours.find(operation) {
        Some(own) => compare::operations(operation, own, &reference.shapes, &ours.shapes),
        None => vec!["not served".to_owned()],
    };
    found
        .into_iter()
        .filter(|problem| {
            let mut wanted = false;
            for deviation in deviations.iter_mut().filter(|deviation| deviation.covers(operation, problem)) {
                deviation.used = true;
                wanted = true;
            }
            !wanted
        })
        .collect()
}

fn fallen(floor: &BTreeMap<String, usize>, counts: &Counts) -> Vec<String> {
    counts
        .iter()
        .filter_map(|(tag, (conforming, _))| {
            let floor = floor.get(tag).copied().unwrap_or(0);
            (*conforming < floor).then(|| format!("{tag}: {conforming} conform, and {floor} did before"))
        })
        .collect()
}

fn data(name: &str) -> PathBuf {
    workspace::root().join("xtask/data").join(name)
}

/// The text of a file, or of an address on this machine or another that speaks plain HTTP.
fn document(place: &str) -> anyhow::Result<String> {
    let Some(address) = place.strip_prefix("http://") else {
        return std::fs::read_to_string(place).with_context(|| format!("cannot read {place}"));
    };
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let target = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&target).with_context(|| format!("nobody answers at {target}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // HTTP/1.0: the answer comes whole, and ends with the connection
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split_whitespace().nth(1) != Some("200") {
        bail!("{place} answers {status}");
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn api() -> (Api, Api) {
        let reference = json!({
            "operations": [{"method": "GET", "path": "/gyms/{gym_id}", "tag": "gyms", "parameters": [],
                            "requestSchema": null, "responses": {"200": "Gym"}}],
            "schemas": {"Gym": {"name": {"type": "string", "required": true}}}
        });
        let ours = json!({
            "paths": {"/gyms/{id}": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"type": "object", "properties": {"title": {"type": "string"}}}}}}}}}}
        });
        (reference::parse(&reference).unwrap(), openapi::parse(&ours).unwrap())
    }

    #[test]
    fn a_deviation_covers_its_difference_and_is_noted_as_used() {
        let (reference, ours) = api();
        let operation = reference.operations.first().unwrap();
        assert_eq!(problems(operation, &reference, &ours, &mut []), ["response 200 .name: missing"]);
        let mut deviations = deviation::parse(
            "[[deviation]]\nmethod = \"GET\"\npath = \"/gyms/{gym_id}\"\nwhat = \"response 200 .name\"\nrule = \"IDN-1\"\n",
        )
        .unwrap();
        assert_eq!(problems(operation, &reference, &ours, &mut deviations), Vec::<String>::new());
        assert!(deviations.iter().all(|deviation| deviation.used));
    }

    #[test]
    fn a_tag_may_not_fall_below_its_floor() {
        let counts = Counts::from([("gyms".to_owned(), (3, 5)), ("new".to_owned(), (0, 2))]);
        assert!(fallen(&BTreeMap::from([("gyms".to_owned(), 3)]), &counts).is_empty());
        let fallen = fallen(&BTreeMap::from([("gyms".to_owned(), 4)]), &counts);
        assert_eq!(fallen, ["gyms: 3 conform, and 4 did before"]);
    }

    #[test]
    fn the_copied_reference_is_read_whole() {
        let text = std::fs::read(data("reference-api.json")).unwrap();
        let reference = reference::parse(&serde_json::from_slice(&text).unwrap()).unwrap();
        assert_eq!(reference.operations.len(), 349);
        assert_eq!(reference.shapes.len(), 259);
    }
}

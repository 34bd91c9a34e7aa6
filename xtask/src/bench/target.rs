//! What is asked of the figures.
use super::{
    relay::BESIDE,
    report::Report,
    scenario::{
        BOOKING, CACHED_EVENTS, CACHED_LIST, CACHED_READ, EVENTS, HOT_BOOKING, JOINED, JOINING, LIST, OWN_EVENTS,
        PROFILE, ROW, Side, UNCHANGED, WEEK,
    },
    statements::PAGES,
};
use serde::Serialize;

/// A promise, and whether it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    pub what: String,
    pub wanted: String,
    pub measured: String,
    pub met: bool,
}

/// The numbers of connections at which the machine is busy, where throughput is what a ratio tells of.
const BUSY: [usize; 2] = [32, 128];
const MANY: usize = 128;
/// The rows whose slowest answers are looked at.
const STEADY: [&str; 12] = [
    LIST,
    ROW,
    PROFILE,
    CACHED_LIST,
    CACHED_READ,
    UNCHANGED,
    WEEK,
    BOOKING,
    EVENTS,
    OWN_EVENTS,
    CACHED_EVENTS,
    JOINING,
];

pub fn all(report: &Report) -> Vec<Target> {
    let mut targets = Vec::new();
    for connections in BUSY {
        for name in [LIST, ROW] {
            targets.extend(ratio(report, name, connections, "of the floor", 0.75));
        }
        for name in [WEEK, EVENTS, OWN_EVENTS] {
            targets.extend(ratio(report, name, connections, "of the floor", 0.6));
        }
        targets.extend(ratio(report, BOOKING, connections, "of the floor", 0.5));
        for name in [CACHED_LIST, CACHED_READ, CACHED_EVENTS] {
            targets.extend(ratio(report, name, connections, "of the uncached", 3.0));
        }
    }
    targets.extend(ratio(report, HOT_BOOKING, MANY, "of that of many sessions", 0.5));
    for name in STEADY {
        let Some(row) = report.row(name, MANY) else { continue };
        targets.push(at_most(format!("{name}, {MANY} connections: p99 / p50"), row.p99 / row.p50.max(1.0), 5.0, ""));
    }
    targets.push(at_most("resident memory at its peak".to_owned(), report.peak_memory as f64 / 1e6, 80.0, " MB"));
    let connections = report.rows.iter().filter(|row| row.side == Side::Server && row.connections == MANY);
    if let Some(most) = connections.map(|row| row.database_connections).max() {
        targets.push(at_most(format!("database connections at {MANY} clients"), most as f64, 20.0, ""));
    }
    targets.push(at_most("start to ready on an existing database".to_owned(), report.ready_seconds, 1.0, " s"));
    targets.push(at_least("rows seeded in a second".to_owned(), report.filled.rows_per_second, 20_000.0));
    targets.extend(constant(report));
    targets.extend(statements(report, WEEK, 4.0));
    targets.extend(statements(report, BOOKING, 6.0));
    targets.extend(statements(report, JOINED, 6.0));
    if let Some(beside) = report.relay.as_ref().and_then(|relay| relay.beside) {
        let what = format!("{BESIDE}, {} connections: throughput in parts of that without", beside.connections);
        targets.push(at_least(what, beside.ratio, 0.9));
    }
    if let Some(ratio) = report.pictures.as_ref().and_then(|pictures| pictures.ratio()) {
        targets.push(at_least("thumbnails a second per core, times Pillow's".to_owned(), ratio, 1.0));
    }
    if let Some(pictures) = &report.pictures {
        let what = "peak memory of a thumbnail, in decoded images".to_owned();
        targets.push(at_most(what, pictures.decoded_images(), 2.0, ""));
    }
    targets
}

fn ratio(report: &Report, name: &str, connections: usize, of: &str, wanted: f64) -> Option<Target> {
    let measured = report.row(name, connections)?.ratio?;
    Some(at_least(format!("{name}, {connections} connections: throughput in parts {of}"), measured, wanted))
}

fn constant(report: &Report) -> Option<Target> {
    let counts = report.statements.as_ref()?;
    let paged: Vec<f64> = PAGES
        .iter()
        .filter_map(|limit| counts.iter().find(|count| count.name == format!("list of {limit}")))
        .map(|count| count.statements)
        .collect();
    let first = paged.first()?;
    Some(Target {
        what: format!("statements of a list at pages of {PAGES:?}"),
        wanted: "the same".to_owned(),
        measured: format!("{paged:?}"),
        met: paged.len() == PAGES.len() && paged.iter().all(|n| (n - first).abs() < 0.05),
    })
}

fn statements(report: &Report, name: &str, most: f64) -> Option<Target> {
    let count = report.statements.as_ref()?.iter().find(|count| count.name == name)?;
    Some(at_most(format!("{name}: statements"), count.statements, most, ""))
}

fn at_least(what: String, measured: f64, wanted: f64) -> Target {
    Target { what, wanted: format!("≥ {wanted}"), measured: rounded(measured), met: measured >= wanted }
}

fn at_most(what: String, measured: f64, wanted: f64, unit: &str) -> Target {
    let (shown, limit) = (rounded(measured), format!("≤ {wanted}{unit}"));
    Target { what, wanted: limit, measured: format!("{shown}{unit}"), met: measured <= wanted }
}

fn rounded(x: f64) -> String {
    if x >= 100.0 { format!("{x:.0}") } else { format!("{x:.2}") }
}

//! What was measured, as tables that can stand in a document, and as JSON.
use super::{
    measure::{Plan, Row},
    pictures::Pictures,
    relay::{BESIDE, Relaying},
    scenario::Side,
    statements::Count,
    target::{self, Target},
    usage::Machine,
    world::Extent,
};
use crate::{seed::Filled, services::say};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub postgresql: String,
    pub plan: Plan,
    pub extent: Extent,
    pub filled: Filled,
    /// Median of several starts.
    pub ready_seconds: f64,
    pub rows: Vec<Row>,
    /// Of the server over the whole run, bytes.
    pub peak_memory: u64,
    /// Absent when this PostgreSQL cannot count.
    pub statements: Option<Vec<Count>>,
    /// Absent when nothing of it was wanted.
    pub relay: Option<Relaying>,
    pub pictures: Option<Pictures>,
}

/// The file's content.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    targets: &'a [Target],
}

impl Report {
    pub fn row(&self, name: &str, connections: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name && row.connections == connections)
    }

    pub fn targets(&self) -> Vec<Target> {
        target::all(self)
    }

    pub fn json(&self, targets: &[Target]) -> anyhow::Result<Vec<u8>> {
        Ok(serde_json::to_vec_pretty(&Document { report: self, targets })?)
    }

    pub fn print(&self, targets: &[Target]) {
        self.print_rows();
        self.print_rest();
        say("\n| | Wanted | Measured | |\n|---|---|---|---|");
        for target in targets {
            let met = if target.met { "met" } else { "MISSED" };
            say(&format!("| {} | {} | {} | {met} |", target.what, target.wanted, target.measured));
        }
    }

    fn print_rows(&self) {
        let mut connections: Vec<usize> = self.rows.iter().map(|row| row.connections).collect();
        connections.dedup();
        for connections in connections {
            say(&format!("\n{connections} connection{}\n", if connections == 1 { "" } else { "s" }));
            say("| | Requests/s | Ratio | p50 ms | p99 ms | CPU µs | PostgreSQL µs | Redis µs | RSS MB | DB conn. |");
            say("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
            for row in self.rows.iter().filter(|row| row.connections == connections) {
                say(&format!(
                    "| {} | {:.0} | {} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {:.0} | {} |",
                    row.name,
                    row.requests_per_second,
                    row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
                    row.p50 / 1e3,
                    row.p99 / 1e3,
                    row.cpu,
                    row.postgres_cpu,
                    row.redis_cpu,
                    row.memory as f64 / 1e6,
                    row.database_connections,
                ));
            }
        }
        say("\nRatio: throughput as a multiple of the row that it is held against:");
        for row in self.rows.iter().filter(|row| row.side == Side::Server && row.connections == 1) {
            say(&format!("- {}: {} ({:.0} bytes)", row.name, row.beside.unwrap_or("nothing"), row.body));
        }
    }

    fn print_rest(&self) {
        if let Some(statements) = &self.statements {
            say("\n| | Statements |\n|---|--:|");
            for count in statements {
                say(&format!("| {} | {:.2} |", count.name, count.statements));
            }
        } else {
            say("\nThis PostgreSQL has no pg_stat_statements: statements were not counted.");
        }
        if let Some(relay) = &self.relay {
            print_relay(relay);
        }
        if let Some(pictures) = &self.pictures {
            say("\n| Thumbnail of 12 megapixels | Best | Mean | Peak memory |\n|---|--:|--:|--:|");
            let sides = [("GymAPI", Some(pictures.own)), ("Pillow", pictures.pillow)];
            for (name, figures) in sides.iter().filter_map(|(name, figures)| Some((name, (*figures)?))) {
                say(&format!("| {name} | {:.1} ms | {:.1} ms | {:.0} MB |", figures.best, figures.mean, figures.peak));
            }
            if let Some(missing) = &pictures.missing {
                say(&format!("Pillow could not be had: {missing}"));
            }
        }
        let Machine { cores, processor, memory, system } = &self.machine;
        say(&format!(
            "\nMachine: {cores} cores {processor}, {:.0} GB, {system}, PostgreSQL {}. World: {} gyms, {} people, {} rows.",
            *memory as f64 / 1e9,
            self.postgresql,
            self.filled.gyms,
            self.filled.people,
            self.filled.rows,
        ));
    }
}

fn print_relay(relay: &Relaying) {
    if !relay.rates.is_empty() {
        say("\n| | Rows/s |\n|---|--:|");
        for rate in &relay.rates {
            say(&format!("| {} | {:.0} |", rate.name, rate.rows_per_second));
        }
    }
    if let Some(missing) = &relay.missing {
        say(&format!("\nThe queue's stand-in could not be had: {missing}"));
    }
    if let Some(beside) = relay.beside {
        say(&format!("\n| {} connections | Requests/s | Without | Ratio | Rows/s |", beside.connections));
        say("|---|--:|--:|--:|--:|");
        say(&format!(
            "| {BESIDE} | {:.0} | {:.0} | {:.2} | {:.0} |",
            beside.relaying, beside.idle, beside.ratio, beside.rows_per_second
        ));
    }
}

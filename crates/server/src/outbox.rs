//! For operators: what could not be delivered, and sending it again.
use crate::{config::Config, wiring};
use anyhow::{Context, bail};
use gymapi::{
    Db, DbOptions,
    domain::OutboxId,
    services::kernel::dead_effects::{DeadEffect, DeadEffects},
};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the effects that wait for an operator, the oldest first
    Dead {
        /// How many lines
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Send dead effects again, when the cause is gone
    Replay {
        /// As `outbox dead` lists it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<i64>,
        /// Every dead effect
        #[arg(long)]
        all: bool,
    },
}

/// Returns what the operator is told.
pub async fn run(config: &Config, command: &Command) -> anyhow::Result<String> {
    let options = DbOptions { max_connections: 1, ..wiring::database(config)? };
    let db = Db::connect(options).await.with_context(|| wiring::unusable(config))?;
    let told = answer(&DeadEffects::new(&db), command).await;
    db.close().await;
    told
}

async fn answer(effects: &DeadEffects, command: &Command) -> anyhow::Result<String> {
    let unreadable = "the outbox cannot be used: does this database have today's schema?";
    match command {
        Command::Dead { limit } => {
            let (listed, all) = effects.list(u64::from(*limit)).await.context(unreadable)?;
            Ok(table(&listed, all))
        }
        Command::Replay { id: Some(id), .. } => match effects.replay(OutboxId(*id)).await.context(unreadable)? {
            true => Ok(format!("effect {id} is sent again by the next worker that looks")),
            false => bail!("no dead effect has the id {id}: see `gymapi-server outbox dead`"),
        },
        Command::Replay { id: None, .. } => {
            let replayed = effects.replay_all().await.context(unreadable)?;
            Ok(format!("sent again by the next worker that looks: {replayed}"))
        }
    }
}

/// Lines with the headings above them; none when there are no rows.
pub fn columns<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let rows: Vec<_> = std::iter::once(headings.map(str::to_owned)).chain(rows).collect();
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn table(effects: &[DeadEffect], all: u64) -> String {
    const HEADINGS: [&str; 6] = ["ID", "KIND", "AGGREGATE", "ATTEMPTS", "WRITTEN", "LAST ERROR"];
    let row = |effect: &DeadEffect| {
        [
            effect.id.to_string(),
            effect.kind.clone(),
            effect.aggregate.clone(),
            effect.attempts.to_string(),
            effect.written_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            effect.error.clone(),
        ]
    };
    let mut lines = columns(HEADINGS, effects.iter().map(row).collect());
    lines.push(match (effects.len() as u64, all) {
        (_, 0) => "no dead effects".to_owned(),
        (_, 1) => "1 dead effect".to_owned(),
        (shown, all) if shown < all => format!("{shown} of {all} dead effects"),
        (_, all) => format!("{all} dead effects"),
    });
    lines.join("\n")
}

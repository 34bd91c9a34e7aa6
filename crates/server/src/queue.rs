//! For operators: messages that failed too often, and sending them again.
use crate::{config::Config, outbox::columns, wiring};
use anyhow::{Context, bail};
use gymapi::{ports::queue::Queue, services::kernel::operators::DeadMessage};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the dead letters, the oldest first
    Dead {
        /// How many lines
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Send dead letters again, when the cause is gone
    Replay {
        /// As `queue dead` lists it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// Every dead letter
        #[arg(long)]
        all: bool,
    },
}

/// So many letters are sent again by one command.
const MOST: usize = 1000;

/// Returns what the operator is told.
pub async fn run(config: &Config, command: &Command) -> anyhow::Result<String> {
    let queue = wiring::sqs(config).context("no queue is configured: set queue.url (SQS_QUEUE_URL)")?;
    answer(&queue, command).await
}

async fn answer(queue: &dyn Queue, command: &Command) -> anyhow::Result<String> {
    let unreadable = "the dead letters cannot be used: is queue.dead_letter_url (SQS_DEAD_LETTER_QUEUE_URL) right?";
    match command {
        Command::Dead { limit } => {
            let letters = queue.dead_letters(*limit as usize).await.context(unreadable)?;
            Ok(table(letters.into_iter().map(DeadMessage::from).collect()))
        }
        Command::Replay { id: Some(id), .. } => match queue.replay(id).await.context(unreadable)? {
            true => Ok(format!("message {id} is sent again")),
            false => bail!("no dead letter has the id {id}: see `gymapi-server queue dead`"),
        },
        Command::Replay { id: None, .. } => {
            let mut replayed = 0;
            for letter in queue.dead_letters(MOST).await.context(unreadable)? {
                replayed += usize::from(queue.replay(&letter.id).await.context(unreadable)?);
            }
            Ok(format!("sent again: {replayed}"))
        }
    }
}

fn table(letters: Vec<DeadMessage>) -> String {
    let count = letters.len();
    let row = |letter: DeadMessage| {
        [letter.id, letter.group, letter.action.unwrap_or_else(|| "-".to_owned()), letter.attempts.to_string()]
    };
    let mut lines = columns(["ID", "GROUP", "ACTION", "ATTEMPTS"], letters.into_iter().map(row).collect());
    lines.push(match count {
        0 => "no dead letters".to_owned(),
        1 => "1 dead letter".to_owned(),
        count => format!("{count} dead letters"),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gymapi::ports::{MemoryQueue, queue::Message};
    use std::time::Duration;

    #[tokio::test]
    async fn evt_77_dead_letters_are_listed_without_what_they_carry_and_sent_again() {
        let queue = MemoryQueue::new(Duration::ZERO, 1);
        let body = r#"{"action":"create_event_chat","event_data":{"first_message_chat":"hush"}}"#;
        let message = Message { body: body.into(), group: "7".into(), dedup_id: "1".into() };
        assert_eq!(queue.send(&[message]).await, [Ok(())]);
        assert_eq!(queue.receive(1, Duration::ZERO).await.unwrap().len(), 1);
        let listed = answer(&queue, &Command::Dead { limit: 5 }).await.unwrap();
        assert!(listed.contains("create_event_chat") && listed.ends_with("1 dead letter"), "{listed}");
        assert!(!listed.contains("hush"), "{listed}");
        let replay = |id: Option<&str>| Command::Replay { id: id.map(str::to_owned), all: id.is_none() };
        assert!(answer(&queue, &replay(Some("unknown"))).await.is_err());
        assert_eq!(answer(&queue, &replay(None)).await.unwrap(), "sent again: 1");
        assert_eq!(answer(&queue, &Command::Dead { limit: 5 }).await.unwrap(), "no dead letters");
        assert_eq!(queue.receive(1, Duration::ZERO).await.unwrap().len(), 1, "it is delivered again");
    }
}

//! The dead letters: a second queue that is looked into by receiving from it and letting go again.
use crate::{
    call::{LIMIT, call},
    queue::{SqsQueue, attribute, group, receive_count, visibility_seconds},
};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message as SqsMessage, MessageSystemAttributeName as Attribute,
};
use ports::queue::{DeadLetter, Message, Queue, QueueError};
use std::time::Duration;

/// How long a look may keep the letters from others; it lets go of them as soon as it is over.
const LOOK: Duration = Duration::from_secs(60);
/// A poll of one second asks all of SQS's servers; a shorter one asks some, and may find nothing where there is much.
const POLL: u64 = 1;
/// No look goes further than this.
const MAX_LOOK: usize = 1000;

impl SqsQueue {
    pub(crate) async fn list_dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let url = self.dead_letter_url()?;
        let mut held = Vec::new();
        let outcome = self.hold(url, max.min(MAX_LOOK), &mut held, |_| false).await;
        self.release(url, &held).await;
        outcome?;
        held.sort_by_key(sent_at);
        Ok(held.into_iter().map(dead_letter).collect())
    }

    /// The replayed message's deduplication id is made of the letter's id: if the letter could not be deleted, a
    /// second replay within five minutes deletes it without sending it twice.
    pub(crate) async fn replay_dead_letter(&self, id: &str) -> Result<bool, QueueError> {
        let url = self.dead_letter_url()?;
        let is_wanted = |message: &SqsMessage| message.message_id() == Some(id);
        let mut held = Vec::new();
        let outcome = self.hold(url, MAX_LOOK, &mut held, is_wanted).await;
        let found = held.iter().position(is_wanted).map(|at| held.swap_remove(at));
        self.release(url, &held).await;
        let Some(letter) = found else {
            return outcome.map(|()| false);
        };

        let group = match group(&letter) {
            // a letter of a standard queue, which is sent without a group
            none if none.is_empty() => id.to_owned(),
            group => group,
        };
        let body = letter.body().unwrap_or_default().to_owned();
        let message = Message { body, group, dedup_id: format!("replay-{id}") };
        if let Err(error) = self.send(&[message]).await.into_iter().collect::<Result<(), _>>() {
            self.release(url, &[letter]).await;
            return Err(error);
        }
        self.delete(url, letter.receipt_handle().unwrap_or_default()).await?;
        Ok(true)
    }

    fn dead_letter_url(&self) -> Result<&str, QueueError> {
        let missing = || QueueError::Refused("no dead-letter queue is set".into());
        self.dead_letter_url.as_deref().ok_or_else(missing)
    }

    /// Receives until there are `max`, one of them is the last one wanted, or no more come. What was received before
    /// a failure is in `held` too, to be released.
    async fn hold(
        &self,
        url: &str,
        max: usize,
        held: &mut Vec<SqsMessage>,
        is_last: impl Fn(&SqsMessage) -> bool,
    ) -> Result<(), QueueError> {
        while held.len() < max {
            let received = self.poll(url, max - held.len(), POLL, LOOK).await?;
            let is_over = received.is_empty() || received.iter().any(&is_last);
            held.extend(received);
            if is_over {
                break;
            }
        }
        Ok(())
    }

    /// Makes messages visible at once. Those that fail come back by themselves when the look is over.
    pub(crate) async fn release(&self, url: &str, messages: &[SqsMessage]) {
        for chunk in messages.chunks(10) {
            let entry = |(id, message): (usize, &SqsMessage)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(id.to_string())
                    .receipt_handle(message.receipt_handle()?)
                    .visibility_timeout(visibility_seconds(Duration::ZERO))
                    .build()
                    .ok()
            };
            let entries: Vec<_> = chunk.iter().enumerate().filter_map(entry).collect();
            let request = self.client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
            match call(LIMIT, || request.clone().send()).await {
                Ok(output) if output.failed().is_empty() => {}
                Ok(output) => tracing::warn!(failed = output.failed().len(), "messages stay hidden for a while"),
                Err(failure) => tracing::warn!(?failure, "messages stay hidden for a while"),
            }
        }
    }
}

fn sent_at(message: &SqsMessage) -> u64 {
    attribute(message, &Attribute::SentTimestamp).and_then(|millis| millis.parse().ok()).unwrap_or(0)
}

fn dead_letter(message: SqsMessage) -> DeadLetter {
    DeadLetter {
        attempts: receive_count(&message),
        group: group(&message),
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
    }
}

//! The message queue: first in, first out within a group, at least once.
//!
//! A consumer is idempotent and treats a message whose subject is gone as done: taking a message back is best effort
//! (EVT-76).
mod memory;

use async_trait::async_trait;
use std::time::Duration;

pub use memory::MemoryQueue;

/// The largest body that a message may have, in bytes: what every SQS queue takes.
pub const MAX_BODY: usize = 256 * 1024;

/// The longest group or deduplication id, in characters.
pub const MAX_ID: usize = 128;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 1 to [`MAX_BODY`] bytes of text, without control characters other than tab, line feed and carriage return.
    pub body: String,
    /// Messages of one group arrive in order, and none while an earlier one of the group is being worked on. 1 to
    /// [`MAX_ID`] visible ASCII characters (EVT-72).
    pub group: String,
    /// A message whose id was seen within five minutes is accepted and not delivered again. Derive it from what the
    /// message means, never from a random number, so that a retry after a crash is the same message. 1 to [`MAX_ID`]
    /// visible ASCII characters.
    pub dedup_id: String,
}

impl Message {
    /// What no queue will take, found before any call: a message that breaks the limits given at the fields.
    ///
    /// # Errors
    /// [`QueueError::TooLarge`] for the body's size, [`QueueError::Refused`] for everything else.
    pub fn validate(&self) -> Result<(), QueueError> {
        let refused = |why: &str| Err(QueueError::Refused(why.into()));
        match self.body.len() {
            0 => return refused("the body is empty"),
            size if size > MAX_BODY => return Err(QueueError::TooLarge { size }),
            _ => {}
        }
        if !self.body.chars().all(is_allowed_in_body) {
            return refused("the body holds a control character");
        }
        if !is_id(&self.group) {
            return refused("the group is not 1 to 128 visible ASCII characters");
        }
        if !is_id(&self.dedup_id) {
            return refused("the deduplication id is not 1 to 128 visible ASCII characters");
        }
        Ok(())
    }
}

/// The characters of XML 1.0, which is what SQS takes.
fn is_allowed_in_body(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A message received, to be acknowledged, released, or left to appear again when its visibility ends.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The queue's name for the message: the same at every delivery and among the dead letters.
    pub id: String,
    pub body: String,
    pub group: String,
    /// Names this delivery, not the message: worth nothing once the visibility has ended.
    pub receipt: String,
    /// 1 on the first delivery.
    pub attempt: u32,
}

/// A message that failed too often.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DeadLetter {
    /// The [`Delivery::id`] that it had.
    pub id: String,
    pub group: String,
    pub body: String,
    /// How often it was delivered, at least; some queues count a look at the dead letters as well.
    pub attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    #[error("the message has {size} bytes, the queue takes {MAX_BODY}")]
    TooLarge { size: usize },
    /// The queue will never do this: another try is of no use.
    #[error("the queue refused: {0}")]
    Refused(String),
    /// The delivery's visibility ended before it was acknowledged or extended: the message is, or soon will be,
    /// delivered to somebody else.
    #[error("the receipt has expired")]
    ReceiptExpired,
    /// Worth another try later.
    #[error("queue unavailable: {0}")]
    Unavailable(String),
}

/// How far a queue is looked through for messages to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Looks, at most.
    pub rounds: usize,
    /// Messages of one look: from one to ten, whatever is asked for.
    pub per_round: usize,
}

impl Default for Removal {
    /// EVT-75.
    fn default() -> Self {
        Self { rounds: 50, per_round: 10 }
    }
}

#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Sends any number of messages; the answers stand in their order, one each, so that a partial failure can be
    /// retried by entry.
    ///
    /// Within a group the order is kept across failures: after a message that is [`QueueError::Unavailable`] the
    /// later ones of its group are not sent and are `Unavailable` too. A message that can never be sent
    /// ([`QueueError::TooLarge`], [`QueueError::Refused`]) holds nobody up. A message that is `Unavailable` may have
    /// arrived all the same: send it again with the same deduplication id. Two calls at once have no order.
    async fn send(&self, messages: &[Message]) -> Vec<Result<(), QueueError>>;

    /// Receives up to `max` messages (a queue may give fewer at a time), waiting about `wait` for the first; a queue
    /// may count the wait in whole seconds, rounded up.
    ///
    /// One answer may hold several messages of a group, in order: when one of them fails, leave the later ones alone.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Done: the message never appears again.
    ///
    /// # Errors
    /// [`QueueError::ReceiptExpired`] when it will appear again nevertheless; not every queue can tell.
    async fn acknowledge(&self, receipt: &str) -> Result<(), QueueError>;

    /// Keeps the message invisible for `visibility` from now: longer while it is worked on, zero to release it. A
    /// queue may round up to the second, and limit the time (SQS: twelve hours since it was received).
    ///
    /// # Errors
    /// [`QueueError::ReceiptExpired`] when the visibility had already ended.
    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), QueueError>;

    /// Removes waiting messages whose bodies are wanted; returns how many, not counting one whose removal nobody
    /// confirmed.
    ///
    /// Nothing else goes: what somebody works on stays, and what is passed over keeps its place in its group and is
    /// there again when the search is over, or half a minute later where it could not be let go of. But a look may
    /// count as a delivery, and so make a dead letter of what was passed over too often. No more is looked at than the
    /// limits say.
    ///
    /// Of a group of which nothing is worked on, what stands before its first message that is not wanted goes, within
    /// the limits. What stands behind that one, or behind one that is worked on, may go or not: a queue need not show
    /// it. All of this is best effort: a queue may show less than it holds, and an error ends the search with what was
    /// removed so far.
    async fn remove(&self, is_wanted: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync), limits: Removal) -> u64;

    /// What failed too often, oldest first. A look, not a census: see the limits of the queue in question.
    async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, QueueError>;

    /// Sends a dead letter again, as a new message behind all others of its group; false when there is none of this
    /// id.
    async fn replay(&self, id: &str) -> Result<bool, QueueError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str, group: &str, dedup_id: &str) -> Message {
        Message { body: body.into(), group: group.into(), dedup_id: dedup_id.into() }
    }

    #[test]
    fn evt_72_a_message_without_a_group_is_refused_before_any_call() {
        assert!(matches!(message("{}", "", "d").validate(), Err(QueueError::Refused(_))));
    }

    #[test]
    fn the_limits_of_a_message() {
        let long = "x".repeat(MAX_ID + 1);
        for (case, taken) in [
            (message("{}", "42", "d"), true),
            (message("línea\n\t😀", "a-b:c/d", "sha_256"), true),
            (message(&"b".repeat(MAX_BODY), &"g".repeat(MAX_ID), &"d".repeat(MAX_ID)), true),
            (message("", "g", "d"), false),
            (message("a\0b", "g", "d"), false),
            (message("\u{FFFE}", "g", "d"), false),
            (message("{}", &long, "d"), false),
            (message("{}", "g", ""), false),
            (message("{}", "g", &long), false),
            (message("{}", "a group", "d"), false),
            (message("{}", "grüppe", "d"), false),
        ] {
            let refused = matches!(case.validate(), Err(QueueError::Refused(_)));
            assert_eq!(refused, !taken, "{} / {} / {}", case.body.len(), case.group, case.dedup_id);
        }
    }

    #[test]
    fn a_body_is_measured_in_bytes() {
        let body = "é".repeat(MAX_BODY / 2 + 1);
        assert_eq!(message(&body, "g", "d").validate(), Err(QueueError::TooLarge { size: MAX_BODY + 2 }));
    }
}

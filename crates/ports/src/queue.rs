//! The message queue: first in, first out within a group, at least once.
use async_trait::async_trait;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// The largest body a message may have, in bytes: what SQS takes.
pub const MAX_BODY: usize = 256 * 1024;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub body: String,
    /// Messages of one group arrive in order, one at a time.
    pub group: String,
    /// A message whose id was seen within five minutes is accepted and not delivered again. Derive it from what the
    /// message means, never from a random number, so that a retry after a crash is the same message.
    pub dedup_id: String,
}

/// A message received, to be acknowledged, released, or left to appear again when its visibility ends.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub body: String,
    pub group: String,
    pub receipt: String,
    /// 1 on the first delivery.
    pub attempt: u32,
}

/// A message that failed too often.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DeadLetter {
    pub id: String,
    pub group: String,
    pub body: String,
    pub attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    #[error("the message has {size} bytes, the queue takes {MAX_BODY}")]
    TooLarge { size: usize },
    /// The queue will never take this message.
    #[error("the queue refused the message: {0}")]
    Refused(String),
    /// Worth another try later.
    #[error("queue unavailable: {0}")]
    Unavailable(String),
}

#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Sends any number of messages; the answers stand in their order, one each, so that a partial failure can be
    /// retried by entry.
    async fn send(&self, messages: &[Message]) -> Vec<Result<(), QueueError>>;
    /// Receives up to `max` messages, waiting at most `wait` for the first.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;
    /// Done: the message never appears again.
    async fn acknowledge(&self, receipt: &str) -> Result<(), QueueError>;
    /// Keeps the message invisible for `visibility` from now: longer while it is worked on, zero to release it.
    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), QueueError>;
    /// What failed too often, oldest first.
    async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, QueueError>;
    /// Sends a dead letter again, as a new message; false when there is none of this id.
    async fn replay(&self, id: &str) -> Result<bool, QueueError>;
}

const DEDUP_WINDOW: Duration = Duration::from_secs(300);

/// The embedded queue: one process, lost when it ends (the outbox is what survives).
pub struct MemoryQueue {
    state: Mutex<State>,
    arrived: Notify,
    visibility: Duration,
    max_attempts: u32,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: VecDeque<Item>,
    in_flight: HashMap<String, (Item, Instant)>,
    seen: HashMap<String, Instant>,
    dead: VecDeque<Item>,
}

#[derive(Clone)]
struct Item {
    id: u64,
    message: Message,
    attempts: u32,
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new(Duration::from_secs(30), 5)
    }
}

impl MemoryQueue {
    /// A message not acknowledged within `visibility` appears again; after `max_attempts` it is a dead letter.
    pub fn new(visibility: Duration, max_attempts: u32) -> Self {
        Self { state: Mutex::default(), arrived: Notify::new(), visibility, max_attempts }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, max: usize) -> Vec<Delivery> {
        let now = Instant::now();
        let mut state = self.state();
        state.return_expired(now, self.max_attempts);
        let mut taken = Vec::new();
        let mut i = 0;
        while i < state.waiting.len() && taken.len() < max {
            let blocked = state.waiting.get(i).is_none_or(|item| state.is_in_flight(&item.message.group));
            if blocked {
                i += 1;
                continue;
            }
            let Some(mut item) = state.waiting.remove(i) else { break };
            item.attempts += 1;
            let receipt = format!("{}-{}", item.id, item.attempts);
            taken.push(Delivery {
                body: item.message.body.clone(),
                group: item.message.group.clone(),
                receipt: receipt.clone(),
                attempt: item.attempts,
            });
            state.in_flight.insert(receipt, (item, now + self.visibility));
        }
        taken
    }
}

impl State {
    fn is_in_flight(&self, group: &str) -> bool {
        self.in_flight.values().any(|(item, _)| item.message.group == group)
    }

    /// Messages whose visibility ended go back to their place, by id, or to the dead letters.
    fn return_expired(&mut self, now: Instant, max_attempts: u32) {
        let expired: Vec<String> =
            self.in_flight.iter().filter(|(_, (_, ends))| *ends <= now).map(|(r, _)| r.clone()).collect();
        for receipt in expired {
            let Some((item, _)) = self.in_flight.remove(&receipt) else { continue };
            if item.attempts >= max_attempts {
                self.dead.push_back(item);
            } else {
                let at = self.waiting.iter().position(|w| w.id > item.id).unwrap_or(self.waiting.len());
                self.waiting.insert(at, item);
            }
        }
    }

    fn accept(&mut self, message: &Message, now: Instant) {
        self.seen.retain(|_, at| now.duration_since(*at) < DEDUP_WINDOW);
        if self.seen.insert(message.dedup_id.clone(), now).is_some() {
            return;
        }
        self.push(message.clone());
    }

    fn push(&mut self, message: Message) {
        self.next += 1;
        self.waiting.push_back(Item { id: self.next, message, attempts: 0 });
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, messages: &[Message]) -> Vec<Result<(), QueueError>> {
        let now = Instant::now();
        let results = messages
            .iter()
            .map(|m| match m.body.len() {
                size if size > MAX_BODY => Err(QueueError::TooLarge { size }),
                _ => {
                    self.state().accept(m, now);
                    Ok(())
                }
            })
            .collect();
        self.arrived.notify_waiters();
        results
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let arrived = self.arrived.notified();
            let taken = self.take(max);
            if !taken.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(taken);
            }
            // wakes for visibility that ends as well as for what arrives
            let pause = tokio::time::Instant::now() + Duration::from_millis(100);
            tokio::select! {
                () = arrived => {}
                () = tokio::time::sleep_until(deadline.min(pause)) => {}
            }
        }
    }

    async fn acknowledge(&self, receipt: &str) -> Result<(), QueueError> {
        self.state().in_flight.remove(receipt);
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        if let Some((_, ends)) = self.state().in_flight.get_mut(receipt) {
            *ends = Instant::now() + visibility;
        }
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let mut state = self.state();
        state.return_expired(Instant::now(), self.max_attempts);
        let letter = |item: &Item| DeadLetter {
            id: item.id.to_string(),
            group: item.message.group.clone(),
            body: item.message.body.clone(),
            attempts: item.attempts,
        };
        Ok(state.dead.iter().take(max).map(letter).collect())
    }

    async fn replay(&self, id: &str) -> Result<bool, QueueError> {
        let mut state = self.state();
        let Some(at) = state.dead.iter().position(|item| item.id.to_string() == id) else { return Ok(false) };
        if let Some(item) = state.dead.remove(at) {
            state.push(item.message);
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(true)
    }
}

//! The queue of one process, lost when it ends (the outbox is what survives).
use super::{DeadLetter, Delivery, Message, Queue, QueueError, Removal};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

const DEDUP_WINDOW: Duration = Duration::from_secs(300);

/// Messages that one look of a removal sees, at most.
const MAX_LOOK: usize = 10;

/// How often a waiting receiver looks for messages whose visibility ended; what arrives wakes it at once.
const EXPIRY_CHECK: Duration = Duration::from_millis(100);

/// The embedded queue.
pub struct MemoryQueue {
    state: Mutex<State>,
    arrived: Notify,
    visibility: Duration,
    max_attempts: u32,
}

#[derive(Default)]
struct State {
    last_id: u64,
    groups: HashMap<String, Group>,
    /// The groups that have a message to give now, by the id of that message: the oldest is served first.
    ready: BTreeMap<u64, String>,
    in_flight: HashMap<String, InFlight>,
    /// The ids of the last five minutes, and when each came, oldest first.
    seen: HashSet<String>,
    seen_at: VecDeque<(Instant, String)>,
    dead: VecDeque<Item>,
}

/// A group exists while it has a message, waiting or in flight.
#[derive(Default)]
struct Group {
    waiting: VecDeque<Item>,
    is_blocked: bool,
}

struct InFlight {
    item: Item,
    ends: Instant,
}

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
    /// A message not acknowledged within `visibility` appears again; after `max_attempts` deliveries it is a dead
    /// letter.
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
        std::iter::from_fn(|| state.take(now + self.visibility)).take(max).collect()
    }
}

impl State {
    fn accept(&mut self, message: &Message, now: Instant) {
        while let Some((_, id)) = self.seen_at.pop_front_if(|(at, _)| now.duration_since(*at) >= DEDUP_WINDOW) {
            self.seen.remove(&id);
        }
        if self.seen.insert(message.dedup_id.clone()) {
            self.seen_at.push_back((now, message.dedup_id.clone()));
            self.push(message.clone());
        }
    }

    fn push(&mut self, message: Message) {
        self.last_id += 1;
        let item = Item { id: self.last_id, message, attempts: 0 };
        let name = item.message.group.clone();
        self.groups.entry(name.clone()).or_default().waiting.push_back(item);
        self.offer(&name);
    }

    /// Makes the group's first message available unless another of it is in flight; forgets an empty group.
    fn offer(&mut self, name: &str) {
        let Some(group) = self.groups.get(name) else { return };
        match group.waiting.front() {
            _ if group.is_blocked => {}
            Some(first) => {
                self.ready.insert(first.id, name.to_owned());
            }
            None => {
                self.groups.remove(name);
            }
        }
    }

    fn take(&mut self, ends: Instant) -> Option<Delivery> {
        let (_, name) = self.ready.pop_first()?;
        let group = self.groups.get_mut(&name)?;
        let mut item = group.waiting.pop_front()?;
        group.is_blocked = true;
        item.attempts += 1;
        let delivery = Delivery {
            id: item.id.to_string(),
            body: item.message.body.clone(),
            group: name,
            receipt: format!("{}-{}", item.id, item.attempts),
            attempt: item.attempts,
        };
        self.in_flight.insert(delivery.receipt.clone(), InFlight { item, ends });
        Some(delivery)
    }

    /// The message of a receipt that still counts, out of flight; its group is free again once it is offered.
    fn land(&mut self, receipt: &str) -> Option<Item> {
        let InFlight { item, .. } = self.in_flight.remove(receipt)?;
        if let Some(group) = self.groups.get_mut(&item.message.group) {
            group.is_blocked = false;
        }
        Some(item)
    }

    /// Messages whose visibility ended go back to the head of their group, or to the dead letters.
    fn return_expired(&mut self, now: Instant, max_attempts: u32) {
        let is_expired = |(receipt, flight): (&String, &InFlight)| (flight.ends <= now).then(|| receipt.clone());
        let expired: Vec<String> = self.in_flight.iter().filter_map(is_expired).collect();
        for receipt in expired {
            let Some(item) = self.land(&receipt) else { continue };
            let name = item.message.group.clone();
            if item.attempts >= max_attempts {
                self.dead.push_back(item);
            } else if let Some(group) = self.groups.get_mut(&name) {
                group.waiting.push_front(item);
            }
            self.offer(&name);
        }
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, messages: &[Message]) -> Vec<Result<(), QueueError>> {
        let now = Instant::now();
        let mut state = self.state();
        let results = messages.iter().map(|m| m.validate().map(|()| state.accept(m, now))).collect();
        drop(state);
        self.arrived.notify_waiters();
        results
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            // made before the look, so that what arrives in between is not missed
            let arrived = self.arrived.notified();
            let taken = self.take(max);
            if !taken.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(taken);
            }
            let pause = tokio::time::Instant::now() + EXPIRY_CHECK;
            tokio::select! {
                () = arrived => {}
                () = tokio::time::sleep_until(deadline.min(pause)) => {}
            }
        }
    }

    async fn acknowledge(&self, receipt: &str) -> Result<(), QueueError> {
        let mut state = self.state();
        state.return_expired(Instant::now(), self.max_attempts);
        let item = state.land(receipt).ok_or(QueueError::ReceiptExpired)?;
        state.offer(&item.message.group);
        drop(state);
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        let now = Instant::now();
        let mut state = self.state();
        state.return_expired(now, self.max_attempts);
        state.in_flight.get_mut(receipt).ok_or(QueueError::ReceiptExpired)?.ends = now + visibility;
        drop(state);
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn remove(&self, is_wanted: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync), limits: Removal) -> u64 {
        let mut state = self.state();
        state.return_expired(Instant::now(), self.max_attempts);
        let mut left = limits.rounds.saturating_mul(limits.per_round.clamp(1, MAX_LOOK));
        let mut removed = 0;
        let names: Vec<String> = state.groups.keys().cloned().collect();
        for name in names {
            let Some(group) = state.groups.get_mut(&name) else { continue };
            let first = group.waiting.front().map(|item| item.id);
            group.waiting.retain(|item| {
                let goes = left > 0 && is_wanted(&item.message.body);
                left = left.saturating_sub(1);
                removed += u64::from(goes);
                !goes
            });
            if let Some(first) = first {
                state.ready.remove(&first);
            }
            state.offer(&name);
        }
        removed
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
        state.return_expired(Instant::now(), self.max_attempts);
        let Some(at) = state.dead.iter().position(|item| item.id.to_string() == id) else {
            return Ok(false);
        };
        if let Some(item) = state.dead.remove(at) {
            state.push(item.message);
        }
        drop(state);
        self.arrived.notify_waiters();
        Ok(true)
    }
}

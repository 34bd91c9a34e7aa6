//! What works on the queue (EVT-76 … EVT-78).
//!
//! Every message is one of an event, and may come twice, or when the event is gone: what it asks for is done once, or
//! not any more. A message that will never succeed is acknowledged and logged; one that failed for now comes back later,
//! at growing intervals, and what keeps failing goes to the dead letters. While a message is worked on it is kept from others.
use super::{
    completion::{Completion, Completions, Rule},
    event_chat::{EventChatRequest, EventChats, NoRoom},
    queue::{CREATE_EVENT_CHAT, EVENT_COMPLETION, PROCESS_EVENT},
};
use crate::{Core, Ports, kernel::relay::Failure};
use domain::{EventId, GymId};
use ports::{
    Queue,
    queue::{Delivery, QueueError},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// What one poll takes, and how long it waits for it.
const BATCH: usize = 10;
const WAIT: Duration = Duration::from_secs(20);
/// After a poll that found nothing, or failed.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a message is kept from others at a time, and how often that is renewed: well within the visibility of any
/// queue.
const HELD: Duration = Duration::from_secs(180);
const RENEWED_EVERY: Duration = Duration::from_secs(15);
/// The longest pause before another attempt.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Done with, though nothing was done: it never will be.
    Pointless(String),
    Later(String),
}

#[derive(Deserialize)]
struct Envelope {
    action: String,
    #[serde(default)]
    event_data: Value,
}

#[derive(Deserialize)]
struct Over {
    event_id: EventId,
    gym_id: GymId,
}

/// Does what messages ask for, one after the other within a group.
pub struct EventConsumer {
    queue: Arc<dyn Queue>,
    chats: EventChats,
    completions: Completions,
    renewed_every: Duration,
}

/// 30 s after the first attempt, then twice as long each time (EVT-77).
fn pause_after(attempt: u32) -> Duration {
    Duration::from_secs(30).saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(LONGEST)
}

impl EventConsumer {
    /// `None` when there is no queue.
    pub(crate) fn new(core: &Core, ports: &Ports) -> Option<Self> {
        Some(Self {
            queue: ports.queue.clone()?,
            chats: EventChats::new(core, ports),
            completions: Completions::new(core),
            renewed_every: RENEWED_EVERY,
        })
    }

    /// How often messages that are worked on are kept from others.
    pub fn renewed_every(mut self, interval: Duration) -> Self {
        self.renewed_every = interval;
        self
    }

    /// Works until `stop` resolves: then what is begun is finished, and what is not is handed back.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let stopping = AtomicBool::new(false);
        loop {
            let received = tokio::select! {
                () = &mut stop => return,
                received = self.queue.receive(BATCH, WAIT) => received,
            };
            let idle = match received {
                Ok(deliveries) if deliveries.is_empty() => true,
                Ok(deliveries) => {
                    let work = self.work(deliveries, &stopping);
                    tokio::pin!(work);
                    tokio::select! {
                        () = &mut work => {}
                        () = &mut stop => {
                            stopping.store(true, Relaxed);
                            work.await;
                            return;
                        }
                    }
                    false
                }
                Err(error) => {
                    tracing::warn!(%error, "the queue cannot be read");
                    true
                }
            };
            if idle {
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }

    /// Works on what is there now; returns how many messages that were.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn run_once(&self) -> Result<usize, QueueError> {
        let deliveries = self.queue.receive(BATCH, Duration::ZERO).await?;
        let received = deliveries.len();
        self.work(deliveries, &AtomicBool::new(false)).await;
        Ok(received)
    }

    /// Groups side by side, the messages of each in their order.
    async fn work(&self, deliveries: Vec<Delivery>, stopping: &AtomicBool) {
        let held = Mutex::new(deliveries.iter().map(|delivery| delivery.receipt.clone()).collect::<Vec<_>>());
        let mut lanes: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
        for delivery in deliveries {
            // a standard queue knows no groups
            let lane = if delivery.group.is_empty() { delivery.id.clone() } else { delivery.group.clone() };
            lanes.entry(lane).or_default().push(delivery);
        }
        let work = futures::future::join_all(lanes.into_values().map(|lane| self.work_lane(lane, &held, stopping)));
        tokio::select! {
            _ = work => {}
            () = self.renew(&held) => {}
        }
    }

    async fn work_lane(&self, lane: Vec<Delivery>, held: &Mutex<Vec<String>>, stopping: &AtomicBool) {
        let mut failed = false;
        for delivery in lane {
            if failed {
                // left alone: it comes after the one that failed
                self.let_go(held, &delivery);
                continue;
            }
            if stopping.load(Relaxed) {
                self.let_go(held, &delivery);
                self.told(self.queue.extend(&delivery.receipt, Duration::ZERO).await);
                continue;
            }
            let outcome = self.perform(&delivery.body).await;
            self.let_go(held, &delivery);
            failed = matches!(outcome, Outcome::Later(_));
            self.settle(&delivery, outcome).await;
        }
    }

    fn let_go(&self, held: &Mutex<Vec<String>>, delivery: &Delivery) {
        held.lock().unwrap_or_else(PoisonError::into_inner).retain(|receipt| *receipt != delivery.receipt);
    }

    /// Keeps what is worked on, or waits its turn, from others; never ends by itself.
    async fn renew(&self, held: &Mutex<Vec<String>>) {
        loop {
            tokio::time::sleep(self.renewed_every).await;
            let receipts = held.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for receipt in receipts {
                self.told(self.queue.extend(&receipt, HELD).await);
            }
        }
    }

    fn told(&self, outcome: Result<(), QueueError>) {
        if let Err(error) = outcome {
            tracing::warn!(%error, "a message may be delivered to somebody else meanwhile");
        }
    }

    async fn settle(&self, delivery: &Delivery, outcome: Outcome) {
        let (id, attempt) = (delivery.id.as_str(), delivery.attempt);
        let label = match outcome {
            Outcome::Done => {
                self.told(self.queue.acknowledge(&delivery.receipt).await);
                "done"
            }
            Outcome::Pointless(reason) => {
                tracing::warn!(id, group = delivery.group, reason, "a message asks for what will never be done");
                self.told(self.queue.acknowledge(&delivery.receipt).await);
                "pointless"
            }
            Outcome::Later(reason) => {
                tracing::info!(id, group = delivery.group, attempt, reason, "a message is tried again later");
                self.told(self.queue.extend(&delivery.receipt, pause_after(attempt)).await);
                "retry"
            }
        };
        metrics::counter!("gymapi_queue_messages_total", "outcome" => label).increment(1);
    }

    async fn perform(&self, body: &str) -> Outcome {
        let envelope: Envelope = match serde_json::from_str(body) {
            Ok(envelope) => envelope,
            Err(e) => return Outcome::Pointless(format!("the body is not a message: {e}")),
        };
        let unreadable = |e: serde_json::Error| Outcome::Pointless(format!("event_data: {e}"));
        match envelope.action.as_str() {
            CREATE_EVENT_CHAT => match serde_json::from_value(envelope.event_data) {
                Ok(request) => self.open_chat(&request).await,
                Err(e) => unreadable(e),
            },
            EVENT_COMPLETION | PROCESS_EVENT => match serde_json::from_value(envelope.event_data) {
                Ok(over) => self.complete(&over).await,
                Err(e) => unreadable(e),
            },
            other => Outcome::Pointless(format!("the action {other:?} is not known")),
        }
    }

    async fn open_chat(&self, request: &EventChatRequest) -> Outcome {
        match self.chats.open(request).await {
            Ok(_) => Outcome::Done,
            Err(NoRoom::Refused(refusal)) => Outcome::Pointless(refusal.code.to_owned()),
            Err(NoRoom::Failed(Failure::Permanent(reason))) => Outcome::Pointless(reason),
            Err(NoRoom::Failed(Failure::Retry { reason, .. })) => Outcome::Later(reason),
            Err(NoRoom::Failed(Failure::Later { reason, .. })) => Outcome::Later(reason.to_owned()),
        }
    }

    /// One that is not over is completed when it is, by the clock (EVT-78).
    async fn complete(&self, over: &Over) -> Outcome {
        match self.completions.complete(over.gym_id, over.event_id, Rule::OnceOver).await {
            Ok(Completion::Missing) => Outcome::Pointless("event_not_found".into()),
            Ok(_) => Outcome::Done,
            Err(error) => {
                self.completions.failed(over.event_id).await;
                Outcome::Later(error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evt_77_the_pause_after_a_failure_doubles() {
        let seconds: Vec<_> = [0, 1, 2, 3, 4, 60].iter().map(|attempt| pause_after(*attempt).as_secs()).collect();
        assert_eq!(seconds, [30, 30, 60, 120, 240, 3600]);
    }
}

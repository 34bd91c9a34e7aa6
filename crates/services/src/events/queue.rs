//! Work that events cause, on its way to a queue (EVT-70 … EVT-76).
//!
//! What is to be done is written as an effect with the change. The relay sends it as a message where a queue is
//! configured, and does it itself where none is. Messages of one event are one group; their deduplication ids are made
//! of the effect's id, so that one which is sent again after a crash is the same message. Taking a message back is best
//! effort: what must not be done any more, the consumer does not do.
use super::event_chat::{CHAT_CREATE, EventChatRequest, EventChats, NoRoom};
use crate::{
    Core, Ports, Result,
    chat::event_rooms,
    kernel::relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use aws_lc_rs::digest;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{EventId, kernel::outbox::Model};
use ports::{
    Queue,
    queue::{Message, QueueError, Removal},
};
use serde_json::{Value, json};
use std::sync::Arc;

pub const CREATE_EVENT_CHAT: &str = "create_event_chat";
pub const EVENT_COMPLETION: &str = "event_completion";
/// What older senders ask for: complete the event, if it is over (EVT-78).
pub const PROCESS_EVENT: &str = "process_event";

/// An event's chat, asked for from outside of a change of the event (EVT-74).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventProcessing {
    pub request: EventChatRequest,
    pub end_time: DateTime<Utc>,
    /// The same for every attempt to publish this.
    pub key: String,
}

/// Whether the request for a chat is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub success: bool,
    pub chat_creation: ChatCreation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatCreation {
    /// By the message's deduplication id.
    Sent {
        message_id: String,
    },
    Failed {
        error: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessingCancelled {
    pub success: bool,
    /// Messages and unsent effects that are gone.
    pub removed: u64,
}

/// The queue as events use it, for services in this process.
#[async_trait]
pub trait EventQueue: Send + Sync {
    /// Sends the request for an event's chat; without a queue the relay makes it.
    async fn publish_event_processing(&self, processing: EventProcessing) -> Published;
    /// Takes back the request for an event's chat, wherever it waits.
    async fn cancel_event_processing(&self, event: EventId) -> ProcessingCancelled;
    /// Removes messages of an event that wait in the queue, of all actions when none is named; returns how many.
    async fn delete_event_messages(&self, event: EventId, actions: &[&str], limits: Removal) -> u64;
}

#[derive(Clone)]
pub struct EventQueueService {
    core: Core,
    queue: Option<Arc<dyn Queue>>,
}

/// The body of EVT-71.
pub(crate) fn body(action: &str, at: DateTime<Utc>, data: &impl serde::Serialize) -> String {
    json!({
        "action": action, "timestamp": at.to_rfc3339_opts(SecondsFormat::AutoSi, true), "event_data": data,
    })
    .to_string()
}

/// The same for every attempt to send what this key names.
fn dedup_id(action: &str, event: EventId, key: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, format!("{action}:{event}:{key}").as_bytes()))
}

fn chat_message(request: &EventChatRequest, key: &str, at: DateTime<Utc>) -> Message {
    Message {
        body: body(CREATE_EVENT_CHAT, at, request),
        group: request.event_id.to_string(),
        dedup_id: dedup_id(CREATE_EVENT_CHAT, request.event_id, key),
    }
}

/// Whether a message is of this event, and of one of these actions.
fn is_of(body: &str, event: EventId, actions: &[&str]) -> bool {
    let Ok(message) = serde_json::from_str::<Value>(body) else { return false };
    let of_event = message.pointer("/event_data/event_id").and_then(Value::as_i64) == Some(event.0);
    let action = message.get("action").and_then(Value::as_str);
    of_event && (actions.is_empty() || action.is_some_and(|action| actions.contains(&action)))
}

impl EventQueueService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), queue: ports.queue.clone() }
    }

    /// EVT-37: what waits in the queue goes; what waits in the outbox went with the event.
    pub(crate) async fn cancel(&self, event: EventId) {
        self.delete_event_messages(event, &[CREATE_EVENT_CHAT], Removal::default()).await;
    }

    async fn withdraw(&self, event: EventId) -> Result<u64> {
        let (outbox, aggregate) = (&self.core.stores.outbox, event_rooms::aggregate(event));
        Ok(outbox.withdraw(&self.core.db, CHAT_CREATE, &aggregate).await?)
    }
}

#[async_trait]
impl EventQueue for EventQueueService {
    async fn publish_event_processing(&self, processing: EventProcessing) -> Published {
        let EventProcessing { request, key, .. } = processing;
        let message = chat_message(&request, &key, self.core.clock.now());
        let message_id = message.dedup_id.clone();
        let sent = match &self.queue {
            Some(queue) => queue.send(&[message]).await.pop().unwrap_or(Ok(())).map_err(|e| e.to_string()),
            None => {
                let effect = super::event_chat::later(&request);
                self.core.stores.outbox.push(&self.core.db, effect).await.map_err(|e| e.to_string())
            }
        };
        let chat_creation = match sent {
            Ok(()) => ChatCreation::Sent { message_id },
            Err(error) => {
                tracing::warn!(event = %request.event_id, error, "the request for an event's chat was not sent");
                ChatCreation::Failed { error }
            }
        };
        Published { success: matches!(chat_creation, ChatCreation::Sent { .. }), chat_creation }
    }

    async fn cancel_event_processing(&self, event: EventId) -> ProcessingCancelled {
        let withdrawn = self.withdraw(event).await;
        let removed = self.delete_event_messages(event, &[CREATE_EVENT_CHAT], Removal::default()).await;
        match withdrawn {
            Ok(withdrawn) => ProcessingCancelled { success: true, removed: removed + withdrawn },
            Err(error) => {
                tracing::warn!(%event, %error, "unsent requests of an event are still there");
                ProcessingCancelled { success: false, removed }
            }
        }
    }

    async fn delete_event_messages(&self, event: EventId, actions: &[&str], limits: Removal) -> u64 {
        match &self.queue {
            Some(queue) => queue.remove(&|body| is_of(body, event, actions), limits).await,
            None => 0,
        }
    }
}

/// Sends what is to be done, or does it.
pub(crate) struct ChatCreations {
    queue: Option<Arc<dyn Queue>>,
    chats: EventChats,
}

impl ChatCreations {
    pub(crate) fn new(core: &Core, ports: &Ports) -> Self {
        Self { queue: ports.queue.clone(), chats: EventChats::new(core, ports) }
    }
}

fn request(row: &Model) -> Result<EventChatRequest, Failure> {
    serde_json::from_value(row.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))
}

impl From<QueueError> for Failure {
    fn from(e: QueueError) -> Self {
        match e {
            QueueError::Unavailable(_) | QueueError::ReceiptExpired => Self::retry(e),
            QueueError::TooLarge { .. } | QueueError::Refused(_) => Self::Permanent(e.to_string()),
        }
    }
}

#[async_trait]
impl EffectHandler for ChatCreations {
    fn kind(&self) -> &'static str {
        CHAT_CREATE
    }

    /// Without a queue (EVT-70). An event that is over needs no chat (EVT-76).
    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        match self.chats.open(&request(row)?).await {
            Ok(_) => Ok(()),
            Err(NoRoom::Refused(refusal)) => {
                tracing::info!(id = %row.id, code = refusal.code, "an event has no chat");
                Ok(())
            }
            Err(NoRoom::Failed(failure)) => Err(failure),
        }
    }

    /// All together where there is a queue, each with its own outcome (EVT-73).
    async fn deliver_all(&self, rows: &[Model]) -> Vec<Result<(), Failure>> {
        let Some(queue) = &self.queue else {
            return futures::future::join_all(rows.iter().map(|row| self.deliver(row))).await;
        };
        let read: Vec<_> = rows.iter().map(request).collect();
        let messages: Vec<Message> = rows
            .iter()
            .zip(&read)
            .filter_map(|(row, request)| {
                Some(chat_message(request.as_ref().ok()?, &row.id.to_string(), row.created_at))
            })
            .collect();
        let mut sent = queue.send(&messages).await.into_iter();
        let lost = || Err(QueueError::Unavailable("the queue did not say".into()));
        read.into_iter()
            .map(|read| read.and_then(|_| sent.next().unwrap_or_else(lost).map_err(Failure::from)))
            .collect()
    }
}

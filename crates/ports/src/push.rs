//! Push messages to people's devices.
use async_trait::async_trait;
use domain::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// A text in the languages that the apps speak; the device chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub en: String,
    pub es: String,
}

/// One message for any number of people; an implementation splits where its service takes only so many at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushMessage {
    /// The same for every attempt to send this message, so that a service which knows keys sends it once.
    pub key: String,
    pub users: Vec<UserId>,
    pub headings: Text,
    pub contents: Text,
    /// What the app does with it: `type`, ids, times.
    pub data: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Worth another try, not before `retry_after` when the service named a time.
    #[error("push service unavailable: {reason}")]
    Unavailable { reason: String, retry_after: Option<Duration> },
    /// Will never be sent.
    #[error("push refused: {0}")]
    Refused(String),
}

/// Sends messages to the devices of people, by their ids; who has no device is passed over.
#[async_trait]
pub trait Push: Send + Sync + 'static {
    async fn send(&self, message: &PushMessage) -> Result<(), PushError>;
}

/// Sends nothing: for a system that has no push service.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullPush;

#[async_trait]
impl Push for NullPush {
    async fn send(&self, message: &PushMessage) -> Result<(), PushError> {
        tracing::debug!(key = message.key, users = message.users.len(), "no push service: the message is not sent");
        Ok(())
    }
}

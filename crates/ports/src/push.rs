//! Push messages to people's devices.
use async_trait::async_trait;
use domain::UserId;
pub use domain::kernel::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// One message for any number of people; an implementation splits where its service takes only so many at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushMessage {
    /// A UUID, the same for every attempt to send this message, so that a service which knows keys sends it once.
    pub key: String,
    pub users: Vec<UserId>,
    pub headings: Text,
    pub contents: Text,
    /// What the app does with it: `type`, ids, times.
    pub data: Map<String, Value>,
    /// Messages of one id take each other's place on the device (NTF-31).
    pub collapse_id: Option<String>,
}

/// What the service made of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushReceipt {
    /// The service's name for it; `None` when nobody of these people has a device that it knows (NTF-26).
    pub id: Option<String>,
    /// Who of them the service does not know.
    pub unknown: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// There is no push service (NTF-28).
    #[error("no push service is configured")]
    Disabled,
    /// Worth another try, not before `retry_after` when the service named a time.
    #[error("push service unavailable: {reason}")]
    Unavailable { reason: String, retry_after: Option<Duration> },
    /// The service does not know this system: for an operator (NTF-33).
    #[error("the push service does not accept our key: {0}")]
    Unauthorised(String),
    /// Will never be sent.
    #[error("push refused: {0}")]
    Refused(String),
}

/// Sends messages to the devices of people, by their ids; who has no device is passed over.
#[async_trait]
pub trait Push: Send + Sync + 'static {
    async fn send(&self, message: &PushMessage) -> Result<PushReceipt, PushError>;
    /// Sends to everybody whom the service counts to a segment, whatever the message's own recipients. Segments know no
    /// gyms: this is for the platform's own messages alone (NTF-12).
    async fn send_to_segment(&self, segment: &str, message: &PushMessage) -> Result<PushReceipt, PushError>;
}

/// Sends nothing: for a system that has no push service.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullPush;

#[async_trait]
impl Push for NullPush {
    async fn send(&self, _: &PushMessage) -> Result<PushReceipt, PushError> {
        Err(PushError::Disabled)
    }

    async fn send_to_segment(&self, _: &str, _: &PushMessage) -> Result<PushReceipt, PushError> {
        Err(PushError::Disabled)
    }
}

//! A push service that keeps what it is given.
use async_trait::async_trait;
use domain::UserId;
use ports::push::{Push, PushError, PushMessage, PushReceipt};
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Messages in the order in which they were sent.
#[derive(Debug, Default)]
pub struct MemoryPush {
    sent: Mutex<Vec<PushMessage>>,
    to_segments: Mutex<Vec<(String, PushMessage)>>,
    unknown: Mutex<BTreeSet<UserId>>,
    failures: Mutex<Vec<PushError>>,
}

impl MemoryPush {
    pub fn sent(&self) -> Vec<PushMessage> {
        held(&self.sent).clone()
    }

    /// Messages of this `type`.
    pub fn of_type(&self, kind: &str) -> Vec<PushMessage> {
        self.sent().into_iter().filter(|m| m.data.get("type").and_then(|t| t.as_str()) == Some(kind)).collect()
    }

    /// Everybody who got a message of this `type`, once for each that they got, in the order of their ids.
    pub fn told(&self, kind: &str) -> Vec<UserId> {
        let mut users: Vec<_> = self.of_type(kind).into_iter().flat_map(|m| m.users).collect();
        users.sort_unstable();
        users
    }

    /// Messages to segments, with the names of these.
    pub fn to_segments(&self) -> Vec<(String, PushMessage)> {
        held(&self.to_segments).clone()
    }

    /// The next message fails so.
    pub fn fail(&self, error: PushError) {
        held(&self.failures).push(error);
    }

    /// The service does not know this person from now on; it names no message that is for such people only.
    pub fn forget(&self, user: UserId) {
        held(&self.unknown).insert(user);
    }
}

#[async_trait]
impl Push for MemoryPush {
    /// The messages' names are `push-1`, `push-2`, …
    async fn send(&self, message: &PushMessage) -> Result<PushReceipt, PushError> {
        if let Some(error) = held(&self.failures).pop() {
            return Err(error);
        }
        let unknown: Vec<_> = {
            let strangers = held(&self.unknown);
            message.users.iter().copied().filter(|user| strangers.contains(user)).collect()
        };
        let mut sent = held(&self.sent);
        sent.push(message.clone());
        let reached = unknown.len() < message.users.len();
        Ok(PushReceipt { id: reached.then(|| format!("push-{}", sent.len())), unknown })
    }

    /// Their names are `segment-1`, `segment-2`, …
    async fn send_to_segment(&self, segment: &str, message: &PushMessage) -> Result<PushReceipt, PushError> {
        if let Some(error) = held(&self.failures).pop() {
            return Err(error);
        }
        let mut sent = held(&self.to_segments);
        sent.push((segment.to_owned(), message.clone()));
        Ok(PushReceipt { id: Some(format!("segment-{}", sent.len())), unknown: Vec::new() })
    }
}

fn held<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A push service that keeps what it is given.
use async_trait::async_trait;
use domain::UserId;
use ports::push::{Push, PushError, PushMessage};
use std::sync::{Mutex, PoisonError};

/// Messages in the order in which they were sent.
#[derive(Debug, Default)]
pub struct MemoryPush {
    sent: Mutex<Vec<PushMessage>>,
    failures: Mutex<Vec<PushError>>,
}

impl MemoryPush {
    pub fn sent(&self) -> Vec<PushMessage> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// The next message fails so.
    pub fn fail(&self, error: PushError) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }
}

#[async_trait]
impl Push for MemoryPush {
    async fn send(&self, message: &PushMessage) -> Result<(), PushError> {
        if let Some(error) = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Err(error);
        }
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        Ok(())
    }
}

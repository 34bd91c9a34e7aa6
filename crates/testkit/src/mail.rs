//! A mail server that keeps what it is given.
use async_trait::async_trait;
use ports::mail::{Mail, MailError, Mailer};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Mails in the order in which they were sent.
#[derive(Debug, Default)]
pub struct MemoryMailer {
    sent: Mutex<Vec<Mail>>,
    failures: Mutex<Vec<MailError>>,
}

impl MemoryMailer {
    pub fn sent(&self) -> Vec<Mail> {
        held(&self.sent).clone()
    }

    /// Mails to this address.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        self.sent().into_iter().filter(|mail| mail.to == address).collect()
    }

    /// The next mail fails so.
    pub fn fail(&self, error: MailError) {
        held(&self.failures).push(error);
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    fn is_enabled(&self) -> bool {
        true
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if let Some(error) = held(&self.failures).pop() {
            return Err(error);
        }
        held(&self.sent).push(mail.clone());
        Ok(())
    }
}

fn held<T>(kept: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The adapter itself.
use crate::{
    connections::Connections,
    message::{compose, one_line},
    options::SmtpOptions,
};
use async_trait::async_trait;
use lettre::{address::AddressError, message::Mailbox};
use ports::{
    Mailer,
    mail::{Mail, MailError},
};

/// Why the adapter cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("the sender's address is none")]
    Sender(#[from] AddressError),
    #[error("the system's certificates cannot be used")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Mails over a server that takes them on. Nothing is tried again here: that is the part of whoever dispatches the
/// messages (NTF-32).
pub struct SmtpMailer {
    sender: Mailbox,
    connections: Connections,
}

impl SmtpMailer {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// When the sender's address is none, or there is nobody to trust for TLS.
    pub fn new(options: &SmtpOptions) -> Result<Self, SetUpError> {
        let name = Some(one_line(&options.from_name)).filter(|name| !name.is_empty());
        let sender = Mailbox::new(name, one_line(&options.from_email).parse()?);
        Ok(Self { sender, connections: Connections::new(options)? })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    fn is_enabled(&self) -> bool {
        true
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = compose(&self.sender, mail)?;
        self.connections.send(&message).await.map_err(|fault| {
            let error = fault.into_error(&mail.to);
            tracing::debug!(refused = matches!(error, MailError::Refused(_)), "a mail was not taken");
            error
        })
    }
}

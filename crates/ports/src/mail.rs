//! E-mail, one person at a time.
use async_trait::async_trait;

/// A message for one person. Header values are given as they are; an implementation lets no line break through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The same for every attempt to send this message; `Message-ID` is made of it.
    pub key: String,
    pub to: String,
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The address of a page where the recipient may refuse mails of this kind, where the kind lets them.
    pub unsubscribe: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// There is no mail server, or no sender (NTF-80).
    #[error("no mail server is configured")]
    Disabled,
    /// Worth another try.
    #[error("mail server unavailable: {0}")]
    Unavailable(String),
    /// The server refused this message for good: an address that is none, say.
    #[error("mail refused: {0}")]
    Refused(String),
}

#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Whether mails are sent at all: without it none are queued.
    fn is_enabled(&self) -> bool;
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// Sends nothing: for a system without a mail server.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullMailer;

#[async_trait]
impl Mailer for NullMailer {
    fn is_enabled(&self) -> bool {
        false
    }
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Err(MailError::Disabled)
    }
}

//! What went wrong, and what that means for the mail.
use lettre::transport::smtp::Error;
use ports::mail::MailError;
use std::error::Error as _;

/// How much of the server's words is kept.
const MAX_WORDS: usize = 200;

#[derive(Debug)]
pub(crate) enum Fault {
    /// Before the mail was spoken of: the server is away, or does not want us. No mail's own fault.
    Connection(Error),
    /// The server heard of the mail.
    Mail(Error),
    Timeout,
}

impl Fault {
    /// `recipient` is not repeated: an error may end in a log (NTF-40).
    pub(crate) fn into_error(self, recipient: &str) -> MailError {
        match self {
            Self::Timeout => MailError::Unavailable("it did not answer in time".to_owned()),
            Self::Connection(e) => MailError::Unavailable(match e.status() {
                Some(code) => format!("it does not let us in ({code})"),
                None => e.to_string(),
            }),
            Self::Mail(e) if e.is_permanent() || e.is_client() => {
                let code = e.status().map(|code| format!("{code} ")).unwrap_or_default();
                let words = e.source().map(ToString::to_string).unwrap_or_default();
                let words = words.replace(recipient, "***").chars().take(MAX_WORDS).collect::<String>();
                MailError::Refused(format!("{code}{words}").trim_end().to_owned())
            }
            Self::Mail(e) => MailError::Unavailable(match e.status() {
                Some(code) => format!("it answered {code}"),
                None => "the connection broke".to_owned(),
            }),
        }
    }
}

//! Which server, and who writes.
use ports::Secret;
use std::time::Duration;

/// How we prove ourselves to the server.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: Secret,
}

#[derive(Clone, Debug)]
pub struct SmtpOptions {
    pub host: String,
    pub port: u16,
    pub login: Option<Login>,
    /// Whether nothing is said before the connection is encrypted (STARTTLS). Without it everything goes in clear.
    pub tls: bool,
    /// The address that mails come from.
    pub from_email: String,
    /// The name beside it; empty = none.
    pub from_name: String,
    /// For one mail, the connection included.
    pub timeout: Duration,
}

impl SmtpOptions {
    /// At port 587, by STARTTLS, 20 s for a mail, without a login and a name.
    pub fn new(host: impl Into<String>, from_email: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 587,
            login: None,
            tls: true,
            from_email: from_email.into(),
            from_name: String::new(),
            timeout: Duration::from_secs(20),
        }
    }
}

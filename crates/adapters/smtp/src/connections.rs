//! Connections to the server, kept for the mails to come.
//!
//! A connection is out of the park while a mail goes over it and comes back only when the server took the mail: one that
//! was refused a mail, or whose sender gave up halfway, is closed, so that no answer can be taken for that of another mail.
use crate::{fault::Fault, options::SmtpOptions};
use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use ports::Pace;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// At once.
const MOST: usize = 4;
const MAILS_PER_SECOND: u32 = 10;
/// Servers close what is idle for some minutes; we are earlier.
const IDLE: Duration = Duration::from_secs(60);

pub(crate) struct Connections {
    host: String,
    port: u16,
    timeout: Duration,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    places: Semaphore,
    pace: Pace,
    parked: Mutex<Vec<Parked>>,
}

struct Parked {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Connections {
    pub(crate) fn new(options: &SmtpOptions) -> Result<Self, Error> {
        let login = options.login.as_ref();
        Ok(Self {
            host: options.host.clone(),
            port: options.port,
            timeout: options.timeout,
            tls: options.tls.then(|| TlsParameters::new(options.host.clone())).transpose()?,
            credentials: login.map(|l| Credentials::new(l.user.clone(), l.password.expose().to_owned())),
            hello: ClientId::default(),
            places: Semaphore::new(MOST),
            pace: Pace::per_second(MAILS_PER_SECOND),
            parked: Mutex::new(Vec::new()),
        })
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<(), Fault> {
        // never closed; its place is given back at the end
        let _place = self.places.acquire().await;
        // after the place, or turns that waited for one would be used all at once
        self.pace.turn().await;
        let sent = tokio::time::timeout(self.timeout, async {
            let mut connection = self.connection().await.map_err(Fault::Connection)?;
            connection.send(message.envelope(), &message.formatted()).await.map_err(Fault::Mail)?;
            Ok(connection)
        });
        let connection = sent.await.map_err(|_| Fault::Timeout)??;
        self.parked().push(Parked { connection, since: Instant::now() });
        Ok(())
    }

    /// One that was kept and still answers, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        while let Some(mut kept) = self.take() {
            if kept.connection.test_connected().await {
                return Ok(kept.connection);
            }
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, None, None).await?;
        if let Some(tls) = &self.tls {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// The one that rested least. What rested too long is closed.
    fn take(&self) -> Option<Parked> {
        let mut parked = self.parked();
        parked.retain(|kept| kept.since.elapsed() < IDLE);
        parked.pop()
    }

    fn parked(&self) -> MutexGuard<'_, Vec<Parked>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A mail server that says what a test wants, and tells what it heard.
#![allow(dead_code, reason = "each test binary needs another part of it")]
use gymapi_smtp::SmtpOptions;
use ports::mail::Mail;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

/// What follows a line that the server heard.
#[derive(Clone, Debug)]
pub enum Reply {
    Say(&'static str),
    /// Nothing, for as long as the client waits.
    Silence,
    HangUp,
    /// Says it when the test lets it.
    Later(&'static str),
}
use Reply::{HangUp, Later, Say, Silence};

type Script = dyn Fn(usize, &str) -> Option<Reply> + Send + Sync;

#[derive(Clone)]
pub struct Server {
    pub port: u16,
    script: Arc<Script>,
    tls: Option<TlsAcceptor>,
    /// By connection; what came by TLS begins with `*`.
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    /// A permit lets one [`Reply::Later`] go.
    pub later: Arc<Semaphore>,
}

impl Server {
    /// Takes every mail.
    pub async fn willing() -> Self {
        Self::start(None, |_, _| None).await
    }

    /// The script gets the number of the connection, from 0, and what was said: a line, `220` for the greeting, `.` for the
    /// end of a mail. Where it has nothing to say the server is willing.
    pub async fn saying(script: impl Fn(usize, &str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::start(None, script).await
    }

    /// Willing, and encrypts when asked to.
    pub async fn encrypting(certificate: CertificateDer<'static>, key: Vec<u8>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth();
        let config = config.with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key).into()).unwrap();
        Self::start(Some(TlsAcceptor::from(Arc::new(config))), |_, _| None).await
    }

    async fn start(
        tls: Option<TlsAcceptor>,
        script: impl Fn(usize, &str) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, later) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let server = Self { port, script: Arc::new(script), tls, heard, later };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut heard = serving.heard.lock().unwrap();
                    heard.push(Vec::new());
                    heard.len() - 1
                };
                let server = serving.clone();
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    if server.talk(number, &mut stream, "").await == Some(Next::Encrypt) {
                        let tls = server.tls.clone().unwrap();
                        // the client hangs up when it does not trust the certificate
                        if let Ok(stream) = tls.accept(stream.into_inner()).await {
                            server.talk(number, &mut BufReader::new(stream), "*").await;
                        }
                    }
                });
            }
        });
        server
    }

    /// `None` when the connection is over.
    async fn talk(
        &self,
        number: usize,
        stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
        mark: &str,
    ) -> Option<Next> {
        if mark.is_empty() {
            self.reply(number, stream, "220").await?;
        }
        let mut in_mail = false;
        let mut lines = String::new();
        loop {
            lines.clear();
            if stream.read_line(&mut lines).await.ok()? == 0 {
                return None;
            }
            let line = lines.trim_end();
            if in_mail && line != "." {
                continue;
            }
            self.heard.lock().unwrap()[number].push(format!("{mark}{line}"));
            let taken = self.reply(number, stream, line).await?;
            in_mail = taken && line == "DATA";
            if line == "STARTTLS" && taken && self.tls.is_some() {
                return Some(Next::Encrypt);
            }
        }
    }

    /// Whether it was told yes.
    async fn reply(&self, number: usize, stream: &mut (impl AsyncWrite + Unpin), line: &str) -> Option<bool> {
        let text = match (self.script)(number, line).unwrap_or_else(|| self.willing_reply(line)) {
            Say(text) => text,
            Later(text) => {
                self.later.acquire().await.ok()?.forget();
                text
            }
            Silence => std::future::pending().await,
            HangUp => return None,
        };
        stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
        Some(text.starts_with(['2', '3']))
    }

    fn willing_reply(&self, line: &str) -> Reply {
        Say(match line.split([' ', ':']).next().unwrap_or_default() {
            "220" => "220 at your service",
            "EHLO" if self.tls.is_some() => "250-me\r\n250-STARTTLS\r\n250 AUTH PLAIN",
            "EHLO" => "250-me\r\n250 AUTH PLAIN",
            "STARTTLS" => "220 go on",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        })
    }

    /// What was said, by connection.
    pub fn heard(&self) -> Vec<Vec<String>> {
        self.heard.lock().unwrap().clone()
    }

    /// Without TLS.
    pub fn options(&self) -> SmtpOptions {
        SmtpOptions { port: self.port, tls: false, ..SmtpOptions::new("127.0.0.1", "gym@example.org") }
    }
}

#[derive(PartialEq)]
enum Next {
    Encrypt,
}

pub fn mail(to: &str) -> Mail {
    Mail {
        key: uuid::Uuid::new_v4().to_string(),
        to: to.into(),
        reply_to: None,
        subject: "Your class".into(),
        text: "A text".into(),
        html: "<p>A text</p>".into(),
        unsubscribe: None,
    }
}

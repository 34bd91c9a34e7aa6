//! A server that encrypts: its certificate is checked against those that the system trusts.
//!
//! What a process trusts is read from its environment, so a part of the test runs as a process of its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod server;

use gymapi_smtp::{Login, SmtpMailer, SmtpOptions};
use ports::{Mailer, mail::MailError};
use server::{Server, mail};
use std::{
    path::Path,
    process::{Command, Stdio},
};

const PORT: &str = "GYMAPI_TEST_STARTTLS_PORT";

/// Runs [`speaks`] in a process that trusts these certificates; whether it passed.
async fn speaks_trusting(port: u16, certificates: &Path) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "speaks", "--ignored"]).env(PORT, port.to_string()).env("SSL_CERT_FILE", certificates);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    tokio::task::spawn_blocking(move || command.status()).await.unwrap().unwrap().success()
}

#[tokio::test]
async fn a_mail_goes_encrypted_to_a_server_that_is_trusted_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (trusted, other) = (folder.path().join("trusted.pem"), folder.path().join("other.pem"));
    std::fs::write(&trusted, made.cert.pem()).unwrap();
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&other, stranger.cert.pem()).unwrap();

    let server = Server::encrypting(made.cert.der().clone(), made.signing_key.serialize_der()).await;
    assert!(!speaks_trusting(server.port, &other).await, "a certificate of somebody else");
    let heard = server.heard().concat();
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{heard:?}");

    assert!(speaks_trusting(server.port, &trusted).await);
    let heard = server.heard().pop().unwrap();
    let encrypted = heard.iter().filter(|line| line.starts_with('*')).count();
    assert!(heard[0].starts_with("EHLO") && heard[1] == "STARTTLS" && encrypted == heard.len() - 2, "{heard:?}");
    for said in ["*AUTH PLAIN", "*MAIL", "*RCPT", "*DATA"] {
        assert!(heard.iter().any(|line| line.starts_with(said)), "{said}: {heard:?}");
    }
}

#[tokio::test]
#[ignore = "a part of `a_mail_goes_encrypted_…`, which runs it in an environment of its own"]
async fn speaks() {
    let options = SmtpOptions {
        port: std::env::var(PORT).unwrap().parse().unwrap(),
        login: Some(Login { user: "gym".into(), password: "correct horse".into() }),
        ..SmtpOptions::new("127.0.0.1", "gym@example.org")
    };
    let outcome = SmtpMailer::new(&options).unwrap().send(&mail("ana@example.com")).await;
    // the one that is not trusted is worth another try: an operator may mend it
    assert!(!matches!(outcome, Err(MailError::Refused(_))), "{outcome:?}");
    outcome.unwrap();
}

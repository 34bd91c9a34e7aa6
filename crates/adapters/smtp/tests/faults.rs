//! What a server's answers, and its silence, come to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod server;

use gymapi_smtp::{Login, SmtpMailer, SmtpOptions};
use ports::{
    Mailer,
    mail::MailError::{self, Refused, Unavailable},
};
use server::{
    Reply::{self, HangUp, Later, Say, Silence},
    Server, mail,
};
use std::{sync::Arc, time::Duration};

const ANA: &str = "ana@example.com";

fn login() -> Option<Login> {
    Some(Login { user: "gym".into(), password: "correct horse".into() })
}

/// What comes of a mail when the server answers this to the line that begins so.
async fn outcome(line: &'static str, reply: Reply) -> Result<(), MailError> {
    let timeout = Duration::from_secs(if matches!(reply, Silence) { 1 } else { 20 });
    let server = Server::saying(move |_, said| said.starts_with(line).then(|| reply.clone())).await;
    let options = SmtpOptions { login: login(), timeout, ..server.options() };
    SmtpMailer::new(&options).unwrap().send(&mail(ANA)).await
}

#[tokio::test]
async fn ntf_32_what_passes_is_worth_another_try() {
    let table = [
        ("220", Say("421 too busy"), "it does not let us in (421)"),
        ("220", Silence, "it did not answer in time"),
        ("220", Say("hello"), "response error"),
        ("EHLO", Say("554 who are you"), "it does not let us in (554)"),
        ("AUTH", Say("535 no"), "it does not let us in (535)"),
        ("AUTH", Say("454 not now"), "it does not let us in (454)"),
        ("MAIL", Say("451 not now"), "it answered 451"),
        ("MAIL", HangUp, "the connection broke"),
        ("RCPT", Say("450 greylisted"), "it answered 450"),
        ("DATA", Say("452 full"), "it answered 452"),
        (".", Say("451 not now"), "it answered 451"),
        (".", HangUp, "the connection broke"),
        (".", Silence, "it did not answer in time"),
        (".", Say("hello"), "the connection broke"),
    ];
    for (line, reply, reason) in table {
        let outcome = outcome(line, reply.clone()).await;
        let Err(Unavailable(told)) = &outcome else { panic!("{line} {reply:?}: {outcome:?}") };
        assert!(told.starts_with(reason), "{line} {reply:?}: {told}");
    }
}

#[tokio::test]
async fn ntf_33_what_is_refused_stays_so_and_names_nobody() {
    let table = [
        ("MAIL", Say("553 not your address"), "553 not your address"),
        ("RCPT", Say("550 5.1.1 <ana@example.com>: no such person"), "550 5.1.1 <***>: no such person"),
        ("DATA", Say("554 no"), "554 no"),
        (".", Say("552 too large"), "552 too large"),
    ];
    for (line, reply, words) in table {
        assert_eq!(outcome(line, reply).await, Err(Refused(words.into())), "{line}");
    }
}

#[tokio::test]
async fn ntf_33_an_address_that_the_server_cannot_write_is_refused() {
    let server = Server::willing().await;
    let refused = SmtpMailer::new(&server.options()).unwrap().send(&mail("ñandú@example.com")).await;
    assert!(matches!(refused, Err(Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn ntf_32_a_server_that_takes_no_connection_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = SmtpOptions {
        port: listener.local_addr().unwrap().port(),
        tls: false,
        ..SmtpOptions::new("127.0.0.1", "gym@example.org")
    };
    drop(listener);
    let outcome = SmtpMailer::new(&options).unwrap().send(&mail(ANA)).await;
    assert!(matches!(outcome, Err(Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_mail_was_taken() {
    let server = Server::willing().await;
    let mailer = SmtpMailer::new(&server.options()).unwrap();
    mailer.send(&mail(ANA)).await.unwrap();
    mailer.send(&mail("bob@example.com")).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let recipients: Vec<_> = heard[0].iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(recipients, ["RCPT TO:<ana@example.com>", "RCPT TO:<bob@example.com>"]);
}

#[tokio::test]
async fn no_answer_is_taken_for_that_of_another_mail() {
    // the first connection answers its mail too late, and well
    let server = Server::saying(|number, line| (number == 0 && line == ".").then_some(Later("250 fine"))).await;
    let options = SmtpOptions { timeout: Duration::from_secs(2), ..server.options() };
    let mailer = SmtpMailer::new(&options).unwrap();
    assert_eq!(mailer.send(&mail(ANA)).await, Err(Unavailable("it did not answer in time".into())));
    server.later.add_permits(1);
    mailer.send(&mail("bob@example.com")).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[1].contains(&"RCPT TO:<bob@example.com>".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_mail_that_is_given_up_takes_its_connection_along() {
    let server = Server::saying(|number, line| (number == 0 && line == ".").then_some(Later("250 fine"))).await;
    let mailer = Arc::new(SmtpMailer::new(&server.options()).unwrap());
    let (sender, watched) = (mailer.clone(), server.clone());
    let sending = tokio::spawn(async move { sender.send(&mail(ANA)).await });
    while !watched.heard().iter().flatten().any(|line| line == ".") {
        tokio::task::yield_now().await;
    }
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    mailer.send(&mail("bob@example.com")).await.unwrap();
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn there_are_at_most_four_connections_and_none_is_left_behind() {
    let server = Server::saying(|_, line| (line == ".").then_some(Later("250 fine"))).await;
    let mailer = Arc::new(SmtpMailer::new(&server.options()).unwrap());
    let mails = (0..8).map(|_| {
        let mailer = mailer.clone();
        tokio::spawn(async move { mailer.send(&mail(ANA)).await })
    });
    let mails: Vec<_> = mails.collect();
    while server.heard().iter().flatten().filter(|line| *line == ".").count() < 4 {
        tokio::task::yield_now().await;
    }
    // a fifth would be here by then; that none comes later is not to be seen
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.heard().len(), 4);
    server.later.add_permits(8);
    for sent in mails {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(server.heard().len(), 4, "the others went over connections that there were");
}

#[tokio::test]
async fn nothing_is_said_in_clear_where_tls_is_required() {
    let server = Server::willing().await;
    let options = SmtpOptions { tls: true, login: login(), ..server.options() };
    let outcome = SmtpMailer::new(&options).unwrap().send(&mail(ANA)).await;
    assert!(matches!(outcome, Err(Unavailable(_))), "{outcome:?}");
    let heard = server.heard().concat();
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{heard:?}");
}

#[tokio::test]
async fn ntf_40_the_password_goes_to_the_server_and_nowhere_else() {
    let server = Server::willing().await;
    let options = SmtpOptions { login: login(), ..server.options() };
    assert!(!format!("{options:?}").contains("correct horse"));
    SmtpMailer::new(&options).unwrap().send(&mail(ANA)).await.unwrap();
    // base64 of \0gym\0correct horse
    assert!(server.heard()[0].contains(&"AUTH PLAIN AGd5bQBjb3JyZWN0IGhvcnNl".to_owned()), "{:?}", server.heard());
}

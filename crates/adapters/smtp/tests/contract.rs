//! What a real mail server makes of our mails.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod server;

use gymapi_smtp::{SmtpMailer, SmtpOptions};
use ports::{
    Mailer,
    mail::{
        Mail,
        MailError::{Refused, Unavailable},
    },
};
use serde_json::Value;
use server::mail;
use std::time::Instant;
use uuid::Uuid;

/// A sink, with an address in it that nobody else writes to.
struct Sink {
    mailer: SmtpMailer,
    list: String,
    to: String,
}

impl Sink {
    fn new() -> Option<Self> {
        let (address, list) = testkit::servers::smtp()?;
        let (host, port) = address.split_once(':').unwrap();
        let options = SmtpOptions {
            port: port.parse().unwrap(),
            tls: false,
            from_name: "Gimnasio Ñandú, S.L.".into(),
            ..SmtpOptions::new(host, "gym@example.org")
        };
        let to = format!("ana-{}@example.com", Uuid::new_v4().simple());
        Some(Self { mailer: SmtpMailer::new(&options).unwrap(), list, to })
    }

    async fn taken(&self) -> Vec<Value> {
        let all: Vec<Value> = reqwest::get(&self.list).await.unwrap().json().await.unwrap();
        all.into_iter().filter(|mail| mail["to"][0] == self.to.as_str()).collect()
    }
}

/// The header's value, unfolded.
fn header(mail: &Value, name: &str) -> Option<String> {
    let raw = mail["raw"].as_str().unwrap().replace("\r\n ", " ");
    let head = raw.split("\r\n\r\n").next().unwrap();
    let values: Vec<_> = head.lines().filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect();
    assert!(values.len() <= 1, "{name} stands there more than once: {head}");
    values.first().map(|&value| value.to_owned())
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let Some(sink) = Sink::new() else { return };
    let text = "¡Hola, Ana!\n\n.\n.. Línea con puntos, y una muy larga: ".to_owned() + &"ñ".repeat(2000);
    let html = "<p>¡Hola, <b>Ana</b>! 🏋️ 日本語</p>\n".to_owned() + &"<i>x</i>".repeat(300);
    let subject = "Se canceló «Spinning» – 5 de mayo, 18:30 🏋️ ".repeat(4).trim().to_owned();
    let mail = Mail {
        reply_to: Some("Recepción <hola@example.net>".into()),
        unsubscribe: Some("https://app.example/u?t=1".into()),
        subject: subject.clone(),
        text: text.clone(),
        html: html.clone(),
        ..mail(&sink.to)
    };
    sink.mailer.send(&mail).await.unwrap();
    let taken = sink.taken().await.remove(0);
    assert_eq!(taken["subject"], subject);
    let unified = |field: &str| taken[field].as_str().unwrap().replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!((unified("text"), unified("html")), (text, html.trim_end().to_owned()));
    assert_eq!((&taken["from"], taken["to"].as_array().unwrap().len()), (&Value::from("gym@example.org"), 1));
    assert_eq!(header(&taken, "Message-ID").unwrap(), format!("<{}@example.org>", mail.key));
    assert_eq!(header(&taken, "Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!(header(&taken, "List-Unsubscribe").unwrap(), "<https://app.example/u?t=1>");
    assert_eq!(header(&taken, "List-Unsubscribe-Post"), None);
    assert_eq!(header(&taken, "To").unwrap(), sink.to);
    assert!(header(&taken, "From").unwrap().ends_with("<gym@example.org>"));
    assert!(header(&taken, "Date").unwrap().ends_with("+0000"));
    assert!(header(&taken, "Reply-To").unwrap().ends_with("<hola@example.net>"), "{taken}");
    assert!(header(&taken, "Content-Type").unwrap().starts_with("multipart/alternative"));
    let raw = taken["raw"].as_str().unwrap();
    assert!(raw.lines().all(|line| line.len() <= 998), "longer lines are not allowed");
    for part in ["Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8"] {
        assert!(raw.contains(part), "{raw}");
    }
}

#[tokio::test]
async fn a_subject_brings_no_headers_and_no_recipients() {
    let Some(sink) = Sink::new() else { return };
    let subject = "Hi\r\nBcc: eve@evil.test\r\nX-Evil: yes\r\n\r\nAnother body";
    sink.mailer.send(&Mail { subject: subject.into(), ..mail(&sink.to) }).await.unwrap();
    let taken = sink.taken().await.remove(0);
    assert_eq!(taken["subject"], "HiBcc: eve@evil.testX-Evil: yesAnother body");
    assert_eq!((header(&taken, "Bcc"), header(&taken, "X-Evil")), (None, None));
    assert_eq!(taken["to"], serde_json::json!([sink.to]));
    assert_eq!(taken["text"].as_str().unwrap().trim(), "A text");
}

#[tokio::test]
async fn ntf_32_33_one_that_is_refused_keeps_no_other_from_arriving() {
    let Some(sink) = Sink::new() else { return };
    let send = async |to: &str| sink.mailer.send(&mail(to)).await;
    assert_eq!(send("refuse-550@example.com").await, Err(Refused("550 refused as asked".into())));
    assert_eq!(send("refuse-451@example.com").await, Err(Unavailable("it answered 451".into())));
    assert_eq!(send("spurn-554@example.com").await, Err(Refused("554 spurned as asked".into())));
    assert_eq!(send("spurn-452@example.com").await, Err(Unavailable("it answered 452".into())));
    send(&sink.to).await.unwrap();
    assert_eq!(sink.taken().await.len(), 1);
}

#[tokio::test]
async fn a_mail_that_is_sent_again_has_the_same_id() {
    let Some(sink) = Sink::new() else { return };
    let mail = mail(&sink.to);
    sink.mailer.send(&mail).await.unwrap();
    sink.mailer.send(&mail).await.unwrap();
    let taken = sink.taken().await;
    assert_eq!(taken.len(), 2);
    assert_eq!(header(&taken[0], "Message-ID"), header(&taken[1], "Message-ID"));
}

#[tokio::test]
async fn no_second_sees_more_than_ten_mails() {
    let Some(sink) = Sink::new() else { return };
    let begun = Instant::now();
    let mail = mail(&sink.to);
    let sent = futures::future::join_all((0..11).map(|_| sink.mailer.send(&mail))).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    // however slow the machine, it is not faster than that
    assert!(begun.elapsed().as_millis() >= 1000);
    assert_eq!(sink.taken().await.len(), 11);
}

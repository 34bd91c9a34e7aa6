//! A mail as it goes over the wire.
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use ports::mail::{Mail, MailError};
use url::Url;

const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
const LIST_UNSUBSCRIBE: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe");

/// # Errors
/// `Refused`, when the recipient's address is none.
pub(crate) fn compose(sender: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    let to = one_line(&mail.to).parse().map_err(|_| refused("the recipient's address is none"))?;
    let mut message = Message::builder()
        .from(sender.clone())
        .to(Mailbox::new(None, to))
        .subject(one_line(&mail.subject))
        .message_id(Some(message_id(&mail.key, sender.email.domain())))
        .date_now()
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
    // a wrong one is no reason to send nothing; one beyond ASCII would need a server that knows SMTPUTF8
    let reply_to = mail.reply_to.as_deref().and_then(|text| one_line(text).parse::<Mailbox>().ok());
    if let Some(reply_to) = reply_to.filter(|mailbox| AsRef::<str>::as_ref(&mailbox.email).is_ascii()) {
        message = message.reply_to(reply_to);
    }
    if let Some(page) = mail.unsubscribe.as_deref().and_then(|text| Url::parse(&one_line(text)).ok()) {
        message = message.raw_header(HeaderValue::new(LIST_UNSUBSCRIBE, format!("<{page}>")));
    }
    let body = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    message.multipart(body).map_err(|e| refused(&e.to_string()))
}

fn refused(why: &str) -> MailError {
    MailError::Refused(why.to_owned())
}

/// Without what would end a header.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect()
}

/// The same for every attempt. What may not stand in an id is written by its number.
fn message_id(key: &str, domain: &str) -> String {
    let mut id = String::from("<");
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => id.push(char::from(byte)),
            other => id.push_str(&format!("={other:02x}")),
        }
    }
    id.push('@');
    id.push_str(domain);
    id.push('>');
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            key: "3f0a9c1e-6f0b-4c51-9d55-0f2b7a1c8e42".into(),
            to: "ana@example.com".into(),
            reply_to: None,
            subject: "Hello".into(),
            text: "text".into(),
            html: "<p>html</p>".into(),
            unsubscribe: None,
        }
    }

    fn headers(mail: &Mail) -> String {
        let sender = Mailbox::new(Some("Gym".into()), "gym@example.org".parse().unwrap());
        let text = String::from_utf8(compose(&sender, mail).unwrap().formatted()).unwrap();
        text.split("\r\n\r\n").next().unwrap().to_owned()
    }

    #[test]
    fn every_key_has_an_id_of_its_own() {
        assert_eq!(message_id("3f0a-9c", "example.org"), "<3f0a-9c@example.org>");
        assert_eq!(message_id("ev-can:7", "example.org"), "<ev-can=3a7@example.org>");
        assert_ne!(message_id("a:b", "x"), message_id("a=3ab", "x"));
    }

    #[test]
    fn a_wrong_recipient_is_refused_and_the_rest_left_out() {
        let sender: Mailbox = "gym@example.org".parse().unwrap();
        for to in ["", "ana", "ana@", "ana@example.com, bob@example.com", "ana@example.com> SIZE=1"] {
            let refused = compose(&sender, &Mail { to: to.into(), ..mail() });
            assert!(matches!(refused, Err(MailError::Refused(_))), "{to}");
        }
        let odd = Mail { reply_to: Some("nobody".into()), unsubscribe: Some("no address".into()), ..mail() };
        let told = headers(&odd);
        assert!(!told.contains("Reply-To") && !told.contains("List-Unsubscribe"), "{told}");
        assert!(
            headers(&Mail { reply_to: Some("gym@example.net".into()), ..mail() }).contains("Reply-To: gym@example.net")
        );
        assert!(headers(&Mail { reply_to: Some("gym@ñandu.example".into()), ..mail() }).is_ascii());
    }

    #[test]
    fn no_header_begins_a_new_line() {
        let evil = Mail {
            key: "k\r\nBcc: a@evil.test".into(),
            to: "ana@example\r\n.com".into(),
            reply_to: Some("gym@example.org\r\nBcc: a@evil.test".into()),
            subject: "Hi\r\nBcc: a@evil.test\r\n\r\nbody".into(),
            unsubscribe: Some("https://app.example/u\r\nBcc: a@evil.test".into()),
            ..mail()
        };
        let told = headers(&evil);
        for line in told.lines() {
            let name = line.split(':').next().unwrap();
            assert!(line.starts_with(' ') || !name.eq_ignore_ascii_case("bcc"), "{told}");
        }
        assert!(told.contains("To: ana@example.com"), "{told}");
    }

    #[test]
    fn a_long_page_address_stays_whole() {
        let page = format!("https://app.example/unsubscribe?token={}", "a1".repeat(100));
        let told = headers(&Mail { unsubscribe: Some(page.clone()), ..mail() });
        assert!(told.contains(&format!("<{page}>")), "{told}");
        let told = headers(&Mail { unsubscribe: Some("https://app.example/ñ>,<x".into()), ..mail() });
        assert!(told.contains("List-Unsubscribe: <https://app.example/%C3%B1%3E,%3Cx>"), "{told}");
    }
}

use super::*;
use crate::check::{LANGUAGES, faults, read};
use serde_json::{Map, json};
use std::{fs, path::Path};

fn params() -> serde_json::Value {
    let at = "2026-03-29T22:30:00Z";
    let mut all = json!({
        "name": "Spinning", "start": at, "room": "Sala 1", "reason": "<b>Rain</b> & wind", "event": "Open day",
        "pay_before": at, "place": "Park", "refund_cents": 1050, "currency": "eur", "refund_pending": false,
        "sender": "Ana", "text": "Hello", "survey": "How was it?", "expires_at": at, "trial_end": at, "retry_at": at,
        "amount": 2500, "period_end": at, "actor": "Tom", "meal": "Lunch", "plan": "Vegan", "day": 3,
        "achievement": "First class", "days": 7, "classes": 10, "goal": "Bench press",
    });
    for (name, value) in [("gym_name", "Gym Centro"), ("gym_email", "hi@centro.example"), ("gym_phone", "600 000 000")]
    {
        all[name] = value.into();
    }
    all
}

fn message<'a>(kind: NoticeKind, variant: Option<&'a str>, params: &'a serde_json::Value) -> Message<'a> {
    Message { kind, variant, zone: chrono_tz::Europe::Madrid, params }
}

/// The kinds that have texts, with their variants.
fn told() -> Vec<(NoticeKind, Option<&'static str>)> {
    let titles = SOURCES.iter().filter_map(|(name, _)| name.strip_prefix("en/")?.strip_suffix(".title"));
    titles
        .map(|name| match name.split_once('.') {
            Some((kind, variant)) => (NoticeKind::parse(kind).unwrap(), Some(variant)),
            None => (NoticeKind::parse(name).unwrap(), None),
        })
        .collect()
}

#[test]
fn ntf_14_every_kind_is_told_in_both_languages_with_nothing_left_to_fill() {
    let params = params();
    for kind in NoticeKind::ALL.iter().filter(|kind| !kind.is_written()) {
        assert!(told().iter().any(|(told, _)| told == kind), "{kind:?}");
    }
    for (kind, variant) in told() {
        let (title, body) = message(kind, variant, &params).push().unwrap();
        for text in [&title.en, &title.es, &body.en, &body.es] {
            assert!(!text.is_empty() && !text.contains(['{', '}']), "{kind:?}: {text}");
        }
    }
}

#[test]
fn ntf_14_a_parameter_that_is_missing_is_told_and_not_left_out() {
    let none = json!({});
    let error = message(NoticeKind::NewSurvey, None, &none).push().unwrap_err();
    assert!(error.to_string().contains("new_survey"), "{error}");
    assert!(message(NoticeKind::WaitlistPromoted, None, &params()).push().is_err(), "a variant has to be named");
}

#[test]
fn ntf_17_times_are_by_the_gyms_clock_and_dates_as_the_language_writes_them() {
    let params = params();
    let mut reminder = message(NoticeKind::SessionReminder, None, &params);
    let (_, body) = reminder.push().unwrap();
    assert_eq!(body.en, "Spinning starts on Mar 30, 2026 at 00:30, in Sala 1.");
    assert_eq!(body.es, "Spinning empieza el 30/03/2026 a las 00:30, en Sala 1.");
    reminder.zone = chrono_tz::America::Mexico_City;
    assert!(reminder.push().unwrap().1.en.contains("Mar 29, 2026 at 16:30"));
}

#[test]
fn ntf_18_money_has_two_decimals_and_its_currency_but_where_there_are_none() {
    for (minor, currency, written) in
        [(1050, "eur", "10.50 EUR"), (5, "USD", "0.05 USD"), (2500, "JPY", "2500 JPY"), (-1050, "EUR", "-10.50 EUR")]
    {
        let params = json!({"amount": minor, "currency": currency, "reason": ""});
        let (_, body) = message(NoticeKind::DisputeCreated, None, &params).push().unwrap();
        assert_eq!(body.en, format!("A payment of {written} is disputed."));
    }
}

#[test]
fn ntf_75_a_cancelled_event_names_the_reason_and_the_persons_own_refund_if_there_is_one() {
    let mut params = params();
    params["reason"] = json!("Rain");
    let (title, body) = message(NoticeKind::EventCancelled, None, &params).push().unwrap();
    assert_eq!(title.es, "evento cancelado: Open day");
    assert_eq!(
        body.en,
        "Open day on Mar 30, 2026 at 00:30 was cancelled. Reason: Rain. 10.50 EUR are refunded to you automatically."
    );
    params["refund_cents"] = json!(0);
    params["reason"] = json!(null);
    let (_, body) = message(NoticeKind::EventCancelled, None, &params).push().unwrap();
    assert_eq!(body.en, "Open day on Mar 30, 2026 at 00:30 was cancelled.");
}

#[test]
fn ntf_76_a_mail_escapes_what_people_wrote_in_html_and_only_there() {
    let mut params = params();
    let mail = message(NoticeKind::EventCancelled, None, &params).mail(Locale::En).unwrap();
    assert_eq!(mail.subject, "Event cancelled: Open day");
    assert!(mail.text.contains("<b>Rain</b> & wind") && mail.text.contains("10.50 EUR"));
    assert!(mail.html.contains("&lt;b&gt;Rain&lt;&#x2f;b&gt; &amp; wind"), "{}", mail.html);
    assert!(mail.text.contains("hi@centro.example, 600 000 000"));
    params["refund_cents"] = json!(0);
    params["refund_pending"] = json!(true);
    let mail = message(NoticeKind::EventCancelled, None, &params).mail(Locale::Es).unwrap();
    assert!(mail.text.contains("no se ha podido hacer todavía") && !mail.text.contains("hábiles"));
    assert!(has_mail(NoticeKind::EventCancelled) && !has_mail(NoticeKind::SessionReminder));
}

/// A folder of texts of one kind, which `change` spoils.
fn spoilt(change: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    for language in LANGUAGES {
        fs::create_dir_all(folder.path().join("texts")).unwrap();
        fs::create_dir_all(folder.path().join("mails").join(language)).unwrap();
        let table =
            Map::from_iter([("kind".to_owned(), json!({"title": "t {{ a }}", "body": "{% if b %}b{% endif %}"}))]);
        fs::write(folder.path().join(format!("texts/{language}.toml")), toml::to_string(&table).unwrap()).unwrap();
        for part in ["subject", "txt", "html"] {
            fs::write(folder.path().join(format!("mails/{language}/kind.{part}")), "{{ a }}").unwrap();
        }
    }
    change(folder.path());
    match read(folder.path()) {
        Ok(texts) => faults(&["kind"], &texts).join("\n"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn ntf_14_the_build_refuses_what_a_translator_forgot() {
    assert_eq!(spoilt(|_| {}), "", "nothing is wrong with what is whole");
    let es = "texts/es.toml";
    for (text, fault) in [
        ("[kind]\ntitle = \"t {{ a }}\"", "es: no kind.body"),
        ("[kind]\ntitle = \"t\"\nbody = \"{% if b %}b{% endif %}\"", "kind.title: en has {\"a\"}, es has {}"),
        ("[kind]\ntitle = \"t {{ a }}\"\nbody = \"b\"", "kind.body: en has {\"b\"}, es has {}"),
        ("[kind]\ntitle = \"{{ a\"\nbody = \"{% if b %}b{% endif %}\"", "es: kind.title: syntax error"),
        ("", "es: kind is not told"),
        ("[other]\ntitle = \"t\"\nbody = \"b\"", "es: other.title is of no kind of the catalogue"),
        ("[kind.variant]\ntitle = \"t\"", "es: kind.variant.body is missing"),
        ("kind = 3", "kind is a integer, not a text"),
    ] {
        let found = spoilt(|folder| fs::write(folder.join(es), text).unwrap());
        assert!(found.contains(fault), "{fault}: {found}");
    }
    for (fault, change) in [
        ("es: no mail/kind.html", None),
        ("mail/kind.html: en has {\"a\"}, es has {\"a\", \"c\"}", Some("{{ a }}{{ c }}")),
    ] {
        let found = spoilt(|folder| {
            let file = folder.join("mails/es/kind.html");
            match change {
                Some(text) => fs::write(file, text).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
        });
        assert!(found.contains(fault), "{fault}: {found}");
    }
}

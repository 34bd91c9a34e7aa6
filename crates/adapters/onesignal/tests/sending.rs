//! What is sent.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod vendor;

use domain::UserId;
use gymapi_onesignal::{Api, OneSignal};
use ports::{
    Push,
    push::{PushError, PushMessage, PushReceipt},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use vendor::{APP, KEY, SECRET, Vendor, message, refused, taken};
use wiremock::ResponseTemplate;

fn keys(bodies: &[Value]) -> Vec<&str> {
    bodies.iter().map(|body| body["idempotency_key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn ntf_8_14_25_people_are_named_by_their_ids_and_texts_go_in_both_languages() {
    let vendor = Vendor::answering(taken("n-1")).await;
    let receipt = vendor.push(Api::Current).send(&message([25, 7])).await.unwrap();
    assert_eq!(receipt, PushReceipt { id: Some("n-1".into()), unknown: vec![] });
    let request = vendor.requests().await.remove(0);
    assert_eq!(
        (request.method.as_str(), request.url.path(), request.url.query()),
        ("POST", "/notifications", Some("c=push"))
    );
    assert_eq!(request.headers["authorization"], format!("Key {SECRET}"));
    assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(
        request.body_json::<Value>().unwrap(),
        json!({
            "app_id": APP, "target_channel": "push", "include_aliases": {"external_id": ["25", "7"]},
            "headings": {"en": "Box: hello", "es": "Box: hola"},
            "contents": {"en": "A text", "es": "Un texto, ¿sí?"},
            "data": {"type": "announcement", "gym_id": 3, "gym_name": "Box"},
            "idempotency_key": KEY,
        })
    );
}

#[tokio::test]
async fn ntf_38_the_legacy_form_can_be_chosen() {
    let vendor = Vendor::answering(taken("n-1")).await;
    vendor.push(Api::Legacy).send(&message([25])).await.unwrap();
    let request = vendor.requests().await.remove(0);
    assert_eq!((request.url.path(), request.url.query()), ("/notifications", None));
    assert_eq!(request.headers["authorization"], format!("Basic {SECRET}"));
    let body: Value = request.body_json().unwrap();
    assert_eq!(body["include_external_user_ids"], json!(["25"]));
    assert_eq!(body["channel_for_external_user_ids"], "push");
    assert!(body.get("include_aliases").is_none() && body.get("target_channel").is_none(), "one way of naming people");
    assert_eq!(body["idempotency_key"], KEY);
    assert_eq!(
        (Api::Current.base_url(), Api::Legacy.base_url()),
        ("https://api.onesignal.com", "https://onesignal.com/api/v1")
    );
}

#[tokio::test]
async fn ntf_31_messages_of_one_room_collapse() {
    let vendor = Vendor::answering(taken("n-1")).await;
    let message = PushMessage { collapse_id: Some("chat-4".into()), ..message([1]) };
    vendor.push(Api::Current).send(&message).await.unwrap();
    assert_eq!(vendor.bodies().await[0]["collapse_id"], "chat-4");
}

#[tokio::test]
async fn ntf_12_a_segment_is_named_instead_of_people() {
    let vendor = Vendor::answering(taken("n-1")).await;
    let receipt = vendor.push(Api::Current).send_to_segment("Subscribed Users", &message([25])).await.unwrap();
    assert_eq!(receipt.id.as_deref(), Some("n-1"));
    let body = vendor.bodies().await.remove(0);
    assert_eq!(body["included_segments"], json!(["Subscribed Users"]));
    assert!(body.get("include_aliases").is_none() && body.get("target_channel").is_none(), "{body}");
}

#[tokio::test]
async fn ntf_38_each_call_names_as_many_as_it_may() {
    let table = [
        (Api::Legacy, 2_000, vec![2_000]),
        (Api::Legacy, 2_001, vec![2_000, 1]),
        (Api::Legacy, 4_001, vec![2_000, 2_000, 1]),
        (Api::Current, 4_001, vec![4_001]),
        (Api::Current, 20_001, vec![20_000, 1]),
    ];
    for (api, people, sizes) in table {
        let vendor = Vendor::answering(taken("n-1")).await;
        vendor.push(api).send(&message(1..=people)).await.unwrap();
        let bodies = vendor.bodies().await;
        let named = |body: &Value| {
            let lists = [body.get("include_external_user_ids"), body.pointer("/include_aliases/external_id")];
            lists.into_iter().flatten().flat_map(|list| list.as_array().unwrap().clone()).collect::<Vec<_>>()
        };
        assert_eq!(bodies.iter().map(|body| named(body).len()).collect::<Vec<_>>(), sizes, "{people}");
        let everybody: BTreeSet<String> =
            bodies.iter().flat_map(named).map(|id| id.as_str().unwrap().to_owned()).collect();
        assert_eq!(everybody.len() as i64, people, "nobody twice, nobody left out");
        assert_eq!(keys(&bodies).into_iter().collect::<BTreeSet<_>>().len(), sizes.len(), "each has a key of its own");
        assert_eq!(keys(&bodies)[0], KEY);
    }
}

#[tokio::test]
async fn ntf_26_a_message_for_nobody_calls_nobody() {
    let vendor = Vendor::answering(taken("n-1")).await;
    assert_eq!(vendor.push(Api::Current).send(&message([])).await, Ok(PushReceipt::default()));
    assert!(vendor.requests().await.is_empty());
}

#[tokio::test]
async fn ntf_25_a_message_that_is_sent_again_goes_under_its_old_keys() {
    let vendor = Vendor::start().await;
    let push = vendor.push(Api::Legacy);
    vendor.answer_nth(2, ResponseTemplate::new(500)).await;
    let failed = push.send(&message(1..=4_001)).await;
    assert!(matches!(failed, Err(PushError::Unavailable { .. })), "{failed:?}");
    let before = vendor.bodies().await;
    assert_eq!(before.len(), 2, "what comes after the failure waits for the next attempt");
    vendor.answer(taken("n-1")).await;
    push.send(&message(1..=4_001)).await.unwrap();
    let again = vendor.bodies().await;
    assert_eq!(again.len(), 3);
    assert_eq!(before, again[..2], "the same calls to the byte: the vendor delivers the first one no second time");
}

#[tokio::test]
async fn ntf_26_strangers_of_all_parts_are_told_together() {
    let vendor = Vendor::start().await;
    let nobody = json!({"id": "", "errors": {"invalid_external_user_ids": ["2001"]}});
    vendor.answer_nth(2, ResponseTemplate::new(200).set_body_json(nobody)).await;
    let receipt = vendor.push(Api::Legacy).send(&message(1..=2_001)).await.unwrap();
    assert_eq!(receipt, PushReceipt { id: Some("n-1".into()), unknown: vec![UserId(2_001)] });
    let some = json!({"id": "n-9", "errors": {"invalid_external_user_ids": ["2000"]}});
    vendor.answer_nth(1, ResponseTemplate::new(200).set_body_json(some)).await;
    let receipt = vendor.push(Api::Legacy).send(&message(1..=2_001)).await.unwrap();
    assert_eq!(receipt, PushReceipt { id: Some("n-9".into()), unknown: vec![UserId(2_000)] });
}

#[tokio::test]
async fn ntf_40_neither_the_key_nor_a_header_shows() {
    let vendor = Vendor::answering(refused(401, "Invalid key")).await;
    assert!(!format!("{:?}", vendor.options(Api::Current)).contains(SECRET));
    let Err(e) = OneSignal::new(gymapi_onesignal::OneSignalOptions::new(Api::Current, APP, "a\nb")) else {
        panic!("a key with a line break went into a header")
    };
    assert_eq!(e.to_string(), "the key cannot stand in a header");
}

//! What is really sent, held against OneSignal's own description of its interface: a stand-in checks each request and
//! refuses what the description does not allow, and a key that does not come as OneSignal wants it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod vendor;

use gymapi_onesignal::{Api, OneSignal, OneSignalOptions};
use ports::{
    Push,
    push::{PushError, PushMessage},
};
use serde_json::json;
use std::time::Duration;
use vendor::{APP, message};

/// prism over a large document may take its time.
fn push(url: &str, api: Api, key: &str) -> OneSignal {
    let options = OneSignalOptions::new(api, APP, key);
    OneSignal::new(OneSignalOptions { base_url: url.into(), timeout: Duration::from_secs(30), ..options }).unwrap()
}

#[tokio::test]
async fn the_stand_in_refuses_what_the_contract_does_not_allow() {
    let Some(url) = testkit::servers::onesignal() else { return };
    let post = async |key: &str, body| {
        let request = reqwest::Client::new().post(format!("{url}/notifications")).header("authorization", key);
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    let good = json!({"app_id": APP, "included_segments": ["All"], "contents": {"en": "a"}});
    assert_eq!(post("Key k", good.clone()).await, 200);
    for scheme in ["Bearer k", "Basic k", "k"] {
        assert_eq!(post(scheme, good.clone()).await, 401, "{scheme}");
    }
    for (field, value) in [("contents", json!(7)), ("app_id", json!(7)), ("collapse_id", json!([]))] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(post("Key k", bad).await, 400, "{field}");
    }
}

#[tokio::test]
async fn ntf_25_messages_are_as_the_contract_wants_them() {
    let Some(url) = testkit::servers::onesignal() else { return };
    let push = push(&url, Api::Current, "k");
    assert!(push.send(&message([25, 7])).await.unwrap().id.is_some());
    let collapsing = PushMessage { collapse_id: Some("chat-4".into()), ..message([1]) };
    assert!(push.send(&collapsing).await.unwrap().id.is_some());
    assert!(push.send_to_segment("Subscribed Users", &message([])).await.unwrap().id.is_some());
}

#[tokio::test]
async fn ntf_32_33_refusals_in_the_contracts_form_are_understood() {
    let Some(url) = testkit::servers::onesignal() else { return };
    let refused = async |key| push(&url, Api::Current, key).send(&message([1])).await.unwrap_err();
    assert!(matches!(refused("answer-400").await, PushError::Refused(words) if words.starts_with("400")));
    assert!(matches!(refused("answer-429").await, PushError::Unavailable { .. }));
    let legacy = push(&url, Api::Legacy, "k").send(&message([1])).await.unwrap_err();
    assert!(matches!(legacy, PushError::Unauthorised(words) if words.starts_with("401")), "no more taken there");
}

//! What the vendor's answers, and its silence, come to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod vendor;

use domain::UserId;
use gymapi_onesignal::{Api, OneSignal, OneSignalOptions};
use ports::{
    Push,
    push::{PushError, PushReceipt},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};
use vendor::{APP, SECRET, Vendor, message, refused, taken};
use wiremock::ResponseTemplate;

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn ntf_26_a_receipt_tells_who_is_not_known() {
    let made = |id: &str, unknown: &[i64]| PushReceipt {
        id: Some(id.to_owned()).filter(|id| !id.is_empty()),
        unknown: unknown.iter().copied().map(UserId).collect(),
    };
    let table = [
        (json!({"id": "n-1"}), made("n-1", &[])),
        (json!({"id": "n-1", "errors": ""}), made("n-1", &[])),
        (
            json!({"id": "n-1", "external_id": "x", "errors": {"invalid_aliases": {"external_id": ["7"]}}}),
            made("n-1", &[7]),
        ),
        (
            json!({"id": "n-1", "recipients": 1, "errors": {"invalid_external_user_ids": ["7", "25"]}}),
            made("n-1", &[7, 25]),
        ),
        (json!({"id": "", "errors": ["All included players are not subscribed"]}), made("", &[])),
        (json!({"id": "", "errors": {"invalid_aliases": {"external_id": ["25", "7"]}}}), made("", &[25, 7])),
        (json!({"errors": ["nobody"]}), made("", &[])),
    ];
    for (body, receipt) in table {
        let vendor = Vendor::answering(ok(body.clone())).await;
        assert_eq!(vendor.push(Api::Current).send(&message([25, 7])).await, Ok(receipt), "{body}");
    }
}

#[tokio::test]
async fn ntf_32_what_passes_is_worth_another_try_and_not_before_the_time_named() {
    let table = [
        (refused(429, "Rate limit").insert_header("retry-after", "17"), Some(17)),
        (refused(429, "Rate limit").insert_header("retry-after", "Fri, 15 Jan 2100 07:00:00 GMT"), Some(3600)),
        (refused(429, "Rate limit"), None),
        (refused(503, "Maintenance").insert_header("retry-after", "3"), Some(3)),
        (ResponseTemplate::new(408), None),
        (ResponseTemplate::new(500), None),
        (ResponseTemplate::new(502).set_body_string("<html>"), None),
        (ResponseTemplate::new(302).insert_header("location", "/elsewhere"), None),
        (ResponseTemplate::new(200).set_body_string("{\"id\":\"n-"), None),
        (ResponseTemplate::new(200).set_body_string("<html>"), None),
        (ok(json!("n-1")), None),
        (taken("n-1").set_delay(Duration::from_secs(20)), None),
    ];
    for (answer, seconds) in table {
        let vendor = Vendor::answering(answer).await;
        let options = OneSignalOptions { timeout: Duration::from_secs(2), ..vendor.options(Api::Current) };
        let error = OneSignal::new(options).unwrap().send(&message([1])).await.unwrap_err();
        let PushError::Unavailable { retry_after, reason } = error else { panic!("{error:?}") };
        assert_eq!(retry_after.map(|wait| wait.as_secs()), seconds, "{reason}");
        assert_eq!(vendor.requests().await.len(), 1, "nothing is tried again here");
    }
}

#[tokio::test]
async fn ntf_33_what_is_refused_stays_so_with_the_vendors_words() {
    let unauthorised = |words: &str| PushError::Unauthorised(words.into());
    let refusal = |words: &str| PushError::Refused(words.into());
    let table = [
        (refused(401, "Invalid key"), unauthorised("401 Invalid key")),
        (refused(403, "App is disabled"), unauthorised("403 App is disabled")),
        (refused(400, "Message too long"), refusal("400 Message too long")),
        (ResponseTemplate::new(404), refusal("404")),
        (ResponseTemplate::new(413).set_body_string("<html>"), refusal("413")),
        (ResponseTemplate::new(400).set_body_json(json!({"errors": "one text"})), refusal("400 one text")),
    ];
    for (answer, error) in table {
        let vendor = Vendor::answering(answer).await;
        assert_eq!(vendor.push(Api::Current).send(&message([1])).await, Err(error));
    }
}

fn at(listener: &TcpListener) -> OneSignal {
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let options = OneSignalOptions { base_url, ..OneSignalOptions::new(Api::Current, APP, SECRET) };
    OneSignal::new(OneSignalOptions { timeout: Duration::from_secs(2), ..options }).unwrap()
}

async fn unavailable(push: &OneSignal) -> String {
    match push.send(&message([1])).await {
        Err(PushError::Unavailable { reason, retry_after: None }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Reads until the request's last byte.
fn whole_request(mut stream: &TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\"}") {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "the request ended early");
        read.extend_from_slice(&chunk[..n]);
    }
}

#[tokio::test]
async fn ntf_32_a_vendor_that_takes_no_connection_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let push = at(&listener);
    drop(listener);
    assert_eq!(unavailable(&push).await, "it cannot be reached");
}

#[tokio::test]
async fn ntf_32_silence_after_the_whole_request_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let push = at(&listener);
    let server = tokio::task::spawn_blocking(move || {
        let (stream, _) = listener.accept().unwrap();
        whole_request(&stream);
        // until the other side hangs up
        let _ = (&stream).read(&mut [0; 16]);
    });
    assert_eq!(unavailable(&push).await, "it did not answer in time");
    drop(push);
    server.await.unwrap();
}

#[tokio::test]
async fn ntf_32_a_connection_that_breaks_is_unavailable() {
    let before_the_answer: &[u8] = b"";
    let amid_the_answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\": \"n-";
    for said in [before_the_answer, amid_the_answer] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let push = at(&listener);
        let server = tokio::task::spawn_blocking(move || {
            let (mut stream, _) = listener.accept().unwrap();
            whole_request(&stream);
            stream.write_all(said).unwrap();
        });
        let reason = unavailable(&push).await;
        assert!(["the connection broke", "its answer cannot be read"].contains(&reason.as_str()), "{reason}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn ntf_35_ten_failures_in_a_row_leave_the_vendor_alone_until_one_call_may_try() {
    let vendor = Vendor::answering(ResponseTemplate::new(500)).await;
    let push = vendor.push(Api::Current);
    for _ in 0..10 {
        push.send(&message([1])).await.unwrap_err();
    }
    let Err(PushError::Unavailable { retry_after: Some(rest), .. }) = push.send(&message([1])).await else {
        panic!("no pause")
    };
    assert!(rest <= Duration::from_secs(60) && !rest.is_zero(), "{rest:?}");
    push.send_to_segment("All", &message([])).await.unwrap_err();
    assert_eq!(vendor.requests().await.len(), 10, "the vendor heard nothing of the others");

    // a pause of no length is over at once
    let options = OneSignalOptions { pause: Duration::ZERO, ..vendor.options(Api::Current) };
    let push = OneSignal::new(options).unwrap();
    for _ in 0..11 {
        push.send(&message([1])).await.unwrap_err();
    }
    vendor.answer(taken("n-1")).await;
    push.send(&message([1])).await.unwrap();
    assert_eq!(vendor.requests().await.len(), 1);
}

#[tokio::test]
async fn ntf_35_refusals_are_answers_and_pause_nothing() {
    let vendor = Vendor::answering(refused(400, "no")).await;
    let push = vendor.push(Api::Current);
    for _ in 0..12 {
        assert_eq!(push.send(&message([1])).await, Err(PushError::Refused("400 no".into())));
    }
    assert_eq!(vendor.requests().await.len(), 12);
}

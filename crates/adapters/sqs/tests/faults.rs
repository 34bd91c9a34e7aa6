//! What SQS does on a bad day, which no stand-in does of itself: entries of a batch that fail, throttling, silence.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the stand-in's answers are test code too")]
use gymapi_sqs::{SqsOptions, SqsQueue};
use ports::queue::{MAX_BODY, Message, Queue, QueueError};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::header};

/// What becomes of one entry.
enum Entry {
    Taken,
    /// `Failed` with this code and SenderFault.
    Failed(&'static str, bool),
    LeftOut,
}

/// What becomes of a call, told by its number (from 0) and the bodies in it.
enum Call {
    Entries(Vec<Entry>),
    Status(u16, &'static str),
    Late,
}

type Script = dyn Fn(usize, &[String]) -> Call + Send + Sync;

/// Answers `SendMessageBatch` by a script and keeps what each call held.
#[derive(Clone)]
struct Sqs {
    script: Arc<Script>,
    calls: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Respond for Sqs {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let entries = body["Entries"].as_array().unwrap();
        let bodies: Vec<String> = entries.iter().map(|e| e["MessageBody"].as_str().unwrap().to_owned()).collect();
        let mut calls = self.calls.lock().unwrap();
        calls.push(bodies.clone());
        let outcomes = match (self.script)(calls.len() - 1, &bodies) {
            Call::Entries(outcomes) => outcomes,
            Call::Status(status, code) => {
                let error = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": "no" });
                return ResponseTemplate::new(status).set_body_json(error);
            }
            Call::Late => return ResponseTemplate::new(200).set_delay(Duration::from_secs(60)),
        };
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (entry, outcome) in entries.iter().zip(outcomes) {
            match outcome {
                Entry::Taken => successful.push(json!({
                    "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0"
                })),
                Entry::Failed(code, sender_fault) => failed.push(json!({
                    "Id": entry["Id"], "Code": code, "SenderFault": sender_fault, "Message": "no"
                })),
                Entry::LeftOut => {}
            }
        }
        ResponseTemplate::new(200).set_body_json(json!({ "Successful": successful, "Failed": failed }))
    }
}

impl Sqs {
    async fn start(script: impl Fn(usize, &[String]) -> Call + Send + Sync + 'static) -> (Self, MockServer, SqsQueue) {
        let sqs = Self { script: Arc::new(script), calls: Arc::default() };
        let server = MockServer::start().await;
        let send = Mock::given(header("x-amz-target", "AmazonSQS.SendMessageBatch"));
        send.respond_with(sqs.clone()).mount(&server).await;
        let queue = connect(&server.uri(), "q.fifo");
        (sqs, server, queue)
    }

    fn calls(&self) -> Vec<Vec<String>> {
        self.calls.lock().unwrap().clone()
    }
}

fn connect(endpoint: &str, name: &str) -> SqsQueue {
    SqsQueue::connect(SqsOptions {
        endpoint_url: Some(endpoint.to_owned()),
        access_key: Some("test".into()),
        secret_key: Some("test".into()),
        ..SqsOptions::new(format!("{endpoint}/000000000000/{name}"), "us-east-1")
    })
}

fn message(body: &str) -> Message {
    // the group is the body's first letter
    Message { body: body.into(), group: body[..1].into(), dedup_id: body.chars().take(40).collect() }
}

fn messages(bodies: &[&str]) -> Vec<Message> {
    bodies.iter().map(|body| message(body)).collect()
}

fn all_taken(bodies: &[String]) -> Call {
    Call::Entries(bodies.iter().map(|_| Entry::Taken).collect())
}

fn is_unavailable(answer: &Result<(), QueueError>) -> bool {
    matches!(answer, Err(QueueError::Unavailable(_)))
}

#[tokio::test]
async fn evt_73_a_failed_entry_is_retried_alone_and_its_group_does_not_overtake_it() {
    let (sqs, _server, queue) = Sqs::start(|call, bodies| match call {
        0 => Call::Entries(vec![Entry::Failed("InternalError", false), Entry::Taken, Entry::LeftOut]),
        _ => all_taken(bodies),
    })
    .await;
    let answers = queue.send(&messages(&["a1", "a2", "b1", "b2", "c1", "c2"])).await;
    assert_eq!(answers, vec![Ok(()); 6]);

    let calls = sqs.calls();
    assert_eq!(calls[0], ["a1", "b1", "c1"], "one of each group");
    assert_eq!(calls[1], ["b2"], "other groups do not wait for the pause");
    let sent: Vec<_> = calls[1..].concat();
    for group in ["a", "b", "c"] {
        let of_group: Vec<_> = sent.iter().filter(|body| body.starts_with(group)).map(|b| b[1..].to_owned()).collect();
        assert_eq!(of_group, if group == "b" { vec!["2"] } else { vec!["1", "2"] }, "{group} in {calls:?}");
    }
}

#[tokio::test]
async fn an_entry_that_fails_four_times_is_unavailable_and_so_are_the_later_ones_of_its_group() {
    let (sqs, _server, queue) = Sqs::start(|_, bodies| {
        let outcome = |body: &String| match body.as_str() {
            "a2" => Entry::Failed("InternalError", false),
            _ => Entry::Taken,
        };
        Call::Entries(bodies.iter().map(outcome).collect())
    })
    .await;
    let answers = queue.send(&messages(&["a1", "b1", "a2", "b2", "a3"])).await;
    assert_eq!([&answers[0], &answers[1], &answers[3]], [&Ok(()); 3]);
    assert!(is_unavailable(&answers[2]) && is_unavailable(&answers[4]), "{answers:?}");
    let sent = sqs.calls().concat();
    assert_eq!(sent.iter().filter(|body| *body == "a2").count(), 4);
    assert!(!sent.contains(&"a3".to_owned()), "{sent:?}");
}

#[tokio::test]
async fn the_senders_fault_is_refused_without_a_retry_and_its_group_goes_on() {
    let (sqs, _server, queue) = Sqs::start(|call, bodies| match call {
        0 => Call::Entries(vec![Entry::Failed("InvalidMessageContents", true), Entry::Taken]),
        _ => all_taken(bodies),
    })
    .await;
    let answers = queue.send(&messages(&["a1", "b1", "a2"])).await;
    assert!(matches!(answers[0], Err(QueueError::Refused(_))), "{answers:?}");
    assert_eq!(answers[1..], [Ok(()), Ok(())]);
    assert_eq!(sqs.calls(), [vec!["a1", "b1"], vec!["a2"]]);
}

#[tokio::test]
async fn a_throttled_entry_is_retried_whoever_is_blamed() {
    let (_, _server, queue) = Sqs::start(|call, bodies| match call {
        0 => Call::Entries(vec![Entry::Failed("RequestThrottled", true)]),
        1 => Call::Entries(vec![Entry::Failed("KMS.ThrottlingException", true)]),
        _ => all_taken(bodies),
    })
    .await;
    assert_eq!(queue.send(&messages(&["a1"])).await, [Ok(())]);
}

#[tokio::test]
async fn throttling_and_server_errors_pass() {
    let (sqs, _server, queue) = Sqs::start(|call, bodies| match call {
        0 => Call::Status(400, "RequestThrottled"),
        1 => Call::Status(503, "ServiceUnavailable"),
        2 => Call::Status(500, "InternalError"),
        _ => all_taken(bodies),
    })
    .await;
    assert_eq!(queue.send(&messages(&["a1", "b1"])).await, [Ok(()), Ok(())]);
    assert_eq!(sqs.calls(), vec![vec!["a1", "b1"]; 4]);
}

#[tokio::test]
async fn a_server_that_stays_broken_is_asked_four_times_in_all() {
    let (sqs, _server, queue) = Sqs::start(|_, _| Call::Status(500, "InternalError")).await;
    let many: Vec<_> = (0..30).map(|i| Message { group: format!("g{i}"), ..message(&format!("m{i}")) }).collect();
    let answers = queue.send(&many).await;
    assert!(answers.iter().all(is_unavailable), "{answers:?}");
    assert_eq!(sqs.calls().len(), 4, "what is left is not tried against a server that is down");
}

#[tokio::test]
async fn missing_rights_are_unavailable_at_once_for_they_can_be_put_right() {
    let (sqs, _server, queue) = Sqs::start(|_, _| Call::Status(403, "AccessDeniedException")).await;
    let answers = queue.send(&messages(&["a1", "a2", "b1"])).await;
    assert!(answers.iter().all(is_unavailable), "{answers:?}");
    assert_eq!(sqs.calls().len(), 1);
}

#[tokio::test]
async fn a_batch_refused_as_a_whole_is_sent_one_by_one_to_find_the_one_to_blame() {
    let (sqs, _server, queue) = Sqs::start(|_, bodies| match bodies.iter().any(|body| body == "b1") {
        true => Call::Status(400, "InvalidMessageContents"),
        false => all_taken(bodies),
    })
    .await;
    let answers = queue.send(&messages(&["a1", "b1", "c1", "b2"])).await;
    assert!(matches!(answers[1], Err(QueueError::Refused(_))), "{answers:?}");
    assert_eq!([&answers[0], &answers[2], &answers[3]], [&Ok(()); 3]);
    assert_eq!(sqs.calls().concat().iter().filter(|body| *body == "b1").count(), 2);
}

#[tokio::test]
async fn evt_73_a_batch_has_at_most_ten_entries_and_256_kib() {
    let (sqs, _server, queue) = Sqs::start(|_, bodies| all_taken(bodies)).await;
    let many: Vec<_> = (0..25).map(|i| Message { group: format!("g{i}"), ..message(&format!("m{i}")) }).collect();
    assert_eq!(queue.send(&many).await, vec![Ok(()); 25]);
    assert_eq!(sqs.calls().iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);

    let (sqs, _server, queue) = Sqs::start(|_, bodies| all_taken(bodies)).await;
    let third = MAX_BODY / 3;
    let large: Vec<_> = ["a", "b", "c", "d"].map(|group| message(&group.repeat(third))).into();
    assert_eq!(queue.send(&large).await, vec![Ok(()); 4]);
    assert_eq!(sqs.calls().iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[tokio::test]
async fn evt_72_only_a_fifo_queue_gets_group_and_deduplication_id() {
    for (name, is_fifo) in [("q.fifo", true), ("q", false)] {
        let (_, server, _) = Sqs::start(|_, bodies| all_taken(bodies)).await;
        assert_eq!(connect(&server.uri(), name).send(&messages(&["a1"])).await, [Ok(())]);
        let requests = server.received_requests().await.unwrap();
        let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
        let entry = &body["Entries"][0];
        assert_eq!(entry["MessageGroupId"], if is_fifo { json!("a") } else { Value::Null });
        assert_eq!(entry["MessageDeduplicationId"], if is_fifo { json!("a1") } else { Value::Null });
        assert_eq!(entry["DelaySeconds"], Value::Null);
    }
}

#[tokio::test]
async fn what_can_never_be_sent_makes_no_call() {
    let (sqs, _server, queue) = Sqs::start(|_, bodies| all_taken(bodies)).await;
    let large = message(&"a".repeat(MAX_BODY + 1));
    let answers = queue.send(&[large, Message { group: String::new(), ..message("a1") }]).await;
    assert_eq!(answers[0], Err(QueueError::TooLarge { size: MAX_BODY + 1 }));
    assert!(matches!(answers[1], Err(QueueError::Refused(_))));
    assert!(sqs.calls().is_empty());
}

#[tokio::test]
async fn a_call_without_an_answer_ends_and_is_tried_again() {
    let (sqs, _server, queue) = Sqs::start(|call, bodies| match call {
        0 => Call::Late,
        _ => all_taken(bodies),
    })
    .await;
    let started = Instant::now();
    assert_eq!(queue.send(&messages(&["a1"])).await, [Ok(())]);
    assert!((9..20).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert_eq!(sqs.calls().len(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_unavailable_for_every_operation() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{closed}");
    let options = SqsOptions {
        endpoint_url: Some(endpoint.clone()),
        access_key: Some("test".into()),
        secret_key: Some("test".into()),
        dead_letter_queue_url: Some(format!("{endpoint}/0/d.fifo")),
        ..SqsOptions::new(format!("{endpoint}/0/q.fifo"), "us-east-1")
    };
    let queue = SqsQueue::connect(options.clone());
    let batch = messages(&["a1", "a2"]);
    let (sent, received, done, extended, dead, replayed, made) = tokio::join!(
        queue.send(&batch),
        queue.receive(1, Duration::ZERO),
        queue.acknowledge("r"),
        queue.extend("r", Duration::ZERO),
        queue.dead_letters(1),
        queue.replay("i"),
        options.ensure_queues("q", 3),
    );
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(is_unavailable), "{sent:?}");
    let failures = [received.err(), done.err(), extended.err(), dead.err(), replayed.err(), made.err()];
    for failure in failures {
        assert!(matches!(failure, Some(QueueError::Unavailable(_))), "{failure:?}");
    }
}

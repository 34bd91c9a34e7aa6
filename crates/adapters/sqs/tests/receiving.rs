//! What receiving asks of SQS, and what it makes of answers that a stand-in does not give.
use gymapi_sqs::{SqsOptions, SqsQueue};
use ports::queue::{Queue, QueueError};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::header};

fn connect(endpoint: &str, name: &str) -> SqsQueue {
    SqsQueue::connect(SqsOptions {
        endpoint_url: Some(endpoint.to_owned()),
        access_key: Some("test".into()),
        secret_key: Some("test".into()),
        ..SqsOptions::new(format!("{endpoint}/000000000000/{name}"), "us-east-1")
    })
}

#[tokio::test]
async fn an_expired_receipt_is_told_from_an_outage() {
    let server = MockServer::start().await;
    let expired = json!({
        "__type": "com.amazonaws.sqs#InvalidParameterValue",
        "message": "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    });
    let delete = Mock::given(header("x-amz-target", "AmazonSQS.DeleteMessage"));
    delete.respond_with(ResponseTemplate::new(400).set_body_json(expired)).expect(1).mount(&server).await;
    let in_flight_no_more = json!({ "__type": "com.amazonaws.sqs#MessageNotInflight", "message": "no" });
    let change = Mock::given(header("x-amz-target", "AmazonSQS.ChangeMessageVisibility"));
    change.respond_with(ResponseTemplate::new(400).set_body_json(in_flight_no_more)).expect(1).mount(&server).await;
    let queue = connect(&server.uri(), "q.fifo");
    assert_eq!(queue.acknowledge("AQEB").await, Err(QueueError::ReceiptExpired));
    assert_eq!(queue.extend("AQEB", Duration::from_secs(5)).await, Err(QueueError::ReceiptExpired));
}

#[tokio::test]
async fn a_poll_repeated_after_a_lost_answer_asks_for_the_same_messages() {
    let server = MockServer::start().await;
    let receive = || Mock::given(header("x-amz-target", "AmazonSQS.ReceiveMessage"));
    receive().respond_with(ResponseTemplate::new(500)).up_to_n_times(1).mount(&server).await;
    let messages = json!({ "Messages": [{
        "MessageId": "m", "ReceiptHandle": "r", "Body": "a1",
        "Attributes": { "MessageGroupId": "a", "ApproximateReceiveCount": "3" }
    }] });
    receive().respond_with(ResponseTemplate::new(200).set_body_json(messages)).mount(&server).await;
    let received = connect(&server.uri(), "q.fifo").receive(25, Duration::from_secs(45)).await.unwrap();
    assert_eq!((received[0].group.as_str(), received[0].attempt), ("a", 3));

    let requests = server.received_requests().await.unwrap();
    let bodies: Vec<Value> = requests.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0]["ReceiveRequestAttemptId"], bodies[1]["ReceiveRequestAttemptId"]);
    assert!(bodies[0]["ReceiveRequestAttemptId"].is_string());
    // EVT-77, and the most that SQS takes of each
    assert_eq!(bodies[0]["MaxNumberOfMessages"], 10);
    assert_eq!(bodies[0]["WaitTimeSeconds"], 20);
    assert_eq!(bodies[0]["VisibilityTimeout"], 180);
}

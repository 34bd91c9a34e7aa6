//! The queue's contract, over the embedded queue and over SQS.
use gymapi_sqs::{SqsOptions, SqsQueue};
use std::time::Duration;

mod memory {
    use ports::MemoryQueue;
    use std::time::Duration;

    async fn open(visibility: Duration, max_attempts: u32) -> Option<MemoryQueue> {
        Some(MemoryQueue::new(visibility, max_attempts))
    }

    testkit::queue_contract!(open);
}

mod sqs {
    use super::*;

    async fn open(visibility: Duration, max_attempts: u32) -> Option<SqsQueue> {
        let options = SqsOptions { visibility, ..stand_in()? };
        let name = format!("contract-{}", uuid::Uuid::new_v4());
        let options = options.ensure_queues(&name, max_attempts).await.expect("the queues are made");
        Some(SqsQueue::connect(options))
    }

    testkit::queue_contract!(open);
}

fn stand_in() -> Option<SqsOptions> {
    Some(SqsOptions {
        endpoint_url: Some(testkit::servers::sqs()?),
        access_key: Some("test".into()),
        secret_key: Some("test".into()),
        ..SqsOptions::new("", "us-east-1")
    })
}

mod setup {
    use super::*;
    use ports::queue::{Message, Queue, QueueError};

    #[tokio::test]
    async fn queues_that_exist_are_left_as_they_stand() {
        let Some(options) = stand_in() else { return };
        let name = format!("setup-{}", uuid::Uuid::new_v4());
        let made = options.clone().ensure_queues(&name, 3).await.unwrap();
        assert!(made.queue_url.ends_with(&format!("/{name}.fifo")), "{}", made.queue_url);
        let message = Message { body: "1".into(), group: "a".into(), dedup_id: "1".into() };
        assert_eq!(SqsQueue::connect(made.clone()).send(&[message]).await, [Ok(())]);

        let other_settings = SqsOptions { visibility: Duration::from_secs(7), ..options };
        let found = other_settings.ensure_queues(&name, 5).await.unwrap();
        assert_eq!(found.queue_url, made.queue_url);
        assert_eq!(found.dead_letter_queue_url, made.dead_letter_queue_url);
        assert_eq!(SqsQueue::connect(found).receive(10, Duration::ZERO).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn without_a_dead_letter_queue_its_operations_are_refused() {
        let Some(options) = stand_in() else { return };
        let options = options.ensure_queues(&format!("setup-{}", uuid::Uuid::new_v4()), 3).await.unwrap();
        let queue = SqsQueue::connect(SqsOptions { dead_letter_queue_url: None, ..options });
        assert!(matches!(queue.dead_letters(1).await, Err(QueueError::Refused(_))));
        assert!(matches!(queue.replay("x").await, Err(QueueError::Refused(_))));
    }

    #[tokio::test]
    async fn a_queue_that_does_not_exist_is_unavailable_at_once() {
        let Some(options) = stand_in() else { return };
        let url = format!("{}/000000000000/nowhere.fifo", testkit::servers::sqs().unwrap());
        let queue = SqsQueue::connect(SqsOptions { queue_url: url, ..options });
        let message = Message { body: "1".into(), group: "a".into(), dedup_id: "1".into() };
        assert!(matches!(&queue.send(&[message]).await[..], [Err(QueueError::Unavailable(_))]));
        assert!(matches!(queue.receive(1, Duration::ZERO).await, Err(QueueError::Unavailable(_))));
    }
}

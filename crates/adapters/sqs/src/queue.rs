//! The queue: receiving, acknowledging, extending.
use crate::{
    call::{Failure, LIMIT, call},
    options::SqsOptions,
    send::send,
};
use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    types::{Message as SqsMessage, MessageSystemAttributeName as Attribute},
};
use ports::queue::{DeadLetter, Delivery, Message, Queue, QueueError, Removal};
use std::time::Duration;

/// What SQS gives in one call, and how long it lets one wait and work.
const MAX_RECEIVED: usize = 10;
const MAX_WAIT: u64 = 20;
const MAX_VISIBILITY: u64 = 12 * 60 * 60;

/// A FIFO queue on SQS, with its dead-letter queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) dead_letter_url: Option<String>,
    visibility: Duration,
    longest_poll: u64,
}

impl SqsQueue {
    /// Makes no call: a wrong address or wrong credentials show at the first one, as [`QueueError::Unavailable`].
    pub fn connect(options: SqsOptions) -> Self {
        Self {
            client: options.client(),
            longest_poll: seconds(options.wait).clamp(1, MAX_WAIT),
            url: options.queue_url,
            dead_letter_url: options.dead_letter_queue_url,
            visibility: options.visibility,
        }
    }

    /// One poll of a queue, of at most ten messages and twenty seconds.
    pub(crate) async fn poll(
        &self,
        url: &str,
        max: usize,
        wait: u64,
        visibility: Duration,
    ) -> Result<Vec<SqsMessage>, Failure> {
        let request = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(count(max.min(MAX_RECEIVED) as u64))
            .wait_time_seconds(count(wait))
            .visibility_timeout(visibility_seconds(visibility))
            .message_system_attribute_names(Attribute::MessageGroupId)
            .message_system_attribute_names(Attribute::ApproximateReceiveCount)
            .message_system_attribute_names(Attribute::SentTimestamp);
        // when the answer is lost, the next attempt gets the same messages instead of waiting for their visibility
        let attempt_id = crate::send::is_fifo(url).then(|| uuid::Uuid::new_v4().to_string());
        let request = request.set_receive_request_attempt_id(attempt_id);
        let output = call(LIMIT + Duration::from_secs(wait), || request.clone().send()).await?;
        Ok(output.messages.unwrap_or_default())
    }

    pub(crate) async fn delete(&self, url: &str, receipt: &str) -> Result<(), Failure> {
        call(LIMIT, || self.client.delete_message().queue_url(url).receipt_handle(receipt).send()).await?;
        Ok(())
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, messages: &[Message]) -> Vec<Result<(), QueueError>> {
        send(&self.client, &self.url, messages).await
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let mut left = seconds(wait);
        loop {
            let poll = left.min(self.longest_poll);
            left -= poll;
            let messages = self.poll(&self.url, max, poll, self.visibility).await?;
            if !messages.is_empty() || left == 0 {
                return Ok(messages.into_iter().map(delivery).collect());
            }
        }
    }

    async fn acknowledge(&self, receipt: &str) -> Result<(), QueueError> {
        Ok(self.delete(&self.url, receipt).await?)
    }

    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        let request = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(visibility_seconds(visibility));
        call(LIMIT, || request.clone().send()).await?;
        Ok(())
    }

    async fn remove(&self, is_wanted: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync), limits: Removal) -> u64 {
        self.remove_waiting(is_wanted, limits).await
    }

    async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, QueueError> {
        self.list_dead_letters(max).await
    }

    async fn replay(&self, id: &str) -> Result<bool, QueueError> {
        self.replay_dead_letter(id).await
    }
}

fn delivery(message: SqsMessage) -> Delivery {
    Delivery {
        attempt: receive_count(&message),
        group: group(&message),
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

pub(crate) fn receive_count(message: &SqsMessage) -> u32 {
    attribute(message, &Attribute::ApproximateReceiveCount).and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Empty for a message of a standard queue.
pub(crate) fn group(message: &SqsMessage) -> String {
    attribute(message, &Attribute::MessageGroupId).unwrap_or_default().to_owned()
}

pub(crate) fn attribute<'a>(message: &'a SqsMessage, name: &Attribute) -> Option<&'a str> {
    message.attributes.as_ref()?.get(name).map(String::as_str)
}

/// SQS counts in whole seconds: rounded up, so that nothing above zero becomes 'at once'.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

pub(crate) fn visibility_seconds(visibility: Duration) -> i32 {
    count(seconds(visibility).min(MAX_VISIBILITY))
}

fn count(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_up_to_the_second_and_capped() {
        for (millis, expected) in [(0, 0), (1, 1), (1000, 1), (1001, 2), (180_000, 180), (86_400_000, 43_200)] {
            assert_eq!(visibility_seconds(Duration::from_millis(millis)), expected, "{millis} ms");
        }
    }
}

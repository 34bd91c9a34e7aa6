//! Making the queues: for stand-ins, and for the first set-up of an account.
use crate::{
    call::{Failure, LIMIT, call},
    options::SqsOptions,
    queue::visibility_seconds,
};
use aws_sdk_sqs::{Client, types::QueueAttributeName as Attribute};
use ports::queue::QueueError;
use std::collections::HashMap;

/// Dead letters are kept as long as SQS can: 14 days, in seconds.
const DEAD_LETTER_RETENTION: u32 = 14 * 24 * 60 * 60;

impl SqsOptions {
    /// Makes the FIFO queues `{name}.fifo` and `{name}-dead.fifo`, unless they are there, and a redrive policy that
    /// moves a message from the first to the second after `max_attempts` deliveries (EVT-77: 3), unless the first
    /// has one. Answers these options with the addresses of both. What exists is left as it stands, so this may run
    /// at every start; it needs the rights to create queues and to read and set their attributes.
    ///
    /// # Errors
    /// [`QueueError::Refused`] for a name that SQS does not take, [`QueueError::Unavailable`] otherwise.
    pub async fn ensure_queues(self, name: &str, max_attempts: u32) -> Result<Self, QueueError> {
        let client = self.client();
        let retention = (Attribute::MessageRetentionPeriod, DEAD_LETTER_RETENTION.to_string());
        let dead = ensure_queue(&client, &format!("{name}-dead.fifo"), retention).await?;
        let visibility = (Attribute::VisibilityTimeout, visibility_seconds(self.visibility).to_string());
        let queue = ensure_queue(&client, &format!("{name}.fifo"), visibility).await?;
        if attribute(&client, &queue, Attribute::RedrivePolicy).await?.is_none() {
            let dead = attribute(&client, &dead, Attribute::QueueArn).await?.unwrap_or_default();
            let policy = serde_json::json!({ "deadLetterTargetArn": dead, "maxReceiveCount": max_attempts });
            let request = client.set_queue_attributes().queue_url(&queue);
            let request = request.attributes(Attribute::RedrivePolicy, policy.to_string());
            call(LIMIT, || request.clone().send()).await?;
        }
        Ok(Self { queue_url: queue, dead_letter_queue_url: Some(dead), ..self })
    }
}

/// The address of the queue of this name.
async fn ensure_queue(client: &Client, name: &str, setting: (Attribute, String)) -> Result<String, Failure> {
    match call(LIMIT, || client.get_queue_url().queue_name(name).send()).await {
        Ok(output) => return Ok(output.queue_url.unwrap_or_default()),
        // it is missing, or the next call tells what is wrong
        Err(Failure::Settings(_)) => {}
        Err(failure) => return Err(failure),
    }
    let attributes = HashMap::from([(Attribute::FifoQueue, "true".to_owned()), setting]);
    let request = client.create_queue().queue_name(name).set_attributes(Some(attributes));
    Ok(call(LIMIT, || request.clone().send()).await?.queue_url.unwrap_or_default())
}

async fn attribute(client: &Client, url: &str, name: Attribute) -> Result<Option<String>, Failure> {
    let request = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    let output = call(LIMIT, || request.clone().send()).await?;
    Ok(output.attributes.and_then(|mut all| all.remove(&name)))
}

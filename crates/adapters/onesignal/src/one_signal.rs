//! The adapter itself.
use crate::{
    answer,
    breaker::Breaker,
    idempotency_key,
    notification::{Notification, Target},
    options::OneSignalOptions,
};
use async_trait::async_trait;
use ports::{
    Clock, Pace, Push, SystemClock,
    push::{PushError, PushMessage, PushReceipt},
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, InvalidHeaderValue};
use std::sync::Arc;

/// Calls in a second, well below the vendor's floor of 150 (NTF-38).
const CALLS_PER_SECOND: u32 = 100;

/// Why the adapter cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("the key cannot stand in a header")]
    Key(#[source] InvalidHeaderValue),
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// Pushes by OneSignal. Nothing is tried again here: that is the part of whoever dispatches the messages (NTF-32).
pub struct OneSignal {
    client: reqwest::Client,
    options: OneSignalOptions,
    authorization: HeaderValue,
    pace: Pace,
    breaker: Breaker,
    clock: Arc<dyn Clock>,
}

impl OneSignal {
    /// # Errors
    /// When the key holds what no header can, or the HTTP client cannot be set up (TLS).
    pub fn new(options: OneSignalOptions) -> Result<Self, SetUpError> {
        let authorization = format!("{} {}", options.api.scheme(), options.rest_api_key.expose());
        let mut authorization = HeaderValue::try_from(authorization).map_err(SetUpError::Key)?;
        authorization.set_sensitive(true);
        let client = reqwest::Client::builder()
            // a redirect would carry our key elsewhere
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .build()?;
        Ok(Self {
            client,
            authorization,
            pace: Pace::per_second(CALLS_PER_SECOND),
            breaker: Breaker::new(options.pause),
            clock: Arc::new(SystemClock),
            options,
        })
    }

    /// One call; `part` is its number within the message.
    async fn call(&self, target: Target<'_>, message: &PushMessage, part: usize) -> Result<PushReceipt, PushError> {
        let admitted = self.breaker.admit();
        let call = admitted.map_err(|rest| PushError::Unavailable {
            reason: "it is left alone for a while".to_owned(),
            retry_after: Some(rest),
        })?;
        self.pace.turn().await;
        let key = idempotency_key::of_part(&message.key, part);
        let notification = Notification::new(&self.options.app_id, target, message, key);
        let request = self
            .client
            .post(format!("{}{}", self.options.base_url, self.options.api.path()))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .json(&notification);
        let outcome = answer::read(request.send().await, self.clock.now()).await;
        match &outcome {
            Err(PushError::Unavailable { reason, .. }) => {
                if call.failed() {
                    let seconds = self.options.pause.as_secs();
                    tracing::warn!(reason, seconds, "pushes pause: the service fails again and again");
                }
            }
            _ => call.answered(),
        }
        outcome
    }
}

#[async_trait]
impl Push for OneSignal {
    /// In as many calls as the vendor wants. When one of them fails the message has failed; sent again, with the same
    /// recipients in the same order, it reaches nobody twice, because each part goes under its old key.
    async fn send(&self, message: &PushMessage) -> Result<PushReceipt, PushError> {
        let mut receipt = PushReceipt::default();
        for (part, users) in message.users.chunks(self.options.api.most_users()).enumerate() {
            let made = self.call(Target::users(self.options.api, users), message, part).await?;
            receipt.id = receipt.id.or(made.id);
            receipt.unknown.extend(made.unknown);
        }
        tracing::debug!(recipients = message.users.len(), unknown = receipt.unknown.len(), "a message was sent");
        Ok(receipt)
    }

    async fn send_to_segment(&self, segment: &str, message: &PushMessage) -> Result<PushReceipt, PushError> {
        let receipt = self.call(Target::segment(segment), message, 0).await?;
        tracing::debug!(created = receipt.id.is_some(), "a message was sent to a segment");
        Ok(receipt)
    }
}

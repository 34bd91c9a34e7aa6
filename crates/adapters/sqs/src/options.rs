//! Where the queue is, and who we are to it.
use aws_sdk_sqs::{
    Client,
    config::{
        BehaviorVersion, Builder, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use std::{fmt, time::Duration};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// What [`SqsQueue::connect`](crate::SqsQueue::connect) needs.
#[derive(Clone)]
pub struct SqsOptions {
    /// `https://sqs.{region}.amazonaws.com/{account}/{name}.fifo`. Without the ending `.fifo` it is a standard queue:
    /// no group and no deduplication id is sent, and neither order nor deduplication is to be had (EVT-72).
    pub queue_url: String,
    /// The queue that the redrive policy names; without it there is no list of dead letters and no replay.
    pub dead_letter_queue_url: Option<String>,
    pub region: String,
    /// Another address than the region's own: a stand-in, or a private endpoint.
    pub endpoint_url: Option<String>,
    /// Static credentials, used when both are given. Otherwise `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for
    /// temporary credentials, `AWS_SESSION_TOKEN` are read from the environment, once.
    pub access_key: Option<String>,
    pub secret_key: Option<String>,
    /// How long a received message is nobody else's, in whole seconds, at most twelve hours.
    pub visibility: Duration,
    /// The longest single poll, 1 to 20 whole seconds; a receiver that waits longer polls again.
    pub wait: Duration,
}

impl SqsOptions {
    /// The consumer's figures of EVT-77: 180 seconds of visibility, polls of 20 seconds; credentials from the
    /// environment.
    pub fn new(queue_url: impl Into<String>, region: impl Into<String>) -> Self {
        Self {
            queue_url: queue_url.into(),
            dead_letter_queue_url: None,
            region: region.into(),
            endpoint_url: None,
            access_key: None,
            secret_key: None,
            visibility: Duration::from_secs(180),
            wait: Duration::from_secs(20),
        }
    }

    /// Retries are ours alone (see [`call`](crate::call)), so that attempts do not multiply.
    pub(crate) fn client(&self) -> Client {
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_LIMIT).build())
            // a long poll is silent by design, and every call has a limit of its own
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(self.endpoint_url.clone());
        match self.credentials() {
            Some(credentials) => config = config.credentials_provider(credentials),
            None => tracing::warn!("no SQS credentials in the settings or the environment: every call will fail"),
        }
        Client::from_conf(config.build())
    }

    fn credentials(&self) -> Option<Credentials> {
        if let (Some(access_key), Some(secret_key)) = (&self.access_key, &self.secret_key) {
            return Some(Credentials::new(access_key, secret_key, None, None, "settings"));
        }
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (access_key, secret_key) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        Some(Credentials::new(access_key, secret_key, variable("AWS_SESSION_TOKEN"), None, "environment"))
    }
}

impl fmt::Debug for SqsOptions {
    /// Everything but the secret key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsOptions")
            .field("queue_url", &self.queue_url)
            .field("dead_letter_queue_url", &self.dead_letter_queue_url)
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .field("access_key", &self.access_key)
            .field("secret_key", &self.secret_key.as_ref().map(|_| "…"))
            .field("visibility", &self.visibility)
            .field("wait", &self.wait)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_key_is_not_printed() {
        let options = SqsOptions { secret_key: Some("hush".into()), ..SqsOptions::new("q.fifo", "us-east-1") };
        assert!(!format!("{options:?}").contains("hush"));
    }
}

//! A queue at the stand-in of SQS.
use anyhow::Context;
use gymapi::adapters::sqs::SqsOptions;

/// Whatever it is: the stand-in asks for none in particular.
const KEY: &str = "bench";
/// Of EVT-77.
const MOST_ATTEMPTS: u32 = 3;

pub struct Queue {
    url: String,
    endpoint: String,
}

impl Queue {
    /// A new one, with nothing in it.
    pub async fn make(endpoint: &str, name: &str) -> anyhow::Result<Self> {
        let options = SqsOptions {
            endpoint_url: Some(endpoint.to_owned()),
            access_key: Some(KEY.to_owned()),
            secret_key: Some(KEY.to_owned()),
            ..SqsOptions::new("", "us-east-1")
        };
        let made = options.ensure_queues(name, MOST_ATTEMPTS).await.context("the queue cannot be made")?;
        Ok(Self { url: made.queue_url, endpoint: endpoint.to_owned() })
    }

    /// What tells a server of it.
    pub fn environment(&self) -> [(&'static str, &str); 4] {
        [
            ("SQS_QUEUE_URL", self.url.as_str()),
            ("SQS_ENDPOINT_URL", self.endpoint.as_str()),
            ("SQS_ACCESS_KEY", KEY),
            ("SQS_SECRET_KEY", KEY),
        ]
    }
}

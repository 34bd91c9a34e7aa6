//! One call to SQS: a limit on its time, up to four attempts with growing pauses, and what its failure means.
use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use backon::{ExponentialBuilder, Retryable};
use ports::queue::QueueError;
use std::{error::Error, time::Duration};

/// How long one attempt of an ordinary call may take; a long poll adds what it waits.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Three pauses, so four attempts: about 0.1, 0.3 and 0.9 seconds, up to twice that with the jitter.
pub(crate) fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_factor(3.0)
        .with_max_times(3)
        .with_jitter()
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No answer, an overloaded or a broken server: the same call may succeed later.
    Passing(String),
    /// The call itself is at fault: its content or its receipt, by SQS's code.
    Fault { code: String, text: String },
    /// The account, the rights or the queue are wrong: nothing succeeds until somebody changes the settings.
    Settings(String),
}

impl Failure {
    fn of<E: ProvideErrorMetadata + Error + 'static>(error: SdkError<E, HttpResponse>) -> Self {
        let SdkError::ServiceError(service) = &error else {
            return Self::Passing(chain(&error));
        };
        let status = service.raw().status();
        let code = service.err().code().unwrap_or_default().to_owned();
        let text = match service.err().message() {
            Some(message) => format!("{code}: {message}"),
            None => format!("{code} (status {})", status.as_u16()),
        };
        if status.is_server_error() || status.as_u16() == 429 || is_overload(&code) {
            Self::Passing(text)
        } else if is_fault(&code) {
            Self::Fault { code, text }
        } else {
            Self::Settings(text)
        }
    }

    fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}

impl From<Failure> for QueueError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fault { code, text } => {
                if code.ends_with("ReceiptHandleIsInvalid")
                    || code.ends_with("MessageNotInflight")
                    || text.contains("expired")
                {
                    Self::ReceiptExpired
                } else {
                    Self::Refused(text)
                }
            }
            // the settings can be put right, and the message is not to be lost until then
            Failure::Passing(text) | Failure::Settings(text) => Self::Unavailable(text),
        }
    }
}

/// Codes come with or without the prefix `AWS.SimpleQueueService.`.
pub(crate) fn is_overload(code: &str) -> bool {
    code.contains("Throttl") || code.ends_with("TooManyRequests") || code.ends_with("OverLimit")
}

fn is_fault(code: &str) -> bool {
    let name = code.rsplit('.').next().unwrap_or(code);
    matches!(
        name,
        "InvalidMessageContents"
            | "BatchRequestTooLong"
            | "ReceiptHandleIsInvalid"
            | "MessageNotInflight"
            | "InvalidParameterValue"
    )
}

/// An error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Calls, and calls again while the failure is a passing one and attempts are left.
pub(crate) async fn call<T, E, F>(limit: Duration, mut operation: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let attempt = || {
        // the SDK's futures are too big to be carried about
        let answer = tokio::time::timeout(limit, Box::pin(operation()));
        async move {
            match answer.await {
                Ok(answer) => answer.map_err(Failure::of),
                Err(_) => Err(Failure::Passing(format!("no answer within {limit:?}"))),
            }
        }
    };
    attempt
        .retry(pauses())
        .when(Failure::is_passing)
        .notify(|failure, pause| tracing::warn!(?failure, ?pause, "SQS failed, trying again"))
        .await
}

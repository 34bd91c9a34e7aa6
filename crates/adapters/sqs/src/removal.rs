//! Taking messages back: SQS has no way to find one, so the queue is looked through (EVT-75).
use crate::queue::SqsQueue;
use aws_sdk_sqs::types::Message as SqsMessage;
use ports::queue::Removal;
use std::{collections::HashSet, time::Duration};

/// How long a look keeps what it passes over from others; it lets go of it as soon as it is over.
const LOOK: Duration = Duration::from_secs(30);

impl SqsQueue {
    /// Until there is nothing more, only what was seen already, or the limit; what was not wanted is let go of at the end,
    /// so that the next look goes further.
    pub(crate) async fn remove_waiting(
        &self,
        is_wanted: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync),
        limits: Removal,
    ) -> u64 {
        let (mut seen, mut kept, mut removed) = (HashSet::new(), Vec::new(), 0);
        for _ in 0..limits.rounds {
            let received = match self.poll(&self.url, limits.per_round.max(1), 0, LOOK).await {
                Ok(received) => received,
                Err(failure) => {
                    tracing::warn!(?failure, removed, "the queue was not looked through to its end");
                    break;
                }
            };
            let before = seen.len();
            seen.extend(received.iter().filter_map(|message| message.message_id().map(str::to_owned)));
            let nothing_new = seen.len() == before;
            let (wanted, others): (Vec<SqsMessage>, Vec<_>) =
                received.into_iter().partition(|message| message.body().is_some_and(is_wanted));
            kept.extend(others);
            for message in wanted {
                match self.delete(&self.url, message.receipt_handle().unwrap_or_default()).await {
                    Ok(()) => removed += 1,
                    Err(failure) => tracing::warn!(?failure, "a message could not be removed"),
                }
            }
            if nothing_new {
                break;
            }
        }
        self.release(&self.url, &kept).await;
        removed
    }
}

//! Sending: batches that keep every group's order whatever fails.
//!
//! SQS may take one entry of a batch and not another. Two messages of one group in one batch could so overtake each
//! other; therefore a batch holds at most one message of each group, and a group's next message is sent only after
//! the one before was taken (or can never be).
use crate::call::{Failure, LIMIT, call, is_overload, pauses};
use aws_sdk_sqs::{
    Client,
    types::{BatchResultErrorEntry, SendMessageBatchRequestEntry},
};
use backon::{BackoffBuilder, ExponentialBackoff};
use ports::queue::{MAX_BODY, Message, QueueError};
use std::collections::{HashMap, VecDeque};
use tokio::time::Instant;

/// What SQS takes in one call.
const MAX_ENTRIES: usize = 10;
/// The bodies of one call together: as much as one may have alone.
const MAX_BATCH: usize = MAX_BODY;

/// The messages of one group that still have to be sent, by their place in the caller's list. Never empty.
struct Lane {
    left: VecDeque<usize>,
    /// What is left of the attempts of the first.
    pauses: ExponentialBackoff,
    /// The first once made a whole batch fail: it is sent in a batch of its own.
    is_suspect: bool,
}

impl Lane {
    fn new() -> Self {
        Self { left: VecDeque::new(), pauses: pauses().build(), is_suspect: false }
    }

    /// The first is settled; the rest, if there is any.
    fn next(mut self) -> Option<Self> {
        self.left.pop_front();
        (!self.left.is_empty()).then(|| Self { left: self.left, ..Self::new() })
    }
}

struct Sending<'a> {
    client: &'a Client,
    url: &'a str,
    messages: &'a [Message],
    answers: Vec<Result<(), QueueError>>,
    ready: VecDeque<Lane>,
    paused: Vec<(Instant, Lane)>,
}

/// Sends all that can be sent; one answer for each, in their order.
pub(crate) async fn send(client: &Client, url: &str, messages: &[Message]) -> Vec<Result<(), QueueError>> {
    let answers: Vec<_> = messages.iter().map(Message::validate).collect();
    let mut lanes: Vec<Lane> = Vec::new();
    let mut lane_of: HashMap<&str, usize> = HashMap::new();
    for (at, (message, answer)) in messages.iter().zip(&answers).enumerate() {
        if answer.is_ok() {
            let lane = *lane_of.entry(&message.group).or_insert_with(|| {
                lanes.push(Lane::new());
                lanes.len() - 1
            });
            if let Some(lane) = lanes.get_mut(lane) {
                lane.left.push_back(at);
            }
        }
    }
    let mut sending = Sending { client, url, messages, answers, ready: lanes.into(), paused: Vec::new() };
    while let Some(batch) = sending.next_batch().await {
        sending.send_batch(batch).await;
    }
    sending.answers
}

impl Sending<'_> {
    /// The lanes whose first messages go into the next call; waits when all that is left is paused.
    async fn next_batch(&mut self) -> Option<Vec<Lane>> {
        if self.ready.is_empty() {
            let earliest = self.paused.iter().map(|(until, _)| *until).min()?;
            tokio::time::sleep_until(earliest).await;
        }
        let now = Instant::now();
        let due = self.paused.extract_if(.., |(until, _)| *until <= now).map(|(_, lane)| lane);
        self.ready.extend(due);

        let mut batch: Vec<Lane> = Vec::with_capacity(MAX_ENTRIES);
        let mut size = 0;
        while let Some(lane) = self.ready.front() {
            size += lane.left.front().and_then(|at| self.messages.get(*at)).map_or(0, |m| m.body.len());
            let is_alone = batch.first().is_some_and(|first| first.is_suspect);
            let has_room = !is_alone && !lane.is_suspect && batch.len() < MAX_ENTRIES && size <= MAX_BATCH;
            if !batch.is_empty() && !has_room {
                break;
            }
            batch.extend(self.ready.pop_front());
        }
        Some(batch)
    }

    async fn send_batch(&mut self, batch: Vec<Lane>) {
        let entries: Vec<_> = batch.iter().enumerate().filter_map(|(id, lane)| self.entry(id, lane)).collect();
        let request = || self.client.send_message_batch().queue_url(self.url).set_entries(Some(entries.clone())).send();
        match call(LIMIT, request).await {
            Ok(output) => {
                let failed: HashMap<&str, &BatchResultErrorEntry> =
                    output.failed().iter().map(|entry| (entry.id(), entry)).collect();
                let taken: Vec<&str> = output.successful().iter().map(|entry| entry.id()).collect();
                for (id, lane) in batch.into_iter().enumerate() {
                    let id = id.to_string();
                    match failed.get(id.as_str()) {
                        Some(entry) if is_fault(entry) => self.settle(lane, Err(QueueError::Refused(text(entry)))),
                        Some(entry) => self.try_again(lane, text(entry)),
                        None if taken.contains(&id.as_str()) => self.settle(lane, Ok(())),
                        None => self.try_again(lane, "the answer leaves the message out".into()),
                    }
                }
            }
            // a parameter is the same for every entry: that is the settings' fault, below
            Err(Failure::Fault { code, text }) if !code.ends_with("InvalidParameterValue") => {
                let is_alone = batch.len() == 1;
                for lane in batch.into_iter().rev() {
                    if is_alone {
                        self.settle(lane, Err(QueueError::Refused(text.clone())));
                    } else {
                        self.ready.push_front(Lane { is_suspect: true, ..lane });
                    }
                }
            }
            // it was tried four times, or is of no use: what is left would fare no better
            Err(Failure::Passing(text) | Failure::Settings(text) | Failure::Fault { text, .. }) => {
                let rest = self.ready.drain(..).chain(self.paused.drain(..).map(|(_, lane)| lane)).collect::<Vec<_>>();
                for lane in batch.into_iter().chain(rest) {
                    self.give_up(lane, &text);
                }
            }
        }
    }

    fn entry(&self, id: usize, lane: &Lane) -> Option<SendMessageBatchRequestEntry> {
        let message = self.messages.get(*lane.left.front()?)?;
        let mut entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(&message.body);
        if is_fifo(self.url) {
            entry = entry.message_group_id(&message.group).message_deduplication_id(&message.dedup_id);
        }
        // fails only without an id or a body
        entry.build().ok()
    }

    fn settle(&mut self, lane: Lane, answer: Result<(), QueueError>) {
        self.answer(lane.left.front().copied(), answer);
        self.ready.extend(lane.next());
    }

    fn try_again(&mut self, mut lane: Lane, why: String) {
        match lane.pauses.next() {
            Some(pause) => self.paused.push((Instant::now() + pause, lane)),
            None => self.give_up(lane, &why),
        }
    }

    /// The first was not sent, so the later ones of its group may not be.
    fn give_up(&mut self, lane: Lane, why: &str) {
        for at in lane.left {
            self.answer(Some(at), Err(QueueError::Unavailable(why.into())));
        }
    }

    fn answer(&mut self, at: Option<usize>, answer: Result<(), QueueError>) {
        if let Some(slot) = at.and_then(|at| self.answers.get_mut(at)) {
            *slot = answer;
        }
    }
}

pub(crate) fn is_fifo(url: &str) -> bool {
    url.ends_with(".fifo")
}

/// Whether the entry is to blame, rather than the load or the keys of the account.
fn is_fault(entry: &BatchResultErrorEntry) -> bool {
    let code = entry.code();
    entry.sender_fault() && !is_overload(code) && !code.to_ascii_lowercase().starts_with("kms")
}

fn text(entry: &BatchResultErrorEntry) -> String {
    format!("{}: {}", entry.code(), entry.message().unwrap_or("no reason given"))
}

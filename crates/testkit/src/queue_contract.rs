//! What every queue promises, as one suite: the port `ports::queue::Queue` run over an implementation.
//!
//! [`queue_contract!`](crate::queue_contract!) makes one test of each promise, so that a failure names it:
//!
//! ```text
//! mod memory {
//!     async fn open(visibility: Duration, max_attempts: u32) -> Option<impl Queue> { … }
//!     testkit::queue_contract!(open);
//! }
//! ```
//!
//! `open` gives a new, empty queue, or `None` where its server is not to be had and the test is skipped. Times are
//! whole seconds, the grain of SQS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "this is the body of tests")]
use ports::queue::{Delivery, MAX_BODY, Message, Queue, QueueError, Removal};
use std::time::{Duration, Instant};

/// Longer than any test takes.
pub const LONG: Duration = Duration::from_secs(60);
/// The shortest that SQS knows.
pub const SHORT: Duration = Duration::from_secs(1);
const NOW: Duration = Duration::ZERO;
/// Long enough for what is on its way to arrive.
const SOON: Duration = Duration::from_secs(5);

/// One `#[tokio::test]` for each promise; the argument is `async fn(Duration, u32) -> Option<impl Queue>`, called with
/// the visibility and the number of attempts.
#[macro_export]
macro_rules! queue_contract {
    ($open:path) => {
        $crate::queue_contract!(@each $open, LONG, 3:
            order_is_kept_within_a_group,
            a_group_waits_while_one_of_its_messages_is_in_flight,
            a_duplicate_id_is_delivered_once,
            a_released_message_comes_back_at_once_and_first,
            twenty_five_messages_go_in_one_call,
            evt_72_what_no_queue_takes_is_refused_and_holds_nobody_up,
            a_long_poll_wakes_on_arrival,
            a_long_poll_wakes_when_its_group_is_free_again,
            an_empty_queue_answers_empty_after_the_wait,
            sending_nothing_answers_nothing,
            evt_75_waiting_messages_are_removed_by_their_bodies,
            evt_75_what_is_passed_over_is_there_at_once_and_in_order,
            evt_75_what_somebody_works_on_is_not_removed,
            evt_75_no_more_is_looked_at_than_the_limits_say,
            a_dead_letter_of_no_known_id_is_not_replayed);
        $crate::queue_contract!(@each $open, SHORT, 3:
            a_message_not_acknowledged_comes_back_when_its_visibility_ends,
            an_extended_message_stays_away_until_the_new_end,
            an_acknowledged_message_never_comes_back,
            a_stale_receipt_changes_nothing);
        $crate::queue_contract!(@each $open, LONG, 2:
            evt_77_a_message_that_fails_too_often_is_a_dead_letter_and_can_be_replayed,
            a_dead_letter_lets_its_group_go_on);
    };
    (@each $open:path, $visibility:ident, $attempts:literal: $($promise:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $promise() {
                if let Some(queue) = $open($crate::queue_contract::$visibility, $attempts).await {
                    $crate::queue_contract::$promise(&queue).await;
                }
            }
        )*
    };
}

fn message(group: &str, body: &str) -> Message {
    Message { body: body.into(), group: group.into(), dedup_id: format!("{group}-{body}") }
}

async fn send(queue: &impl Queue, messages: &[Message]) {
    for answer in queue.send(messages).await {
        answer.expect("the queue takes the message");
    }
}

/// The next message, soon.
async fn next(queue: &impl Queue) -> Delivery {
    let mut received = queue.receive(1, SOON).await.expect("the queue answers");
    received.pop().expect("there is a message")
}

async fn is_empty(queue: &impl Queue) -> bool {
    queue.receive(10, NOW).await.expect("the queue answers").is_empty()
}

async fn release(queue: &impl Queue, delivery: &Delivery) {
    queue.extend(&delivery.receipt, Duration::ZERO).await.expect("the message is released");
}

/// Everything there is, acknowledged: group and body of each.
async fn drain(queue: &impl Queue) -> Vec<(String, String)> {
    let mut all = Vec::new();
    loop {
        let received = queue.receive(10, NOW).await.expect("the queue answers");
        if received.is_empty() {
            return all;
        }
        for delivery in received {
            queue.acknowledge(&delivery.receipt).await.expect("the message is done");
            all.push((delivery.group, delivery.body));
        }
    }
}

pub async fn order_is_kept_within_a_group(queue: &impl Queue) {
    let bodies = ["1", "2", "3", "4", "5"];
    for body in bodies {
        send(queue, &[message("a", body)]).await;
    }
    for body in bodies {
        let delivery = next(queue).await;
        assert_eq!((delivery.group.as_str(), delivery.body.as_str(), delivery.attempt), ("a", body, 1));
        queue.acknowledge(&delivery.receipt).await.unwrap();
    }
    assert!(is_empty(queue).await);
}

pub async fn a_group_waits_while_one_of_its_messages_is_in_flight(queue: &impl Queue) {
    send(queue, &[message("a", "1"), message("a", "2")]).await;
    let first = next(queue).await;
    assert_eq!(first.body, "1");
    assert!(is_empty(queue).await, "the second of the group is held back");

    send(queue, &[message("b", "1")]).await;
    assert_eq!(next(queue).await.group, "b", "another group goes on");
    queue.acknowledge(&first.receipt).await.unwrap();
    assert_eq!(next(queue).await.body, "2");
}

pub async fn a_duplicate_id_is_delivered_once(queue: &impl Queue) {
    send(queue, &[message("a", "1"), message("a", "1")]).await;
    let first = next(queue).await;
    queue.acknowledge(&first.receipt).await.unwrap();
    assert!(is_empty(queue).await, "sent twice in one call");
    // the id counts, not the body or the group, and it outlives the message
    let copy = Message { body: "other".into(), group: "b".into(), dedup_id: "a-1".into() };
    send(queue, &[copy]).await;
    assert!(is_empty(queue).await, "sent again after it was done");
}

pub async fn a_message_not_acknowledged_comes_back_when_its_visibility_ends(queue: &impl Queue) {
    send(queue, &[message("a", "1"), message("a", "2")]).await;
    let first = next(queue).await;
    assert!(is_empty(queue).await, "invisible at first");
    let second = next(queue).await;
    assert_eq!((second.body.as_str(), second.attempt), ("1", 2), "before the later one of its group");
    assert_eq!(second.id, first.id);
    assert_ne!(second.receipt, first.receipt);
}

pub async fn an_extended_message_stays_away_until_the_new_end(queue: &impl Queue) {
    send(queue, &[message("a", "1")]).await;
    let started = Instant::now();
    let delivery = next(queue).await;
    queue.extend(&delivery.receipt, 3 * SHORT).await.unwrap();
    tokio::time::sleep(SHORT * 3 / 2).await;
    assert!(is_empty(queue).await, "its first visibility has ended, the extended one has not");
    assert_eq!(next(queue).await.attempt, 2);
    assert!(started.elapsed() >= 3 * SHORT, "came back after {:?}", started.elapsed());
}

pub async fn a_released_message_comes_back_at_once_and_first(queue: &impl Queue) {
    send(queue, &[message("a", "1"), message("a", "2")]).await;
    let first = next(queue).await;
    release(queue, &first).await;
    let second = next(queue).await;
    assert_eq!((second.body.as_str(), second.attempt), ("1", 2));
    assert_eq!(second.id, first.id);
}

pub async fn an_acknowledged_message_never_comes_back(queue: &impl Queue) {
    send(queue, &[message("a", "1")]).await;
    let delivery = next(queue).await;
    queue.acknowledge(&delivery.receipt).await.unwrap();
    assert!(queue.receive(10, 2 * SHORT).await.unwrap().is_empty());
    assert!(is_empty(queue).await);
}

pub async fn a_stale_receipt_changes_nothing(queue: &impl Queue) {
    send(queue, &[message("a", "1")]).await;
    let stale = next(queue).await;
    let current = next(queue).await;
    queue.extend(&current.receipt, LONG).await.unwrap();
    assert_eq!(queue.extend(&stale.receipt, NOW).await, Err(QueueError::ReceiptExpired));
    // not every queue can tell, but none may believe it
    let _ = queue.acknowledge(&stale.receipt).await;
    assert!(is_empty(queue).await, "the newer delivery still holds it");
    release(queue, &current).await;
    assert_eq!(next(queue).await.attempt, 3, "the message is still there");
}

pub async fn evt_77_a_message_that_fails_too_often_is_a_dead_letter_and_can_be_replayed(queue: &impl Queue) {
    send(queue, &[message("a", "poison"), message("b", "venom")]).await;
    let mut ids = Vec::new();
    for _ in 0..2 * 2 {
        let delivery = next(queue).await;
        release(queue, &delivery).await;
        ids.push(delivery.id);
    }
    assert!(is_empty(queue).await, "two attempts are all it gets");

    let letters = queue.dead_letters(10).await.unwrap();
    let listed: Vec<_> = letters.iter().map(|l| (l.group.as_str(), l.body.as_str())).collect();
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&("a", "poison")) && listed.contains(&("b", "venom")), "{listed:?}");
    assert!(letters.iter().all(|l| l.attempts >= 2 && ids.contains(&l.id)), "{letters:?} {ids:?}");
    let again: Vec<_> = queue.dead_letters(10).await.unwrap().into_iter().map(|l| l.id).collect();
    assert_eq!(again, letters.iter().map(|l| l.id.clone()).collect::<Vec<_>>(), "a look takes nothing away");

    let poison = letters.iter().find(|l| l.group == "a").unwrap();
    assert_eq!(queue.replay(&poison.id).await, Ok(true));
    let replayed = next(queue).await;
    assert_eq!((replayed.group.as_str(), replayed.body.as_str(), replayed.attempt), ("a", "poison", 1));
    queue.acknowledge(&replayed.receipt).await.unwrap();
    assert_eq!(queue.replay(&poison.id).await, Ok(false), "it is gone from the dead letters");
    let left: Vec<_> = queue.dead_letters(10).await.unwrap().into_iter().map(|l| l.group).collect();
    assert_eq!(left, ["b"]);
}

pub async fn a_dead_letter_lets_its_group_go_on(queue: &impl Queue) {
    send(queue, &[message("a", "poison"), message("a", "2")]).await;
    for _ in 0..2 {
        let delivery = next(queue).await;
        assert_eq!(delivery.body, "poison");
        release(queue, &delivery).await;
    }
    assert_eq!(next(queue).await.body, "2");
}

pub async fn a_dead_letter_of_no_known_id_is_not_replayed(queue: &impl Queue) {
    assert_eq!(queue.replay("0fb4bd2e-4b9a-4b6f-9d39-5b6d2a7f1c11").await, Ok(false));
    assert!(is_empty(queue).await);
}

pub async fn twenty_five_messages_go_in_one_call(queue: &impl Queue) {
    let messages: Vec<_> = (0..25).map(|i| message(&format!("g{}", i % 4), &format!("{i:02}"))).collect();
    let answers = queue.send(&messages).await;
    assert_eq!(answers, vec![Ok(()); 25]);
    let received = drain(queue).await;
    for group in ["g0", "g1", "g2", "g3"] {
        let of = |all: &mut dyn Iterator<Item = (String, String)>| -> Vec<String> {
            all.filter(|(g, _)| g == group).map(|(_, body)| body).collect()
        };
        let sent = of(&mut messages.iter().map(|m| (m.group.clone(), m.body.clone())));
        assert_eq!(of(&mut received.iter().cloned()), sent, "{group}");
    }
}

pub async fn evt_72_what_no_queue_takes_is_refused_and_holds_nobody_up(queue: &impl Queue) {
    let large = Message { dedup_id: "large".into(), ..message("a", &"x".repeat(MAX_BODY + 1)) };
    let largest = Message { dedup_id: "largest".into(), ..message("a", &"y".repeat(MAX_BODY)) };
    let answers = queue
        .send(&[message("a", "1"), large, message("", "no group"), message("a", "\u{1}"), largest, message("a", "2")])
        .await;
    assert_eq!(answers.len(), 6);
    assert_eq!(answers[0], Ok(()));
    assert_eq!(answers[1], Err(QueueError::TooLarge { size: MAX_BODY + 1 }));
    assert!(matches!(answers[2], Err(QueueError::Refused(_))), "{:?}", answers[2]);
    assert!(matches!(answers[3], Err(QueueError::Refused(_))), "{:?}", answers[3]);
    assert_eq!(answers[4..], [Ok(()), Ok(())]);
    let sizes: Vec<_> = drain(queue).await.into_iter().map(|(_, body)| body.len()).collect();
    assert_eq!(sizes, [1, MAX_BODY, 1]);
}

pub async fn a_long_poll_wakes_on_arrival(queue: &impl Queue) {
    let started = Instant::now();
    let poll = async { (queue.receive(10, Duration::from_secs(15)).await, started.elapsed()) };
    let arrival = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        send(queue, &[message("a", "1")]).await;
    };
    let ((received, waited), ()) = tokio::join!(poll, arrival);
    assert_eq!(received.unwrap().len(), 1);
    assert!((500..5000).contains(&waited.as_millis()), "{waited:?}");
}

pub async fn a_long_poll_wakes_when_its_group_is_free_again(queue: &impl Queue) {
    send(queue, &[message("a", "1"), message("a", "2")]).await;
    let first = next(queue).await;
    let started = Instant::now();
    let poll = async { (queue.receive(10, Duration::from_secs(15)).await, started.elapsed()) };
    let done = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        queue.acknowledge(&first.receipt).await.unwrap();
    };
    let ((received, waited), ()) = tokio::join!(poll, done);
    assert_eq!(received.unwrap().first().map(|d| d.body.clone()), Some("2".into()));
    assert!((500..5000).contains(&waited.as_millis()), "{waited:?}");
}

pub async fn an_empty_queue_answers_empty_after_the_wait(queue: &impl Queue) {
    let started = Instant::now();
    assert!(queue.receive(10, SHORT).await.unwrap().is_empty());
    assert!((900..5000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert!(queue.receive(0, LONG).await.unwrap().is_empty(), "nothing asked for is nothing to wait for");
}

pub async fn evt_75_waiting_messages_are_removed_by_their_bodies(queue: &impl Queue) {
    let mut sent = Vec::new();
    for group in ["a", "b", "c"] {
        sent.extend((0..2).map(|n| message(group, &format!("{group}{n}"))));
    }
    send(queue, &sent).await;
    assert_eq!(queue.remove(&|body| body.starts_with('b'), Removal::default()).await, 2);
    assert_eq!(queue.remove(&|body| body.starts_with('b'), Removal::default()).await, 0);
    let mut left: Vec<_> = drain(queue).await.into_iter().map(|(_, body)| body).collect();
    left.sort();
    assert_eq!(left, ["a0", "a1", "c0", "c1"]);
}

pub async fn evt_75_what_is_passed_over_is_there_at_once_and_in_order(queue: &impl Queue) {
    let sent: Vec<_> = (0..12).map(|n| message("a", &format!("{n:02}"))).collect();
    send(queue, &sent).await;
    let removed = queue.remove(&|body| matches!(body, "00" | "01" | "02" | "07"), Removal::default()).await;
    // nothing stands before the first three; a queue need not show what stands behind the fourth, which stays
    assert!((3..=4).contains(&removed), "{removed}");
    let left: Vec<_> = drain(queue).await.into_iter().map(|(_, body)| body).collect();
    let expected: Vec<_> = (3..12).filter(|n| *n != 7 || removed == 3).map(|n| format!("{n:02}")).collect();
    assert_eq!(left, expected);
}

pub async fn evt_75_what_somebody_works_on_is_not_removed(queue: &impl Queue) {
    send(queue, &[message("a", "1"), message("b", "1")]).await;
    let held = next(queue).await;
    assert_eq!(queue.remove(&|_| true, Removal::default()).await, 1, "the other one");
    release(queue, &held).await;
    let again = next(queue).await;
    assert_eq!((again.id, again.attempt), (held.id, 2));
    assert!(is_empty(queue).await);
}

pub async fn evt_75_no_more_is_looked_at_than_the_limits_say(queue: &impl Queue) {
    let sent: Vec<_> = (0..20).map(|n| message(&format!("g{n}"), "1")).collect();
    send(queue, &sent).await;
    let mut left = sent.len() as u64;
    for (limits, most) in [
        (Removal { rounds: 1, per_round: 100 }, 10),
        (Removal { rounds: 1, per_round: 2 }, 2),
        (Removal { rounds: 2, per_round: 1 }, 2),
        (Removal { rounds: 1, per_round: 0 }, 1),
        (Removal { rounds: 0, per_round: 10 }, 0),
    ] {
        let removed = queue.remove(&|_| true, limits).await;
        // a look at what waits finds something
        assert!(removed <= most && (removed > 0 || most == 0), "{removed} by {limits:?}");
        left -= removed;
    }
    assert_eq!(drain(queue).await.len() as u64, left);
}

pub async fn sending_nothing_answers_nothing(queue: &impl Queue) {
    assert_eq!(queue.send(&[]).await, []);
}

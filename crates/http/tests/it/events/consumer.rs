//! The consumer of the queue works until it is told to stop, and keeps what it holds from others.
use super::{
    cast::{cast, channel, in_time},
    queue::HangingChat,
};
use async_trait::async_trait;
use domain::events::event;
use ports::{
    Queue,
    queue::{DeadLetter, Delivery, Message, QueueError, Removal},
};
use serde_json::{Value, json};
use services::events::consumer::EventConsumer;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    app::App,
    both,
    database::{Kind, TestDb},
};
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::Instant,
};

/// What the consumer did with the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    Polled,
    Acknowledged(String),
    Extended(String, Duration),
}

fn acknowledged(receipt: &str) -> Deed {
    Deed::Acknowledged(receipt.into())
}

/// Kept from others for as long as one extension lasts (EVT-77).
fn kept(receipt: &str) -> Deed {
    Deed::Extended(receipt.into(), Duration::from_secs(180))
}

fn handed_back(receipt: &str) -> Deed {
    Deed::Extended(receipt.into(), Duration::ZERO)
}

type Answer = Result<Vec<Delivery>, QueueError>;

/// A queue that gives what it is told to give, then nothing more, and remembers what is done with it.
struct Watched {
    answers: Mutex<VecDeque<Answer>>,
    deeds: watch::Sender<Vec<Deed>>,
    /// An acknowledgement takes one.
    permits: Semaphore,
}

impl Watched {
    fn new(permits: usize) -> Arc<Self> {
        let (answers, deeds) = (Mutex::default(), watch::Sender::new(Vec::new()));
        Arc::new(Self { answers, deeds, permits: Semaphore::new(permits) })
    }

    fn gives(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    fn note(&self, deed: Deed) {
        self.deeds.send_modify(|deeds| deeds.push(deed));
    }

    fn deeds(&self) -> Vec<Deed> {
        self.deeds.borrow().clone()
    }

    async fn until_so_often(&self, deed: &Deed, times: usize) {
        let mut deeds = self.deeds.subscribe();
        let done = deeds.wait_for(|deeds| deeds.iter().filter(|done| *done == deed).count() >= times);
        in_time(done).await.unwrap();
    }
}

#[async_trait]
impl Queue for Watched {
    async fn send(&self, _: &[Message]) -> Vec<Result<(), QueueError>> {
        Vec::new()
    }
    async fn receive(&self, _: usize, _: Duration) -> Answer {
        self.note(Deed::Polled);
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
    async fn acknowledge(&self, receipt: &str) -> Result<(), QueueError> {
        self.permits.acquire().await.unwrap().forget();
        self.note(acknowledged(receipt));
        Ok(())
    }
    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        self.note(Deed::Extended(receipt.into(), visibility));
        Ok(())
    }
    async fn remove(&self, _: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync), _: Removal) -> u64 {
        0
    }
    async fn dead_letters(&self, _: usize) -> Result<Vec<DeadLetter>, QueueError> {
        Ok(Vec::new())
    }
    async fn replay(&self, _: &str) -> Result<bool, QueueError> {
        Ok(false)
    }
}

fn delivery(receipt: &str, group: &str, body: &Value) -> Delivery {
    Delivery { id: receipt.into(), body: body.to_string(), group: group.into(), receipt: receipt.into(), attempt: 1 }
}

/// Acknowledged without a look at the database.
fn nonsense() -> Value {
    json!({"action": "dance", "event_data": {}})
}

fn chat_of(event: &event::Model) -> Value {
    json!({"action": "create_event_chat", "event_data": {
        "event_id": event.id, "creator_id": event.creator_id, "gym_id": event.gym_id,
    }})
}

/// A word to stop, and whether it was heard.
#[derive(Default)]
struct Stop {
    said: Notify,
    heard: Notify,
}

impl Stop {
    async fn told(&self) {
        self.said.notified().await;
        self.heard.notify_one();
    }

    /// Returns when the consumer knows.
    async fn tell(&self) {
        self.said.notify_one();
        self.heard.notified().await;
    }
}

/// From here on time passes only while everybody waits for it. What is nonsense needs no database.
async fn consumer_out_of_time(queue: &Arc<Watched>) -> (EventConsumer, TestDb) {
    let t = TestDb::open(Kind::Sqlite, 2).await.unwrap();
    let given = queue.clone();
    let app = App::with(&t, |change| change.ports.queue = Some(given)).await;
    tokio::time::pause();
    (app.services.consumer().unwrap(), t)
}

#[tokio::test]
async fn evt_77_after_nothing_or_a_failure_it_pauses_and_after_work_it_goes_on_at_once() {
    let queue = Watched::new(1);
    queue.gives(Ok(Vec::new()));
    queue.gives(Err(QueueError::Unavailable("away".into())));
    queue.gives(Ok(vec![delivery("a1", "a", &nonsense())]));
    let (consumer, t) = consumer_out_of_time(&queue).await;
    let (stop, began) = (Stop::default(), Instant::now());
    let meanwhile = async {
        queue.until_so_often(&Deed::Polled, 4).await;
        assert_eq!(began.elapsed().as_secs(), 10, "two pauses of five seconds");
        // it waits for a message, and stops all the same
        stop.tell().await;
    };
    in_time(async { tokio::join!(consumer.run(stop.told()), meanwhile) }).await;
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(queue.deeds(), [Deed::Polled, Deed::Polled, Deed::Polled, acknowledged("a1"), Deed::Polled]);
    tokio::time::resume();
    t.close().await;
}

#[tokio::test]
async fn evt_77_it_stops_in_the_middle_of_a_pause() {
    let queue = Watched::new(0);
    queue.gives(Ok(Vec::new()));
    let (consumer, t) = consumer_out_of_time(&queue).await;
    let (stop, began) = (Stop::default(), Instant::now());
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        stop.tell().await;
    };
    in_time(async { tokio::join!(consumer.run(stop.told()), meanwhile) }).await;
    assert_eq!((began.elapsed().as_secs(), queue.deeds()), (2, vec![Deed::Polled]));
    tokio::time::resume();
    t.close().await;
}

#[tokio::test]
async fn evt_77_what_waits_its_turn_is_kept_from_others_and_what_is_settled_is_not() {
    let queue = Watched::new(0);
    queue.gives(Ok(vec![delivery("a1", "a", &nonsense()), delivery("a2", "a", &nonsense())]));
    let (consumer, t) = consumer_out_of_time(&queue).await;
    let (stop, began) = (Stop::default(), Instant::now());
    let meanwhile = async {
        queue.until_so_often(&kept("a2"), 2).await;
        assert_eq!(began.elapsed().as_secs(), 30, "every fifteen seconds");
        stop.tell().await;
        queue.permits.add_permits(1);
    };
    in_time(async { tokio::join!(consumer.run(stop.told()), meanwhile) }).await;
    let expected = [Deed::Polled, kept("a2"), kept("a2"), acknowledged("a1"), handed_back("a2")];
    assert_eq!(queue.deeds(), expected);
    tokio::time::resume();
    t.close().await;
}

both! {
    async fn evt_77_a_message_is_kept_from_others_while_it_is_worked_on(t: TestDb) {
        let (queue, chat) = (Watched::new(1), Arc::new(HangingChat::default()));
        let (given, service) = (queue.clone(), chat.clone());
        let app = App::with(t, |change| {
            change.ports.queue = Some(given);
            change.ports.chat = service;
        }).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        queue.gives(Ok(vec![delivery("a1", &event.id.to_string(), &chat_of(&event))]));
        let consumer = app.services.consumer().unwrap().renewed_every(Duration::from_millis(1));
        let meanwhile = async {
            in_time(chat.called.notified()).await;
            queue.until_so_often(&kept("a1"), 3).await;
            chat.go_on.notify_one();
        };
        let (worked_on, ()) = tokio::join!(consumer.run_once(), meanwhile);
        assert_eq!(worked_on.unwrap(), 1);
        let mut deeds = queue.deeds();
        assert_eq!((deeds.remove(0), deeds.pop()), (Deed::Polled, Some(acknowledged("a1"))));
        assert!(deeds.iter().all(|deed| *deed == kept("a1")), "{deeds:?}");
    }

    async fn evt_77_told_to_stop_it_finishes_what_it_works_on_and_hands_back_the_rest(t: TestDb) {
        let (queue, chat) = (Watched::new(3), Arc::new(HangingChat::default()));
        let (given, service) = (queue.clone(), chat.clone());
        let app = App::with(t, |change| {
            change.ports.queue = Some(given);
            change.ports.chat = service;
        }).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let (group, ask) = (event.id.to_string(), chat_of(&event));
        queue.gives(Ok(vec![delivery("a1", &group, &ask), delivery("a2", &group, &ask), delivery("b1", "b", &nonsense())]));
        let (consumer, stop) = (app.services.consumer().unwrap(), Stop::default());
        let meanwhile = async {
            chat.called.notified().await;
            queue.until_so_often(&acknowledged("b1"), 1).await;
            stop.tell().await;
            chat.go_on.notify_one();
        };
        in_time(async { tokio::join!(consumer.run(stop.told()), meanwhile) }).await;
        let mut deeds = queue.deeds();
        deeds.retain(|deed| *deed != kept("a1") && *deed != kept("a2"));
        assert_eq!(deeds, [Deed::Polled, acknowledged("b1"), acknowledged("a1"), handed_back("a2")]);
        assert_eq!(*chat.made.lock().unwrap(), channel(&event));
    }
}

//! Effects that wait in the outbox, as many as are wanted at once.
use anyhow::bail;
use domain::{EventId, GymId, UserId};
use serde_json::{Value, json};
use services::{
    events::event_chat::{CHAT_CREATE, EventChatRequest},
    kernel::{cache_key::CacheKey, effect::CACHE_DROP},
};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// No backlog takes longer.
const LIMIT: Duration = Duration::from_secs(300);

/// What the effects of a backlog ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A chat for every event (EVT-70): a message where there is a queue; in place, without a chat service, the look
    /// at what the event has.
    Chats,
    /// A family of the cache to be dropped, in place.
    CacheDrops,
}

/// An event of the world that is still to come.
#[derive(Clone, Debug)]
struct Event {
    id: i64,
    gym: i64,
    creator: i64,
    title: String,
}

pub struct Backlog<'a> {
    database: &'a Client,
    events: Vec<Event>,
}

/// Rows to write, by column.
#[derive(Default)]
struct Rows {
    gyms: Vec<i64>,
    aggregates: Vec<String>,
    payloads: Vec<Value>,
}

impl Work {
    fn kind(self) -> &'static str {
        match self {
            Self::Chats => CHAT_CREATE,
            Self::CacheDrops => CACHE_DROP,
        }
    }

    /// Goes round the events, so that the rows of one aggregate lie as far apart as they can: of one aggregate, one row
    /// is delivered at a time.
    fn rows(self, events: &[Event], count: usize) -> Rows {
        let mut rows = Rows::default();
        for (n, event) in (0..count).zip(events.iter().cycle()) {
            let gym = GymId(event.gym);
            let (aggregate, payload) = match self {
                Self::Chats => {
                    let request = EventChatRequest {
                        event_id: EventId(event.id),
                        creator_id: UserId(event.creator),
                        gym_id: gym,
                        event_title: Some(event.title.clone()),
                        first_message_chat: None,
                    };
                    (format!("event-chat:{}", event.id), json!(request))
                }
                // a family that no measured request reads
                Self::CacheDrops => (format!("cache:{n}"), json!({ "keys": [CacheKey::ReviewStats(gym)] })),
            };
            rows.gyms.push(event.gym);
            rows.aggregates.push(aggregate);
            rows.payloads.push(payload);
        }
        rows
    }
}

impl<'a> Backlog<'a> {
    /// About the events of this database.
    pub async fn of(database: &'a Client) -> anyhow::Result<Self> {
        let events = "SELECT id, gym_id, creator_id, title FROM events
            WHERE status = 'SCHEDULED' AND start_time > now() + interval '1 day' ORDER BY id";
        let event = |row: &tokio_postgres::Row| {
            Ok(Event { id: row.try_get(0)?, gym: row.try_get(1)?, creator: row.try_get(2)?, title: row.try_get(3)? })
        };
        let events = database.query(events, &[]).await?.iter().map(event).collect::<anyhow::Result<Vec<_>>>()?;
        anyhow::ensure!(!events.is_empty(), "a world without events");
        Ok(Self { database, events })
    }

    /// Empties the outbox and writes so many effects that are due.
    pub async fn fill(&self, work: Work, count: usize) -> anyhow::Result<()> {
        let Rows { gyms, aggregates, payloads } = work.rows(&self.events, count);
        let effects = "INSERT INTO outbox (gym_id, kind, aggregate, payload, status, attempts, next_attempt_at,
                created_at)
            SELECT gym, $1::text, aggregate, payload, 'pending', 0, now(), now()
            FROM unnest($2::int8[], $3::text[], $4::jsonb[]) AS effects (gym, aggregate, payload)";
        self.database.batch_execute("TRUNCATE outbox").await?;
        self.database.execute(effects, &[&work.kind(), &gyms, &aggregates, &payloads]).await?;
        // what is measured must not depend on when the server's own housekeeping comes by
        self.database.batch_execute("VACUUM ANALYZE outbox").await?;
        Ok(())
    }

    /// Returns when a worker has begun.
    pub async fn begun(&self) -> anyhow::Result<()> {
        until(self.database, "SELECT EXISTS (SELECT FROM outbox WHERE status = 'done')").await
    }

    /// Takes back what no worker has yet, and returns when what one has is done.
    pub async fn withdraw(&self) -> anyhow::Result<()> {
        self.database.batch_execute("DELETE FROM outbox WHERE status = 'pending'").await?;
        worked_off(self.database).await
    }

    /// How many effects are done.
    pub async fn done(&self) -> anyhow::Result<i64> {
        let done = "SELECT count(*) FROM outbox WHERE status = 'done'";
        Ok(self.database.query_one(done, &[]).await?.try_get(0)?)
    }

    /// How many effects are not.
    pub async fn waiting(&self) -> anyhow::Result<i64> {
        let waiting = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'running')";
        Ok(self.database.query_one(waiting, &[]).await?.try_get(0)?)
    }
}

/// Returns when no effect is due any more.
pub async fn worked_off(database: &Client) -> anyhow::Result<()> {
    let nothing = "SELECT NOT EXISTS (SELECT FROM outbox WHERE status = 'running')
        AND NOT EXISTS (SELECT FROM outbox WHERE status = 'pending' AND next_attempt_at <= now())";
    until(database, nothing).await
}

async fn until(database: &Client, question: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    let question = database.prepare(question).await?;
    while !database.query_one(&question, &[]).await?.try_get::<_, bool>(0)? {
        if begun.elapsed() > LIMIT {
            let error = "SELECT max(last_error) FROM outbox";
            let error: Option<String> = database.query_one(error, &[]).await?.try_get(0)?;
            bail!("the worker does not get on with the outbox: {}", error.unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn events() -> Vec<Event> {
        (1..=3).map(|id| Event { id, gym: 10 * id, creator: 100 * id, title: format!("e{id}") }).collect()
    }

    #[test]
    fn chats_are_asked_for_as_the_relay_reads_it_and_round_the_events() {
        let rows = Work::Chats.rows(&events(), 4);
        assert_eq!(rows.aggregates, ["event-chat:1", "event-chat:2", "event-chat:3", "event-chat:1"]);
        assert_eq!(rows.gyms, [10, 20, 30, 10]);
        let second: EventChatRequest = serde_json::from_value(rows.payloads[1].clone()).unwrap();
        assert_eq!((second.event_id, second.gym_id, second.creator_id), (EventId(2), GymId(20), UserId(200)));
        assert_eq!(second.event_title.as_deref(), Some("e2"));
    }

    #[test]
    fn no_two_dropped_families_wait_for_each_other_and_each_is_named_as_the_relay_reads_it() {
        let rows = Work::CacheDrops.rows(&events(), 200);
        assert_eq!(rows.aggregates.iter().collect::<BTreeSet<_>>().len(), 200);
        let keys: Vec<CacheKey> = serde_json::from_value(rows.payloads[1]["keys"].clone()).unwrap();
        assert_eq!(keys, [CacheKey::ReviewStats(GymId(20))]);
    }
}

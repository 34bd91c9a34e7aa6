//! Lists of events, and one of them (EVT-3 … EVT-6).
//!
//! What everybody in a gym sees alike is kept as the JSON that leaves. An event with its participants is kept in full
//! and cut to what the reader may see each time: what one reader sees is never what another gets from the cache.
use super::{
    seating::EVENT_NOT_FOUND,
    view::{Event, EventDetail},
};
use crate::{
    Actor, Core, Error, Result,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use aws_lc_rs::digest;
use domain::{EventId, GymId, identity::GymRole};
use ports::cache::{Bytes, encode};
use repository::{Page, events::events::EventFilter};

/// Answers that come as bytes are the JSON that is sent.
#[async_trait]
pub trait EventLists: Send + Sync {
    /// `[Event]`, by start, then id. Member guard.
    async fn list(&self, actor: &Actor, filter: EventFilter, page: Page) -> Result<Bytes>;
    /// `[Event]` that the caller made. Member guard.
    async fn mine(&self, actor: &Actor, page: Page) -> Result<Bytes>;
    /// `EventDetail`: staff see every participant in full, a member themself and who else has a seat (EVT-6). Member
    /// guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`].
    async fn get(&self, actor: &Actor, event: EventId) -> Result<Bytes>;
}

pub struct EventListService {
    core: Core,
}

/// A key of fixed length, whatever somebody looks for.
fn key(filter: &EventFilter, page: Page) -> String {
    let asked = format!("{filter:?}:{}:{}", page.skip, page.limit);
    format!("list:{}", hex::encode(digest::digest(&digest::SHA256, asked.as_bytes())))
}

impl EventListService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn listed(&self, gym: GymId, filter: EventFilter, page: Page) -> Result<Bytes> {
        let load = async || {
            let rows = self.core.stores.event_queries.listed(&self.core.db, gym, &filter, page).await?;
            Ok(encode(&rows.into_iter().map(Event::from).collect::<Vec<_>>()))
        };
        self.core.cache.bytes_or_load(&CacheKey::Events(gym).ns(), &key(&filter, page), LIST_TTL, load).await
    }
}

/// The same words in another case ask for the same events.
fn normalised(text: Option<String>) -> Option<String> {
    text.map(|text| text.to_lowercase()).filter(|text| !text.is_empty())
}

#[async_trait]
impl EventLists for EventListService {
    async fn list(&self, actor: &Actor, filter: EventFilter, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let filter = EventFilter {
            title_contains: normalised(filter.title_contains),
            location_contains: normalised(filter.location_contains),
            ..filter
        };
        self.listed(actor.gym_id(), filter, page).await
    }

    async fn mine(&self, actor: &Actor, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let own = EventFilter { created_by: Some(actor.user_id()), ..Default::default() };
        self.listed(actor.gym_id(), own, page).await
    }

    async fn get(&self, actor: &Actor, event: EventId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let gym = actor.gym_id();
        let load = async || {
            let queries = &self.core.stores.event_queries;
            let row = queries.one(&self.core.db, gym, event).await?.ok_or(EVENT_NOT_FOUND)?;
            let participants = queries.participants(&self.core.db, gym, event).await?;
            let participants = participants.into_iter().map(Into::into).collect();
            Ok::<_, Error>(EventDetail { event: row.into(), participants })
        };
        let ns = CacheKey::Events(gym).ns();
        let detail = self.core.cache.get_or_load(&ns, &format!("detail:{event}"), LIST_TTL, load).await?;
        let seen = if actor.is_at_least(GymRole::Trainer) { detail } else { detail.for_member(actor.user_id()) };
        Ok(encode(&seen))
    }
}

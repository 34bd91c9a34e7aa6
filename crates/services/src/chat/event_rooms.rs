//! The rooms of events: one each, made when the event is, frozen when it is over, removed two days later (EVT-82,
//! EVT-90, EVT-92).
//!
//! What happens in a room follows a commit, as an effect: the chat service is never called while a row is held
//! (EVT-98). Every step can be taken twice. The id of an event's channel is made of the gym and the event, so that two who make
//! the same room at once make the same channel, and the row that stands for it is there once.
use crate::{
    Core, Error, Ports, Result,
    error::StoreError,
    kernel::relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use domain::{
    EventId, GymId, UserId,
    chat::room::{self, RoomKind, RoomStatus, StreamState},
    kernel::{
        outbox::{Effect, Model},
        text::Text,
    },
};
use ports::chat::{ChannelId, Chat, ChatError, NewChannel, Post, Sender};
use repository::Tx;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{sync::Arc, time::Duration};

pub const EVENT_CHAT: &str = "chat.event";

/// How long to wait for a room that is being made.
const BEING_MADE: Duration = Duration::from_secs(2);

/// What is to happen in the room of an event; nothing, when it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum ChatWork {
    Add {
        event: EventId,
        users: Vec<UserId>,
    },
    Remove {
        event: EventId,
        users: Vec<UserId>,
    },
    /// The gym says something, once for each key.
    Announce {
        event: EventId,
        key: String,
        text: Text,
    },
    /// Nobody writes any more; what was said can be read.
    Freeze {
        event: EventId,
    },
    Delete {
        event: EventId,
    },
}

impl ChatWork {
    fn event(&self) -> EventId {
        match self {
            Self::Add { event, .. }
            | Self::Remove { event, .. }
            | Self::Announce { event, .. }
            | Self::Freeze { event }
            | Self::Delete { event } => *event,
        }
    }

    fn concerns_nobody(&self) -> bool {
        matches!(self, Self::Add { users, .. } | Self::Remove { users, .. } if users.is_empty())
    }
}

/// Everything that happens to an event's room happens in this order.
pub(crate) fn aggregate(event: EventId) -> String {
    format!("event-chat:{event}")
}

impl Core {
    /// Writes what is to happen in an event's room, in the transaction of what causes it.
    pub(crate) async fn chat_later(&self, tx: &Tx, gym: GymId, work: ChatWork) -> Result<(), StoreError> {
        if work.concerns_nobody() {
            return Ok(());
        }
        let effect = Effect {
            gym: Some(gym),
            kind: EVENT_CHAT,
            aggregate: aggregate(work.event()),
            dedupe_key: None,
            payload: json!(work),
        };
        self.effect(tx, effect).await
    }
}

/// A room to be made, and what is said in it first.
pub(crate) struct NewEventRoom {
    pub gym: GymId,
    pub event: EventId,
    pub creator: UserId,
    pub title: String,
    pub first_message: Option<String>,
}

impl NewEventRoom {
    fn channel(&self) -> NewChannel {
        let title: String = self.title.chars().take(20).collect();
        NewChannel { at: channel_of(self.gym, self.event), name: format!("Evento {title}"), creator: self.creator }
    }
}

/// How far a room is.
pub(crate) enum Begun {
    IsThere(room::Model),
    /// It has a channel, and its people are to be let in.
    ToFill(room::Model),
    /// There is no chat service.
    NoChat,
}

/// CHT-7.
fn channel_of(gym: GymId, event: EventId) -> ChannelId {
    ChannelId { gym, id: format!("gym_{gym}_event_{event}") }
}

fn channel(room: &room::Model) -> ChannelId {
    ChannelId { gym: room.gym_id, id: room.stream_channel_id.clone() }
}

impl From<ChatError> for Failure {
    fn from(e: ChatError) -> Self {
        match e {
            ChatError::Unavailable { reason, retry_after } => Self::Retry { reason, after: retry_after },
            lasting => Self::Permanent(lasting.to_string()),
        }
    }
}

/// Without a chat service there is nobody to tell.
fn if_enabled(outcome: Result<(), ChatError>) -> Result<(), Failure> {
    match outcome {
        Err(ChatError::Disabled) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Makes rooms, and does in them what is to be done.
#[derive(Clone)]
pub(crate) struct EventRooms {
    core: Core,
    chat: Arc<dyn Chat>,
}

impl EventRooms {
    pub(crate) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), chat: ports.chat.clone() }
    }

    pub(crate) async fn of_event(&self, gym: GymId, event: EventId) -> Result<Option<room::Model>, StoreError> {
        self.core.stores.rooms_of.of_event(&self.core.db, gym, event).await
    }

    /// Begins the event's room, or goes on with one that was begun; one that is there stays as it is.
    pub(crate) async fn begin(&self, new: &NewEventRoom) -> Result<Begun, Failure> {
        let found = self.of_event(new.gym, new.event).await.map_err(Error::from)?;
        if let Some(room) = found.filter(|room| room.stream_state != StreamState::Pending) {
            return Ok(Begun::IsThere(room));
        }
        let made = new.channel();
        match self.chat.create(&made).await {
            Err(ChatError::Disabled) => return Ok(Begun::NoChat),
            outcome => outcome?,
        }
        let Some(room) = self.row(new, &made).await? else {
            if_enabled(self.chat.delete(&made.at).await)?;
            return Err(Failure::Permanent("the event is gone".into()));
        };
        Ok(Begun::ToFill(room))
    }

    /// Lets people into a room that was begun, and opens it. Whoever joined the event before the room could be seen must be
    /// among them; whoever joins later is added by an effect of their own, which waits until the room is open.
    pub(crate) async fn open(
        &self,
        new: &NewEventRoom,
        room: room::Model,
        mut people: Vec<UserId>,
    ) -> Result<room::Model, Failure> {
        let at = channel(&room);
        people.push(new.creator);
        self.chat.add(&at, &people).await?;
        if let Some(text) = new.first_message.as_deref().filter(|text| !text.trim().is_empty()) {
            self.say_first(new, &at, text).await;
        }
        let ready = room::Update { stream_state: Some(StreamState::Ready), ..Default::default() };
        let rooms = &self.core.stores.chat_rooms;
        Ok(rooms.update(&self.core.db, new.gym, room.id, ready).await.map_err(Error::from)?)
    }

    /// The row that stands for the channel; `None` when its event was removed meanwhile.
    async fn row(&self, new: &NewEventRoom, made: &NewChannel) -> Result<Option<room::Model>, Failure> {
        let row = room::Create {
            kind: RoomKind::Event,
            stream_channel_id: made.at.id.clone(),
            stream_channel_type: "messaging".into(),
            name: Some(made.name.clone()),
            event_id: Some(new.event),
            creator_id: Some(new.creator),
            status: RoomStatus::Active,
            stream_state: StreamState::Pending,
        };
        match self.core.stores.rooms_of.offer(&self.core.db, new.gym, row).await {
            Err(StoreError::ForeignKey(_)) => return Ok(None),
            outcome => outcome.map_err(Error::from)?,
        }
        Ok(self.of_event(new.gym, new.event).await.map_err(Error::from)?)
    }

    /// A room without its first message is a room all the same (EVT-82).
    async fn say_first(&self, new: &NewEventRoom, at: &ChannelId, text: &str) {
        let post = |sender| Post { key: format!("event-first-{}", new.event), sender, text: text.to_owned() };
        let mut outcome = self.chat.post(at, &post(Sender::Person(new.creator))).await;
        if outcome == Err(ChatError::SenderGone) {
            outcome = self.chat.post(at, &post(Sender::Bot)).await;
        }
        if let Err(error) = outcome {
            tracing::warn!(event = %new.event, %error, "the first message of an event's chat is lost");
        }
    }

    async fn perform(&self, gym: GymId, work: ChatWork) -> Result<(), Failure> {
        let Some(room) = self.of_event(gym, work.event()).await.map_err(Error::from)? else { return Ok(()) };
        match (room.stream_state, &work) {
            (StreamState::Deleted, _) => return Ok(()),
            // whoever makes it may be about to add those who were there before
            (StreamState::Pending, ChatWork::Add { .. } | ChatWork::Remove { .. }) => {
                return Err(Failure::Later { reason: "the room is still being made", after: BEING_MADE });
            }
            _ => {}
        }
        let at = channel(&room);
        match work {
            ChatWork::Add { users, .. } => if_enabled(self.chat.add(&at, &users).await),
            ChatWork::Remove { users, .. } => if_enabled(self.chat.remove(&at, &users).await),
            ChatWork::Announce { key, text, .. } => {
                let post = Post { key, sender: Sender::Bot, text: in_both(&text) };
                if_enabled(self.chat.post(&at, &post).await)
            }
            ChatWork::Freeze { .. } => {
                if_enabled(self.chat.freeze(&at).await)?;
                let frozen = room::Update { frozen: Some(true), ..Default::default() };
                self.change(&room, frozen).await
            }
            ChatWork::Delete { .. } => self.close(&room).await,
        }
    }

    /// Empties and removes the channel; the row stays, closed (EVT-92).
    pub(crate) async fn close(&self, room: &room::Model) -> Result<(), Failure> {
        if_enabled(self.chat.delete(&channel(room)).await)?;
        let closed = room::Update {
            status: Some(RoomStatus::Closed),
            stream_state: Some(StreamState::Deleted),
            frozen: Some(true),
            closed_at: Some(Some(self.core.clock.now())),
        };
        self.change(room, closed).await
    }

    async fn change(&self, room: &room::Model, change: room::Update) -> Result<(), Failure> {
        let rooms = &self.core.stores.chat_rooms;
        match rooms.update(&self.core.db, room.gym_id, room.id, change).await {
            // its gym was removed meanwhile
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(e) => Err(Error::from(e).into()),
        }
    }
}

/// People of both languages read a room.
fn in_both(text: &Text) -> String {
    if text.en == text.es { text.es.clone() } else { format!("{}\n{}", text.es, text.en) }
}

#[async_trait]
impl EffectHandler for EventRooms {
    fn kind(&self) -> &'static str {
        EVENT_CHAT
    }

    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        let work = serde_json::from_value(row.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))?;
        let gym = row.gym_id.ok_or_else(|| Failure::Permanent("the effect names no gym".into()))?;
        self.perform(gym, work).await
    }
}

//! The chat of an event, as the relay, the queue's consumer and the workers make it (EVT-71, EVT-82).
use super::seating::EVENT_NOT_FOUND;
use crate::{
    Core, Error, Ports, Refusal, Result,
    chat::event_rooms::{self, Begun, ChatWork, EventRooms, NewEventRoom},
    kernel::relay::Failure,
};
use domain::{
    EventId, GymId, UserId,
    chat::room,
    events::{
        event::{self, EventStatus},
        participation::EventParticipationStatus,
    },
    kernel::outbox::Effect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// An event's chat is to be made.
pub const CHAT_CREATE: &str = "events.chat_create";

pub const EVENT_OVER: Refusal = Refusal::bad_request(
    "event_not_scheduled",
    "The event was cancelled or is over.",
    "El evento se canceló o ya ha terminado.",
);
pub const NO_CHAT: Refusal = Refusal::bad_request(
    "chat_not_configured",
    "No chat service is configured.",
    "No hay ningún servicio de chat configurado.",
);

/// Which chat is to be made: the `event_data` of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventChatRequest)]
pub struct EventChatRequest {
    pub event_id: EventId,
    pub creator_id: UserId,
    /// Above 0.
    #[schema(value_type = i64, minimum = 1)]
    pub gym_id: GymId,
    #[serde(default)]
    pub event_title: Option<String>,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub first_message_chat: Option<String>,
}

impl EventChatRequest {
    pub(crate) fn of(event: &event::Model, first_message_chat: Option<String>) -> Self {
        Self {
            event_id: event.id,
            creator_id: event.creator_id,
            gym_id: event.gym_id,
            event_title: Some(event.title.clone()),
            first_message_chat,
        }
    }
}

/// One that waits already is enough; it comes before whatever else happens in the room.
pub(crate) fn later(request: &EventChatRequest) -> Effect {
    Effect {
        gym: Some(request.gym_id),
        kind: CHAT_CREATE,
        aggregate: event_rooms::aggregate(request.event_id),
        dedupe_key: Some(request.event_id.to_string()),
        payload: json!(request),
    }
}

/// Why there is no chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// There is not to be one.
    Refused(Refusal),
    Failed(Failure),
}

impl From<Failure> for NoRoom {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for NoRoom {
    fn from(e: Error) -> Self {
        Self::Failed(e.into())
    }
}

#[derive(Clone)]
pub(crate) struct EventChats {
    core: Core,
    rooms: EventRooms,
}

impl EventChats {
    pub(crate) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), rooms: EventRooms::new(core, ports) }
    }

    /// The event's room: the one that there is, or a new one with everybody in it who has a seat.
    pub(crate) async fn open(&self, request: &EventChatRequest) -> Result<room::Model, NoRoom> {
        let (core, gym) = (&self.core, request.gym_id);
        let found = core.stores.events.get(&core.db, gym, request.event_id).await.map_err(Error::from)?;
        let event = found.ok_or(NoRoom::Refused(EVENT_NOT_FOUND))?;
        let is_there = self.rooms.of_event(gym, event.id).await.map_err(Error::from)?.is_some();
        if !is_there && event.status != EventStatus::Scheduled {
            return Err(NoRoom::Refused(EVENT_OVER));
        }
        let new = NewEventRoom {
            gym,
            event: event.id,
            creator: event.creator_id,
            title: event.title,
            first_message: request.first_message_chat.clone(),
        };
        let room = match self.rooms.begin(&new).await? {
            Begun::IsThere(room) => room,
            Begun::NoChat => return Err(NoRoom::Refused(NO_CHAT)),
            Begun::ToFill(room) => {
                let seated = [EventParticipationStatus::Registered];
                let people = core.stores.event_queries.members(&core.db, gym, new.event, &seated).await;
                self.rooms.open(&new, room, people.map_err(Error::from)?).await?
            }
        };
        self.close_if_over(&room, new.event).await?;
        Ok(room)
    }

    /// Whoever ended the event while the room was being made found no room to freeze.
    async fn close_if_over(&self, room: &room::Model, event: EventId) -> Result<()> {
        let core = &self.core;
        let now = core.stores.events.get(&core.db, room.gym_id, event).await?;
        if room.frozen || now.is_none_or(|event| event.status == EventStatus::Scheduled) {
            return Ok(());
        }
        core.db
            .run(async |tx| Ok::<_, Error>(core.chat_later(&tx, room.gym_id, ChatWork::Freeze { event }).await?))
            .await?;
        Ok(())
    }
}

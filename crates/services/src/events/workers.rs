//! What separately deployed workers ask for, with a key of their own (EVT-80 … EVT-83, EVT-90, EVT-91).
use super::{
    completion::{Completion, Completions, Rule},
    event_chat::{EventChatRequest, EventChats, NoRoom},
    seating::EVENT_NOT_FOUND,
};
use crate::{Core, Error, Ports, Refusal, Result, Settings, error::Class, kernel::relay::Failure};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    EventId, GymId,
    events::event::{self, EventStatus},
    kernel::{locale::Locale, secret, validation::Invalid},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

pub const WORKERS_NOT_CONFIGURED: Refusal = Refusal::new(
    Class::NotConfigured,
    "worker_key_not_configured",
    "This server has no key for workers.",
    "Este servidor no tiene clave para los procesos de trabajo.",
);
pub const WORKER_KEY_WRONG: Refusal = Refusal::new(
    Class::Unauthenticated,
    "invalid_worker_key",
    "The key of X-API-Key is missing or wrong.",
    "La clave de X-API-Key falta o no es correcta.",
);
pub const EVENT_NOT_OVER: Refusal =
    Refusal::conflict("event_not_over", "The event is not over yet.", "El evento aún no ha terminado.");
pub const EVENT_IS_CANCELLED: Refusal =
    Refusal::conflict("event_cancelled", "The event was cancelled.", "El evento se canceló.");

/// Events of one answer.
const PAGE: u64 = 100;

/// Whoever knows the workers' key. Only [`Workers::admit`] makes one.
pub struct Worker(());

/// What became of a piece of work. `success` is false for what the business refuses; `details.retryable` says whether
/// another try may help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerResponse {
    pub success: bool,
    /// For people.
    pub message: String,
    #[schema(value_type = Option<Object>)]
    pub details: Option<Value>,
}

/// An event that may be completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventWorkerResponse)]
pub struct EventWorker {
    pub id: EventId,
    /// The same.
    pub event_id: EventId,
    pub gym_id: GymId,
    pub end_time: DateTime<Utc>,
    pub status: EventStatus,
}

impl From<event::Model> for EventWorker {
    fn from(row: event::Model) -> Self {
        Self { id: row.id, event_id: row.id, gym_id: row.gym_id, end_time: row.end_time, status: row.status }
    }
}

/// Which event is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct EventCompletionRequest {
    pub event_id: EventId,
    /// Above 0.
    #[schema(value_type = i64, minimum = 1)]
    pub gym_id: GymId,
}

/// Over all gyms, for holders of the workers' key.
#[async_trait]
pub trait Workers: Send + Sync {
    /// # Errors
    /// [`WORKERS_NOT_CONFIGURED`], [`WORKER_KEY_WRONG`].
    fn admit(&self, key: Option<&str>) -> Result<Worker>;
    /// Makes the chat of an event, unless it has one.
    async fn open_chat(&self, by: &Worker, request: EventChatRequest, locale: Locale) -> Result<WorkerResponse>;
    /// Completes an event that is over.
    async fn complete_in_gym(
        &self,
        by: &Worker,
        request: EventCompletionRequest,
        locale: Locale,
    ) -> Result<WorkerResponse>;
    /// Events that are over and wait to be completed, by (end, id), but for those that failed too often (EVT-83).
    async fn due(&self, by: &Worker) -> Result<Vec<EventWorker>>;
    /// Completes an event that is over, of whatever gym. One that is completed already is answered as it is.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`], [`EVENT_NOT_OVER`], [`EVENT_IS_CANCELLED`].
    async fn complete(&self, by: &Worker, event: EventId) -> Result<EventWorker>;
}

pub struct WorkerService {
    core: Core,
    chats: EventChats,
    completions: Completions,
    key: Option<String>,
}

fn say(locale: Locale, en: &str, es: &str) -> String {
    if locale == Locale::Es { es.to_owned() } else { en.to_owned() }
}

fn done(message: String, details: Value) -> WorkerResponse {
    WorkerResponse { success: true, message, details: Some(details) }
}

/// A refusal of the business is an answer, not a failure of the call (EVT-81).
fn refused(refusal: Refusal, locale: Locale, retryable: bool) -> WorkerResponse {
    let details = json!({ "retryable": retryable, "code": refusal.code });
    WorkerResponse { success: false, message: refusal.text(locale).to_owned(), details: Some(details) }
}

const CHAT_AWAY: Refusal = Refusal::unavailable(
    "chat_unavailable",
    "The chat service did not do what was asked.",
    "El servicio de chat no hizo lo que se pidió.",
);

fn positive(gym: GymId) -> Result<(), Invalid> {
    if gym.0 > 0 { Ok(()) } else { Err(Invalid::field("gym_id", "must be above 0")) }
}

impl WorkerService {
    pub fn new(core: &Core, ports: &Ports, settings: &Settings) -> Self {
        Self {
            core: core.clone(),
            chats: EventChats::new(core, ports),
            completions: Completions::new(core),
            key: settings.worker_api_key.clone().filter(|key| !key.is_empty()),
        }
    }

    /// A completion that fails is counted before the failure is told (EVT-91).
    async fn completed(&self, gym: GymId, event: EventId) -> Result<Completion> {
        match self.completions.complete(gym, event, Rule::OnceOver).await {
            Err(error) => {
                self.completions.failed(event).await;
                Err(error)
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl Workers for WorkerService {
    fn admit(&self, key: Option<&str>) -> Result<Worker> {
        let expected = self.key.as_deref().ok_or(WORKERS_NOT_CONFIGURED)?;
        if secret::equal(expected, key.unwrap_or_default()) { Ok(Worker(())) } else { Err(WORKER_KEY_WRONG.into()) }
    }

    async fn open_chat(&self, _: &Worker, request: EventChatRequest, locale: Locale) -> Result<WorkerResponse> {
        positive(request.gym_id)?;
        Ok(match self.chats.open(&request).await {
            Ok(room) => done(
                say(locale, "The event has its chat.", "El evento tiene su chat."),
                json!({ "room_id": room.id, "stream_channel_id": room.stream_channel_id }),
            ),
            Err(NoRoom::Refused(refusal)) => refused(refusal, locale, false),
            Err(NoRoom::Failed(failure)) => {
                let retryable = !matches!(failure, Failure::Permanent(_));
                tracing::warn!(event = %request.event_id, ?failure, "the chat of an event was not made");
                refused(CHAT_AWAY, locale, retryable)
            }
        })
    }

    async fn complete_in_gym(
        &self,
        _: &Worker,
        request: EventCompletionRequest,
        locale: Locale,
    ) -> Result<WorkerResponse> {
        positive(request.gym_id)?;
        Ok(match self.completed(request.gym_id, request.event_id).await? {
            Completion::Completed { event, chat_closed } => done(
                say(locale, "The event is completed.", "El evento está completado."),
                json!({ "event_status": event.status, "chat_closed": chat_closed }),
            ),
            Completion::AlreadyCompleted => done(
                say(locale, "The event had been completed already.", "El evento ya estaba completado."),
                json!({ "event_status": EventStatus::Completed, "was_already_completed": true }),
            ),
            Completion::Cancelled => refused(EVENT_IS_CANCELLED, locale, false),
            Completion::NotYet => refused(EVENT_NOT_OVER, locale, true),
            Completion::Missing => refused(EVENT_NOT_FOUND, locale, false),
        })
    }

    async fn due(&self, _: &Worker) -> Result<Vec<EventWorker>> {
        let upkeep = &self.core.stores.event_upkeep;
        let due = upkeep.due(&self.core.db, self.core.clock.now(), None, PAGE).await?;
        Ok(due.into_iter().map(EventWorker::from).collect())
    }

    async fn complete(&self, _: &Worker, event: EventId) -> Result<EventWorker> {
        let core = &self.core;
        let gym = core.stores.event_upkeep.gym_of(&core.db, event).await?.ok_or(EVENT_NOT_FOUND)?;
        match self.completed(gym, event).await? {
            Completion::Completed { event, .. } => Ok(event.into()),
            Completion::AlreadyCompleted => {
                let row = core.stores.events.get(&core.db, gym, event).await?;
                Ok(row.ok_or(EVENT_NOT_FOUND)?.into())
            }
            Completion::Cancelled => Err(EVENT_IS_CANCELLED.into()),
            Completion::NotYet => Err(EVENT_NOT_OVER.into()),
            Completion::Missing => Err(Error::from(EVENT_NOT_FOUND)),
        }
    }
}

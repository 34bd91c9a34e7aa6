//! Events: made, changed, cancelled (EVT-10 … EVT-38).
use super::{
    cancellation::{Bare, Cancellations},
    completion::{Completion, Completions, Rule},
    event_chat::{self, EventChatRequest},
    intents::Intents,
    payments::PAYMENTS_NOT_CONFIGURED,
    seating::{EVENT_NOT_FOUND, stale},
    view::{Event, EventCancellation},
};
use crate::{Actor, Core, Error, Ports, Refusal, Result, notifications::notify};
use async_trait::async_trait;
use domain::{
    EventId, GymId, UserId,
    events::{
        event::{self, EventPatch, EventStatus, NewEvent},
        participation::{self, EventParticipationStatus},
        terms::GivenTimes,
    },
    identity::{GymRole, gym},
    kernel::validation::check,
    notifications::kind::NoticeKind,
};
use repository::Tx;
use serde_json::{Map, json};

pub const NOTHING_TO_CHANGE: Refusal =
    Refusal::bad_request("empty_update", "There is nothing to change.", "No hay nada que cambiar.");
pub const EVENT_CLOSED: Refusal = Refusal::bad_request(
    "event_not_editable",
    "A completed or cancelled event does not change any more.",
    "Un evento completado o cancelado ya no se puede modificar.",
);
pub const STATUS_CHANGE: Refusal = Refusal::bad_request(
    "status_change_not_allowed",
    "The event does not go over to that state, or not now.",
    "El evento no puede pasar a ese estado, o todavía no.",
);
pub const HAS_PARTICIPANTS: Refusal = Refusal::conflict(
    "has_participants",
    "While people take part, neither the currency changes nor whether the event is paid.",
    "Mientras haya participantes no se puede cambiar la moneda ni si el evento es de pago.",
);
pub const NOT_YOURS: Refusal = Refusal::forbidden(
    "not_event_creator",
    "Only whoever made the event and the gym's administrators may do this.",
    "Solo quien creó el evento y los administradores del gimnasio pueden hacer esto.",
);
pub const PAID_BY_ADMINS: Refusal = Refusal::forbidden(
    "paid_event_admin_only",
    "Only the gym's administrators cancel a paid event.",
    "Solo los administradores del gimnasio pueden cancelar un evento de pago.",
);

#[async_trait]
pub trait Events: Send + Sync {
    /// Makes an event of the caller's, and asks for its chat. A trainer takes a seat in a free one (EVT-15). Staff guard.
    ///
    /// # Errors
    /// [`PAYMENTS_NOT_CONFIGURED`] for a paid one.
    async fn create(&self, actor: &Actor, input: NewEvent) -> Result<Event>;
    /// Changes what the patch names. A `status` of `CANCELLED` cancels, one of `COMPLETED` ends what has begun. For the
    /// creator and administrators.
    ///
    /// # Errors
    /// [`NOTHING_TO_CHANGE`], [`EVENT_NOT_FOUND`], [`NOT_YOURS`], [`EVENT_CLOSED`], [`HAS_PARTICIPANTS`],
    /// [`STATUS_CHANGE`], and those of [`Self::create`] and [`Self::cancel`].
    async fn update(&self, actor: &Actor, event: EventId, patch: EventPatch) -> Result<Event>;
    /// Cancels an event: everybody in it is told and gets their money back. One that nobody ever joined and that has no
    /// chat is removed. A free one by its creator or an administrator, a paid one by an administrator (EVT-30).
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`], [`NOT_YOURS`], [`PAID_BY_ADMINS`], and
    /// [`ALREADY_CANCELLED`](super::cancellation::ALREADY_CANCELLED) or
    /// [`EVENT_COMPLETED`](super::cancellation::EVENT_COMPLETED).
    async fn cancel(&self, actor: &Actor, event: EventId, reason: Option<String>) -> Result<EventCancellation>;
}

pub struct EventService {
    core: Core,
    cancellations: Cancellations,
    completions: Completions,
    intents: Intents,
}

/// The creator, while they work in the gym, and its administrators (EVT-20).
pub(crate) fn must_own(actor: &Actor, row: &event::Model) -> Result<()> {
    let creator = row.creator_id == actor.user_id() && actor.is_at_least(GymRole::Trainer);
    if creator || actor.is_at_least(GymRole::Admin) { Ok(()) } else { Err(NOT_YOURS.into()) }
}

impl EventService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self {
            core: core.clone(),
            cancellations: Cancellations::new(core, ports),
            completions: Completions::new(core),
            intents: Intents::new(core, ports),
        }
    }

    async fn get(&self, gym: GymId, event: EventId) -> Result<Event> {
        let found = self.core.stores.event_queries.one(&self.core.db, gym, event).await?;
        Ok(found.ok_or(EVENT_NOT_FOUND)?.into())
    }

    /// What of the patch is not its status, in one transaction.
    async fn change(&self, actor: &Actor, event: EventId, patch: EventPatch) -> Result<()> {
        let (core, gym) = (&self.core, actor.gym());
        let wants_payments = patch.is_paid == Some(true);
        let takes_payments = !wants_payments || self.intents.account(&core.db, gym.id).await?.is_some();
        core.db
            .run(async |tx| {
                let row = core.hold_event(&tx, gym.id, event).await?;
                must_own(actor, &row)?;
                if row.status != EventStatus::Scheduled {
                    return Err(EVENT_CLOSED.into());
                }
                let now = core.clock.now();
                patch.terms(&row).check(patch.given(&row), now)?;
                if !takes_payments && !row.is_paid {
                    return Err(PAYMENTS_NOT_CONFIGURED.into());
                }
                let queries = &core.stores.event_queries;
                if patch.changes_payment(&row) && queries.is_wanted(&tx, gym.id, event).await? {
                    return Err(HAS_PARTICIPANTS.into());
                }
                let moved = patch.moves(&row);
                let seats = row.max_participants;
                let row = core.stores.events.update(&tx, gym.id, event, patch.clone().onto(&row)).await?;
                if moved {
                    core.tell_of_change(&tx, gym, &row).await?;
                }
                if core.stores.rooms_of.of_event(&tx, gym.id, event).await?.is_none() {
                    let request = EventChatRequest::of(&row, None);
                    core.effect(&tx, event_chat::later(&request)).await?;
                }
                let more = seats > 0 && (row.max_participants == 0 || row.max_participants > seats);
                if more {
                    core.promote_in_event(&tx, gym, &row, now).await?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        core.committed(&stale(gym.id)).await;
        Ok(())
    }
}

impl Core {
    /// Where the gym wants it, its members hear of a new event (NTF-45).
    async fn announce_event(&self, tx: &Tx, gym: &gym::Model, event: &event::Model) -> Result<()> {
        let wanted = self.stores.gym_notices.of_gym(tx, gym.id).await?.is_some_and(|row| row.announce_events);
        if !wanted {
            return Ok(());
        }
        let mut recipients = self.stores.addressed.audience(tx, gym.id, &[GymRole::Member]).await?;
        recipients.retain(|user| *user != event.creator_id);
        let notice = notify::Notice {
            gym,
            kind: NoticeKind::EventCreated,
            variant: None,
            params: json!({ "event": event.title, "start": event.start_time, "place": event.location }),
            data: Map::from_iter([
                ("event_id".to_owned(), json!(event.id)),
                ("event_title".to_owned(), json!(event.title)),
            ]),
            recipients,
            dedupe: notify::Dedupe::Whole(format!("ev-new:{}", event.id)),
            correlation: format!("event:{}", event.id),
            until: Some(event.start_time),
            send_after: None,
        };
        self.notify(tx, notice).await?;
        Ok(())
    }

    /// EVT-25.
    async fn tell_of_change(&self, tx: &Tx, gym: &gym::Model, event: &event::Model) -> Result<()> {
        let coming = [EventParticipationStatus::Registered, EventParticipationStatus::WaitingList];
        let recipients = self.stores.event_queries.members(tx, gym.id, event.id, &coming).await?;
        let notice = notify::Notice {
            gym,
            kind: NoticeKind::EventUpdated,
            variant: None,
            params: json!({ "event": event.title, "start": event.start_time, "place": event.location }),
            data: Map::from_iter([("event_id".to_owned(), json!(event.id))]),
            recipients,
            dedupe: notify::Dedupe::Whole(format!("ev-upd:{}:{}", event.id, event.version)),
            correlation: format!("event:{}", event.id),
            until: Some(event.end_time),
            send_after: None,
        };
        self.notify(tx, notice).await?;
        Ok(())
    }

    /// EVT-15: whoever holds it is there.
    async fn seat_host(&self, tx: &Tx, event: &event::Model, host: UserId) -> Result<i64> {
        let row = participation::Create {
            event_id: event.id,
            member_id: host,
            status: EventParticipationStatus::Registered,
            payment_status: None,
            payment_expiry: None,
            registered_at: self.clock.now(),
            queued_at: None,
        };
        self.stores.event_participations.create(tx, event.gym_id, row).await?;
        Ok(1)
    }
}

#[async_trait]
impl Events for EventService {
    async fn create(&self, actor: &Actor, input: NewEvent) -> Result<Event> {
        actor.must_be(GymRole::Trainer)?;
        check(&input)?;
        let (core, gym) = (&self.core, actor.gym_id());
        input.terms().check(GivenTimes { start: true, end: true }, core.clock.now())?;
        if input.is_paid {
            // EVT-13
            self.intents.must_be_enabled(gym).await?;
        }
        let first_message = input.first_message_chat.clone();
        let new = input.row(actor.user_id());
        let hosts = actor.role() == Some(GymRole::Trainer) && !new.is_paid;
        let (row, seated) = core
            .db
            .run(async |tx| {
                let row = core.stores.events.create(&tx, gym, new.clone()).await?;
                let seated = if hosts { core.seat_host(&tx, &row, actor.user_id()).await? } else { 0 };
                let request = EventChatRequest::of(&row, first_message.clone());
                core.effect(&tx, event_chat::later(&request)).await?;
                core.announce_event(&tx, actor.gym(), &row).await?;
                Ok::<_, Error>((row, seated))
            })
            .await?;
        core.committed(&stale(gym)).await;
        Ok(Event::of(row, seated))
    }

    async fn update(&self, actor: &Actor, event: EventId, mut patch: EventPatch) -> Result<Event> {
        actor.must_be(GymRole::Trainer)?;
        check(&patch)?;
        if patch.is_empty() {
            return Err(NOTHING_TO_CHANGE.into());
        }
        let gym = actor.gym_id();
        let row = self.core.stores.events.get(&self.core.db, gym, event).await?.ok_or(EVENT_NOT_FOUND)?;
        must_own(actor, &row)?;
        if row.status != EventStatus::Scheduled {
            return Err(EVENT_CLOSED.into());
        }
        let to = patch.status.take().filter(|to| *to != row.status);
        // refused before anything is changed
        match to {
            Some(EventStatus::Cancelled) => super::cancellation::may(actor, &row)?,
            Some(EventStatus::Completed) if row.start_time > self.core.clock.now() => return Err(STATUS_CHANGE.into()),
            _ => {}
        }
        if !patch.is_empty() {
            self.change(actor, event, patch).await?;
        }
        match to {
            Some(EventStatus::Cancelled) => {
                self.cancellations.cancel(actor, event, None, Bare::Keep).await?;
            }
            Some(EventStatus::Completed) => match self.completions.complete(gym, event, Rule::OnceBegun).await? {
                Completion::Completed { .. } | Completion::AlreadyCompleted => {}
                Completion::Missing => return Err(EVENT_NOT_FOUND.into()),
                Completion::Cancelled | Completion::NotYet => return Err(STATUS_CHANGE.into()),
            },
            _ => {}
        }
        self.get(gym, event).await
    }

    async fn cancel(&self, actor: &Actor, event: EventId, reason: Option<String>) -> Result<EventCancellation> {
        actor.must_be(GymRole::Trainer)?;
        self.cancellations.cancel(actor, event, reason, Bare::Remove).await
    }
}

//! Who takes part in an event (EVT-40 … EVT-49): what is offered, and what is refused. Joining, leaving and reading are
//! files of their own.
use super::{
    intents::Intents,
    participation_view::{Participation, ParticipationWithEvent, ParticipationWithPayment},
    payments::PAYMENTS_NOT_CONFIGURED,
    refunds::Refunds,
    seating::stale,
};
use crate::{Actor, Core, Error, Page, Ports, Refusal, Result};
use async_trait::async_trait;
use domain::{
    EventId, EventParticipationId, UserId,
    events::{
        admission::JoinRefusal,
        participation::{self, EventParticipationStatus as Status},
    },
    identity::GymRole,
};

pub const MEMBER_NOT_FOUND: Refusal = Refusal::not_found(
    "member_not_found",
    "This user does not belong to the gym.",
    "El usuario no pertenece al gimnasio.",
);
pub const PARTICIPATION_NOT_FOUND: Refusal =
    Refusal::not_found("participation_not_found", "There is no such participation.", "La participación no existe.");
pub const EVENT_NOT_OPEN: Refusal = Refusal::bad_request(
    "event_not_open",
    "This event takes nobody any more: it is over, or was cancelled.",
    "Este evento ya no admite participantes: ha terminado o fue cancelado.",
);
pub const EVENT_COMPLETED: Refusal =
    Refusal::bad_request("event_completed", "The event is over.", "El evento ya ha terminado.");
pub const ALREADY_REGISTERED: Refusal =
    Refusal::bad_request("already_registered", "You take part in this event already.", "Ya participas en este evento.");
pub const ALREADY_WAITING: Refusal = Refusal::bad_request(
    "already_waiting",
    "You wait for a place in this event already.",
    "Ya estás en la lista de espera de este evento.",
);
pub const REFUND_PENDING: Refusal = Refusal::conflict(
    "refund_pending",
    "A refund of this participation is not through yet.",
    "Aún hay un reembolso pendiente de esta participación.",
);
pub const PAYMENT_NOT_DUE: Refusal = Refusal::bad_request(
    "payment_not_due",
    "There is nothing to pay for this participation.",
    "No hay ningún pago pendiente de esta participación.",
);
pub const NOT_MEMBERS: Refusal = Refusal::bad_request(
    "not_members",
    "Some of these users do not belong to the gym.",
    "Algunos de estos usuarios no pertenecen al gimnasio.",
);
pub const NOT_REGISTERED: Refusal = Refusal::bad_request(
    "not_registered",
    "Only who has a place can have attended.",
    "Solo puede haber asistido quien tiene plaza.",
);

impl From<JoinRefusal> for Error {
    fn from(refusal: JoinRefusal) -> Self {
        match refusal {
            JoinRefusal::NotOpen => EVENT_NOT_OPEN,
            JoinRefusal::AlreadyRegistered => ALREADY_REGISTERED,
            JoinRefusal::AlreadyWaiting => ALREADY_WAITING,
            JoinRefusal::PaymentsNotConfigured => PAYMENTS_NOT_CONFIGURED,
            JoinRefusal::RefundPending => REFUND_PENDING,
        }
        .into()
    }
}

/// Who takes part in events.
#[async_trait]
pub trait EventParticipations: Send + Sync {
    /// The caller joins: gets a seat, a claim on one that is to be paid, or a place in the queue (EVT-40). Member guard.
    ///
    /// # Errors
    /// [`MEMBER_NOT_FOUND`], [`EVENT_NOT_FOUND`](super::seating::EVENT_NOT_FOUND), then in this order
    /// [`EVENT_NOT_OPEN`], [`ALREADY_REGISTERED`], [`ALREADY_WAITING`], [`PAYMENTS_NOT_CONFIGURED`], [`REFUND_PENDING`];
    /// `payment_error` when nothing can be paid, and then nothing is kept.
    async fn join(&self, actor: &Actor, event: EventId) -> Result<ParticipationWithPayment>;
    /// The same for many members at once, without payments; who takes part already stays as they are (EVT-47). Admin
    /// guard.
    ///
    /// # Errors
    /// 422 for no ids or more than 500, [`NOT_MEMBERS`], [`EVENT_NOT_FOUND`](super::seating::EVENT_NOT_FOUND),
    /// [`EVENT_NOT_OPEN`], [`PAYMENTS_NOT_CONFIGURED`], [`REFUND_PENDING`].
    async fn join_all(&self, actor: &Actor, event: EventId, users: Vec<UserId>) -> Result<Vec<Participation>>;
    /// The caller takes part no more (EVT-46, EVT-60). Member guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`](super::seating::EVENT_NOT_FOUND), [`EVENT_COMPLETED`], [`PARTICIPATION_NOT_FOUND`].
    async fn cancel(&self, actor: &Actor, event: EventId) -> Result<()>;
    /// Whether a member was there (EVT-48). Trainer guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`](super::seating::EVENT_NOT_FOUND), [`PARTICIPATION_NOT_FOUND`], [`NOT_REGISTERED`].
    async fn attend(&self, actor: &Actor, event: EventId, user: UserId, attended: bool) -> Result<Participation>;
    /// One's own, newest first. Member guard.
    async fn own(&self, actor: &Actor, status: Option<Status>, page: Page) -> Result<Vec<ParticipationWithEvent>>;
    /// One: the caller's own, or any for a trainer.
    ///
    /// # Errors
    /// [`PARTICIPATION_NOT_FOUND`].
    async fn get(&self, actor: &Actor, id: EventParticipationId) -> Result<Participation>;
    /// Of an event: seats, then the queue in its order, then who cancelled, then the others. Trainer guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`](super::seating::EVENT_NOT_FOUND).
    async fn of_event(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<Status>,
        page: Page,
    ) -> Result<Vec<Participation>>;
}

pub struct EventParticipationService {
    pub(super) core: Core,
    pub(super) intents: Intents,
    pub(super) refunds: Refunds,
}

impl EventParticipationService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), intents: Intents::new(core, ports), refunds: Refunds::new(core, ports) }
    }
}

#[async_trait]
impl EventParticipations for EventParticipationService {
    async fn join(&self, actor: &Actor, event: EventId) -> Result<ParticipationWithPayment> {
        self.join_one(actor, event).await
    }

    async fn join_all(&self, actor: &Actor, event: EventId, users: Vec<UserId>) -> Result<Vec<Participation>> {
        self.join_many(actor, event, users).await
    }

    async fn cancel(&self, actor: &Actor, event: EventId) -> Result<()> {
        self.leave(actor, event).await
    }

    async fn attend(&self, actor: &Actor, event: EventId, user: UserId, attended: bool) -> Result<Participation> {
        actor.must_be(GymRole::Trainer)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let row = core
            .db
            .run(async |tx| {
                let event = core.hold_event(&tx, gym, event).await?;
                let row = core.stores.joined.own(&tx, gym, event.id, user).await?.ok_or(PARTICIPATION_NOT_FOUND)?;
                if row.status != Status::Registered {
                    return Err(NOT_REGISTERED.into());
                }
                let change = participation::Update { attended: Some(attended), ..Default::default() };
                Ok::<_, Error>(core.stores.event_participations.update(&tx, gym, row.id, change).await?)
            })
            .await?;
        core.committed(&stale(gym)).await;
        Ok(row.into())
    }

    async fn own(&self, actor: &Actor, status: Option<Status>, page: Page) -> Result<Vec<ParticipationWithEvent>> {
        self.list_own(actor, status, page).await
    }

    async fn get(&self, actor: &Actor, id: EventParticipationId) -> Result<Participation> {
        self.one(actor, id).await
    }

    async fn of_event(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<Status>,
        page: Page,
    ) -> Result<Vec<Participation>> {
        self.list_of_event(actor, event, status, page).await
    }
}

//! Payments of events in the hands of a gym's administrators (EVT-64, EVT-65).
use super::{
    ending::Debt,
    intents::OpenIntent,
    participation_view::{Participation, ParticipationWithRefund},
    participations::{PARTICIPATION_NOT_FOUND, REFUND_PENDING},
    payments::{FREE_EVENT, NO_PAYMENT_INTENT},
    refunds::Refunds,
    seating::{EVENT_NOT_FOUND, stale},
    view::Event,
};
use crate::{Actor, Core, Error, Page, Ports, Refusal, Result, error::Class};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    EventId, EventParticipationId,
    events::{
        admission, event,
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        payment::{self, Change, ChangeRefusal},
        refund::{self, Back, RefundType},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::GymRole,
    kernel::validation::Invalid,
};
use repository::Tx;
use serde::Serialize;
use utoipa::ToSchema;

pub const NOT_PAID: Refusal =
    Refusal::bad_request("not_paid", "This participation is not paid.", "Esta participación no está pagada.");
pub const MORE_THAN_PAID: Refusal = Refusal::bad_request(
    "more_than_paid",
    "No more can be refunded than was paid.",
    "No se puede reembolsar más de lo pagado.",
);
pub const REFUND_REFUSED: Refusal = Refusal::new(
    Class::BadGateway,
    "refund_failed",
    "The payment service could not make the refund; it is tried again.",
    "El servicio de pagos no ha podido hacer el reembolso; se volverá a intentar.",
);
pub const STATUS_CHANGE: Refusal = Refusal::conflict(
    "payment_status_conflict",
    "A payment in this state cannot be changed so.",
    "Un pago en este estado no se puede cambiar así.",
);
pub const USE_REFUND: Refusal = Refusal::conflict(
    "use_refund",
    "What was paid with the payment service is refunded by the refund operation.",
    "Lo pagado con el servicio de pagos se devuelve con la operación de reembolso.",
);

impl From<ChangeRefusal> for Error {
    fn from(refusal: ChangeRefusal) -> Self {
        match refusal {
            ChangeRefusal::FreeEvent => FREE_EVENT,
            ChangeRefusal::NotAllowed => STATUS_CHANGE,
            ChangeRefusal::UseRefund => USE_REFUND,
        }
        .into()
    }
}

/// What was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventRefund)]
pub struct Refunded {
    /// The payment service's; none when nothing went through it.
    pub refund_id: Option<String>,
    /// In the currency's smallest unit.
    pub amount: i32,
    #[serde(rename = "type")]
    pub kind: RefundType,
    /// Always `PROCESSED`.
    pub status: &'static str,
    pub reason: String,
    /// Of a partial refund by the event's policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<i32>,
}

/// Payments of a gym's events.
#[async_trait]
pub trait EventAdministration: Send + Sync {
    /// The parts in a paid event, by time of joining. Admin guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`], [`FREE_EVENT`].
    async fn payments(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<PaymentStatus>,
        page: Page,
    ) -> Result<Vec<ParticipationWithRefund>>;
    /// Events that cost something, the latest start first; cancelled ones only if asked for. Admin guard.
    async fn events(&self, actor: &Actor, only_active: bool, page: Page) -> Result<Vec<Event>>;
    /// Gives a payment back: by the event's policy, or so much (EVT-64). Admin guard.
    ///
    /// # Errors
    /// 422 for an empty reason, one of more than 500 characters or an amount below 1, [`PARTICIPATION_NOT_FOUND`],
    /// [`NOT_PAID`], [`MORE_THAN_PAID`], [`NO_PAYMENT_INTENT`] for cash, [`REFUND_PENDING`], [`REFUND_REFUSED`].
    async fn refund(
        &self,
        actor: &Actor,
        participation: EventParticipationId,
        reason: String,
        amount: Option<i32>,
    ) -> Result<Refunded>;
    /// Says by hand how a payment stands (EVT-65). Admin guard.
    ///
    /// # Errors
    /// [`PARTICIPATION_NOT_FOUND`], [`FREE_EVENT`], [`STATUS_CHANGE`], [`USE_REFUND`].
    async fn set_payment_status(
        &self,
        actor: &Actor,
        participation: EventParticipationId,
        to: PaymentStatus,
    ) -> Result<Participation>;
}

pub struct EventAdministrationService {
    core: Core,
    refunds: Refunds,
}

/// What is to be given back, decided.
enum Owed {
    /// Nothing, or credit: it is done already.
    Settled(Back),
    Task(Box<refund_task::Model>),
}

/// A decision and the row it is about.
struct Decided {
    owed: Owed,
    paid: i32,
    percentage: Option<i32>,
}

fn checked(reason: &str, amount: Option<i32>) -> Result<(), Invalid> {
    if !(1..=500).contains(&reason.trim().chars().count()) {
        return Err(Invalid::field("reason", "must have 1 to 500 characters"));
    }
    if amount.is_some_and(|cents| cents < 1) {
        return Err(Invalid::field("amount_cents", "must be at least 1"));
    }
    Ok(())
}

impl EventAdministrationService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), refunds: Refunds::new(core, ports) }
    }

    /// A row and its event, both held.
    async fn hold(
        &self,
        tx: &Tx,
        actor: &Actor,
        id: EventParticipationId,
    ) -> Result<(event::Model, participation::Model)> {
        let (core, parts, gym) = (&self.core, &self.core.stores.event_participations, actor.gym_id());
        let row = parts.get(tx, gym, id).await?.ok_or(PARTICIPATION_NOT_FOUND)?;
        let event = core.hold_event(tx, gym, row.event_id).await?;
        let row = parts.get(tx, gym, id).await?.ok_or(PARTICIPATION_NOT_FOUND)?;
        Ok((event, row))
    }

    async fn decide(
        &self,
        tx: &Tx,
        actor: &Actor,
        id: EventParticipationId,
        reason: &str,
        amount: Option<i32>,
    ) -> Result<Decided> {
        let (core, tasks, gym) = (&self.core, &self.core.stores.refund_tasks, actor.gym_id());
        let (event, row) = self.hold(tx, actor, id).await?;
        if row.payment_status != Some(PaymentStatus::Paid) {
            return Err(NOT_PAID.into());
        }
        let now = core.clock.now();
        let paid = row.amount_paid_cents.unwrap_or_default();
        let decided = |owed, percentage| Decided { owed, paid, percentage };
        // one that is on its way, or stuck, is tried again as it stands
        let its = |task: &refund_task::Model| task.payment_intent_id == row.stripe_payment_intent_id;
        if let Some(task) = tasks.open_of(tx, gym, &[row.id]).await?.into_iter().find(its) {
            let revived = tasks.revive(tx, gym, task.id, now).await?;
            return Ok(decided(Owed::Task(Box::new(revived.unwrap_or(task))), None));
        }
        let back = match amount {
            Some(cents) if cents > paid => return Err(MORE_THAN_PAID.into()),
            Some(cents) => Back::Money(cents),
            None => refund::on_cancellation(&event, &row, now),
        };
        match back {
            Back::Nothing => Ok(decided(Owed::Settled(back), None)),
            Back::Credit(cents) => {
                core.credit(tx, &event, &row, cents, now).await?;
                Ok(decided(Owed::Settled(back), None))
            }
            Back::Money(cents) => {
                let Some(intent) = row.stripe_payment_intent_id.clone() else { return Err(NO_PAYMENT_INTENT.into()) };
                let partial = amount.is_none() && cents < paid;
                let reason = Some(reason.to_owned());
                let kind = RefundKind::Admin;
                let debt = Debt { participation: row.id, intent: Some(intent), amount: cents, kind, reason };
                let task = core.owe(tx, &event, vec![debt], now).await?.pop().ok_or(REFUND_PENDING)?;
                Ok(decided(Owed::Task(Box::new(task)), partial.then(|| refund::percentage(&event))))
            }
        }
    }

    /// In cash, or a present (EVT-65): seated as after any other payment, but that no money goes back by itself.
    async fn pay_by_hand(
        &self,
        tx: &Tx,
        event: &event::Model,
        row: &participation::Model,
        now: DateTime<Utc>,
    ) -> Result<participation::Model> {
        let (core, stores, gym) = (&self.core, &self.core.stores, event.gym_id);
        core.cancel_intent_later(tx, OpenIntent::of(gym, row)).await?;
        let taken = stores.event_seats.registered(tx, gym, event.id).await?;
        let seated =
            row.status == Status::Registered || (admission::has_seat(event, taken) && admission::is_open(event, now));
        let change = participation::Update {
            status: Some(if seated { Status::Registered } else { Status::WaitingList }),
            queued_at: Some(if seated { None } else { row.queued_at.or(Some(now)) }),
            payment_status: Some(Some(PaymentStatus::Paid)),
            stripe_payment_intent_id: Some(None),
            amount_paid_cents: Some(event.price_cents),
            payment_date: Some(Some(now)),
            payment_expiry: Some(None),
            refund_amount_cents: Some(None),
            refund_date: Some(None),
            // an intent that is paid in spite of this is none of this time
            payment_attempt: Some(row.payment_attempt + 1),
            ..Default::default()
        };
        let paid = stores.event_participations.update(tx, gym, row.id, change).await?;
        if seated {
            core.payment_confirmed(tx, event, &paid, row.status != Status::Registered).await?;
        }
        Ok(paid)
    }

    async fn change(
        &self,
        tx: &Tx,
        actor: &Actor,
        id: EventParticipationId,
        to: PaymentStatus,
    ) -> Result<participation::Model> {
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        let (event, row) = self.hold(tx, actor, id).await?;
        let now = core.clock.now();
        match payment::change(&event, &row, to)? {
            Change::Same => return Ok(row),
            Change::Paid => return self.pay_by_hand(tx, &event, &row, now).await,
            Change::Expired => drop(core.take_out(tx, actor.gym(), &event, row, now).await?),
            Change::Credited => {
                let paid = row.amount_paid_cents.filter(|paid| *paid > 0).ok_or(STATUS_CHANGE)?;
                core.credit(tx, &event, &row, paid, now).await?;
                stores.refund_tasks.settle_cash(tx, gym, row.id).await?;
            }
            Change::Refunded => {
                let back = participation::Update {
                    payment_status: Some(Some(PaymentStatus::Refunded)),
                    refund_amount_cents: Some(row.amount_paid_cents),
                    refund_date: Some(Some(now)),
                    ..Default::default()
                };
                let row = stores.event_participations.update(tx, gym, row.id, back).await?;
                stores.refund_tasks.settle_cash(tx, gym, row.id).await?;
                stores.refund_tasks.count(tx, gym, event.id, row.amount_paid_cents.unwrap_or_default()).await?;
                core.refunded_in_cash(tx, actor.gym(), &event, &row).await?;
            }
        }
        Ok(stores.event_participations.get(tx, gym, id).await?.ok_or(PARTICIPATION_NOT_FOUND)?)
    }
}

#[async_trait]
impl EventAdministration for EventAdministrationService {
    async fn payments(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<PaymentStatus>,
        page: Page,
    ) -> Result<Vec<ParticipationWithRefund>> {
        actor.must_be(GymRole::Admin)?;
        let (db, stores, gym) = (&self.core.db, &self.core.stores, actor.gym_id());
        if !stores.events.get(db, gym, event).await?.ok_or(EVENT_NOT_FOUND)?.is_paid {
            return Err(FREE_EVENT.into());
        }
        let rows = stores.joined.payments(db, gym, event, status, page).await?;
        let view = |(row, task): (participation::Model, Option<refund_task::Model>)| ParticipationWithRefund {
            participation: row.into(),
            open_refund: task.map(Into::into),
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn events(&self, actor: &Actor, only_active: bool, page: Page) -> Result<Vec<Event>> {
        actor.must_be(GymRole::Admin)?;
        let events = self.core.stores.joined.paid_events(&self.core.db, actor.gym_id(), only_active, page).await?;
        Ok(events.into_iter().map(Event::from).collect())
    }

    async fn refund(
        &self,
        actor: &Actor,
        participation: EventParticipationId,
        reason: String,
        amount: Option<i32>,
    ) -> Result<Refunded> {
        actor.must_be(GymRole::Admin)?;
        checked(&reason, amount)?;
        let reason = reason.trim().to_owned();
        let core = &self.core;
        let decide = async |tx: Tx| self.decide(&tx, actor, participation, &reason, amount).await;
        let Decided { owed, paid, percentage } = core.db.run(decide).await?;
        core.committed(&stale(actor.gym_id())).await;
        let answer = |refund_id, back, reason| Refunded {
            refund_id,
            amount: match back {
                Back::Nothing => 0,
                Back::Money(cents) | Back::Credit(cents) => cents,
            },
            kind: refund::kind_of(back, paid),
            status: "PROCESSED",
            reason,
            percentage,
        };
        let task = match owed {
            Owed::Settled(back) => return Ok(answer(None, back, reason)),
            Owed::Task(task) => task,
        };
        let attempted = self.refunds.run_one(&task).await?.ok_or(REFUND_PENDING)?;
        if attempted.error.is_some() || attempted.task.state != RefundState::Done {
            return Err(REFUND_REFUSED.into());
        }
        let done = attempted.task;
        Ok(answer(done.stripe_refund_id, Back::Money(done.amount_cents), done.reason.unwrap_or(reason)))
    }

    async fn set_payment_status(
        &self,
        actor: &Actor,
        participation: EventParticipationId,
        to: PaymentStatus,
    ) -> Result<Participation> {
        actor.must_be(GymRole::Admin)?;
        let core = &self.core;
        let row = core.db.run(async |tx| self.change(&tx, actor, participation, to).await).await?;
        core.committed(&stale(actor.gym_id())).await;
        Ok(row.into())
    }
}

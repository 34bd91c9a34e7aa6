//! Joining an event, and taking part no more (EVT-40 … EVT-49).
use super::{
    ending::Debt,
    intents::{Intents, OpenIntent, Ready},
    participation_view::{Participation, ParticipationWithEvent, ParticipationWithPayment},
    payments::{PAYMENTS_NOT_CONFIGURED, must_be_in_time},
    refunds::Refunds,
    seating::{EVENT_NOT_FOUND, stale},
};
use crate::{Actor, Core, Error, Page, Ports, Refusal, Result};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    EventId, EventParticipationId, UserId,
    billing::{event_credit, stripe_account},
    events::{
        admission::{self, JoinRefusal, Joining, Own},
        event::{self, EventStatus},
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        refund::{self, Back},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::{GymRole, gym},
    kernel::validation::Invalid,
};
use repository::Tx;
use std::collections::{BTreeMap, BTreeSet};

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
    /// [`MEMBER_NOT_FOUND`], [`EVENT_NOT_FOUND`], then in this order [`EVENT_NOT_OPEN`], [`ALREADY_REGISTERED`],
    /// [`ALREADY_WAITING`], [`PAYMENTS_NOT_CONFIGURED`], [`REFUND_PENDING`]; `payment_error` when nothing can be paid,
    /// and then nothing is kept.
    async fn join(&self, actor: &Actor, event: EventId) -> Result<ParticipationWithPayment>;
    /// The same for many members at once, without payments; who takes part already stays as they are (EVT-47). Admin
    /// guard.
    ///
    /// # Errors
    /// 422 for no ids or more than 500, [`NOT_MEMBERS`], [`EVENT_NOT_FOUND`], [`EVENT_NOT_OPEN`],
    /// [`PAYMENTS_NOT_CONFIGURED`], [`REFUND_PENDING`].
    async fn join_all(&self, actor: &Actor, event: EventId, users: Vec<UserId>) -> Result<Vec<Participation>>;
    /// The caller takes part no more (EVT-46, EVT-60). Member guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`], [`EVENT_COMPLETED`], [`PARTICIPATION_NOT_FOUND`].
    async fn cancel(&self, actor: &Actor, event: EventId) -> Result<()>;
    /// Whether a member was there (EVT-48). Trainer guard.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`], [`PARTICIPATION_NOT_FOUND`], [`NOT_REGISTERED`].
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
    /// [`EVENT_NOT_FOUND`].
    async fn of_event(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<Status>,
        page: Page,
    ) -> Result<Vec<Participation>>;
}

/// What joining wrote.
struct Joined {
    event: event::Model,
    row: participation::Model,
    account: Option<stripe_account::Model>,
    /// To be paid now.
    due: bool,
    /// The row as it was before, if this request changed it.
    before: Option<Option<participation::Model>>,
}

pub struct EventParticipationService {
    core: Core,
    intents: Intents,
    refunds: Refunds,
}

/// A row of somebody who joins: made, or taken up again with nothing of the time before (EVT-40, EVT-41).
fn joins(
    event: &event::Model,
    member: UserId,
    before: Option<&participation::Model>,
    place: Joining,
    now: DateTime<Utc>,
) -> participation::Model {
    let unpaid = event.is_paid.then_some(PaymentStatus::Pending);
    let (status, payment_status, payment_expiry, queued_at) = match place {
        Joining::Claim(expiry) => (Status::PendingPayment, unpaid, Some(expiry), None),
        Joining::Queue => (Status::WaitingList, unpaid, None, Some(now)),
        Joining::Seat | Joining::ToBePaid => (Status::Registered, None, None, None),
    };
    participation::Model {
        id: before.map_or(EventParticipationId(0), |row| row.id),
        gym_id: event.gym_id,
        event_id: event.id,
        member_id: member,
        status,
        attended: false,
        payment_status,
        stripe_payment_intent_id: None,
        amount_paid_cents: None,
        refund_amount_cents: None,
        payment_date: None,
        refund_date: None,
        payment_expiry,
        registered_at: now,
        queued_at,
        payment_attempt: before.map_or(0, |row| row.payment_attempt) + 1,
        created_at: now,
        updated_at: now,
    }
}

impl Core {
    /// What is written when somebody takes part anew whose payment the gym kept: it does not count for this time.
    async fn keep_payment(&self, tx: &Tx, row: &participation::Model, now: DateTime<Utc>) -> Result<()> {
        let kept = row.stripe_payment_intent_id.clone().zip(row.amount_paid_cents.filter(|paid| *paid > 0));
        let Some((intent, amount_cents)) = kept.filter(|_| row.payment_status == Some(PaymentStatus::Paid)) else {
            return Ok(());
        };
        let kept = refund_task::Create {
            event_id: row.event_id,
            participation_id: row.id,
            payment_intent_id: Some(intent),
            amount_cents,
            kind: RefundKind::Policy,
            state: RefundState::Kept,
            next_attempt_at: now,
            last_error: None,
            stripe_refund_id: None,
            reason: None,
        };
        self.stores.refund_tasks.add(tx, row.gym_id, vec![kept]).await?;
        Ok(())
    }

    /// Ends one member's part in a held event: what they are owed is written, and their seat goes on (EVT-46, EVT-60).
    pub(super) async fn take_out(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        row: participation::Model,
        now: DateTime<Utc>,
    ) -> Result<Vec<refund_task::Model>> {
        let stores = &self.stores;
        stores.event_seats.end(tx, gym.id, &[row.id]).await?;
        self.cancel_intent_later(tx, OpenIntent::of(gym.id, &row)).await?;
        let mut owed = Vec::new();
        if row.payment_status == Some(PaymentStatus::Paid) {
            match refund::on_cancellation(event, &row, now) {
                Back::Nothing => {}
                Back::Money(amount) => {
                    let intent = row.stripe_payment_intent_id.clone();
                    let kind = RefundKind::Policy;
                    let debt = Debt { participation: row.id, intent, amount, kind, reason: None };
                    owed = self.owe(tx, event, vec![debt], now).await?;
                }
                Back::Credit(amount) => self.credit(tx, event, &row, amount, now).await?,
            }
        }
        if row.status == Status::Registered {
            self.promote_in_event(tx, gym, event, now).await?;
            self.leaves_chat(tx, gym.id, event.id, vec![row.member_id]).await?;
        }
        Ok(owed)
    }

    /// Gives a payment back as credit (EVT-60).
    pub(super) async fn credit(
        &self,
        tx: &Tx,
        event: &event::Model,
        row: &participation::Model,
        amount: i32,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let stores = &self.stores;
        let credit = event_credit::Create {
            user_id: row.member_id,
            participation_id: row.id,
            payment_intent_id: row.stripe_payment_intent_id.clone(),
            amount,
            currency: event.currency.clone(),
        };
        stores.event_credits.create(tx, event.gym_id, credit).await?;
        let credited = participation::Update {
            payment_status: Some(Some(PaymentStatus::Credited)),
            refund_amount_cents: Some(Some(amount)),
            refund_date: Some(Some(now)),
            ..Default::default()
        };
        stores.event_participations.update(tx, event.gym_id, row.id, credited).await?;
        Ok(())
    }
}

impl EventParticipationService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), intents: Intents::new(core, ports), refunds: Refunds::new(core, ports) }
    }

    /// The first of two transactions: the row, without its intent. At most six statements.
    async fn place(&self, tx: &Tx, actor: &Actor, event: EventId) -> Result<Joined> {
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        // before the event, in the order of all locks; what it means comes second
        let membership = stores.event_seats.hold_membership(tx, gym, actor.user_id()).await?;
        let event = core.hold_event(tx, gym, event).await?;
        membership.ok_or(MEMBER_NOT_FOUND)?;
        let state = stores.event_seats.state(tx, gym, event.id, actor.user_id()).await?.ok_or(EVENT_NOT_FOUND)?;
        let before = match state.own {
            Some(id) => stores.event_participations.get(tx, gym, id).await?,
            None => None,
        };
        let account = if event.is_paid { self.intents.account(tx, gym).await? } else { None };
        let now = core.clock.now();
        let own = Own { row: before.as_ref(), refund_open: state.refunds > 0 };
        let place = admission::join(&event, state.registered, own, account.is_some(), now)?;
        if let (Joining::ToBePaid, Some(row)) = (place, &before) {
            must_be_in_time(core, row)?;
            return Ok(Joined { event, row: row.clone(), account, due: true, before: None });
        }
        if let Some(before) = &before {
            core.keep_payment(tx, before, now).await?;
        }
        let row = joins(&event, actor.user_id(), before.as_ref(), place, now);
        let row = stores.event_seats.put(tx, gym, vec![row]).await?.pop().ok_or(PARTICIPATION_NOT_FOUND)?;
        if place == Joining::Seat {
            core.enters_chat(tx, gym, event.id, vec![row.member_id]).await?;
        }
        Ok(Joined { event, row, account, due: matches!(place, Joining::Claim(_)), before: Some(before) })
    }

    /// With what a claim is paid; when that cannot be had, a row that this request made or changed is as it was before
    /// (EVT-43).
    async fn pay(&self, joined: Joined) -> Result<ParticipationWithPayment> {
        let Some(account) = joined.account else { return Err(PAYMENTS_NOT_CONFIGURED.into()) };
        let old = joined.before.as_ref().and_then(Option::as_ref).and_then(|row| {
            let unpaid = row.payment_status == Some(PaymentStatus::Expired);
            let intent = row.stripe_payment_intent_id.clone().filter(|_| unpaid)?;
            Some(OpenIntent { gym_id: row.gym_id, participation_id: row.id, intent })
        });
        if let Some(old) = old {
            // one that was paid meanwhile goes back: it was for the time before (EVT-41, EVT-55)
            self.intents.cancel(&old).await?;
        }
        match self.intents.ready(&account, &joined.event, joined.row.clone()).await {
            Ok(Ready::Intent(row, intent)) => Ok(ParticipationWithPayment::with(*row, &intent, &account)),
            Ok(Ready::Paid(row)) => Ok(ParticipationWithPayment::without(*row)),
            Err(e) => {
                if let Some(before) = joined.before {
                    self.undo(&joined.row, before).await?;
                }
                Err(e)
            }
        }
    }

    /// Puts a row back that has got no intent, if nobody has taken it further meanwhile.
    async fn undo(&self, row: &participation::Model, before: Option<participation::Model>) -> Result<()> {
        let (core, parts, gym) = (&self.core, &self.core.stores.event_participations, row.gym_id);
        core.db
            .run(async |tx| {
                core.hold_event(&tx, gym, row.event_id).await?;
                let now = parts.get(&tx, gym, row.id).await?;
                let untouched = now.is_some_and(|now| {
                    now.status == Status::PendingPayment
                        && now.stripe_payment_intent_id.is_none()
                        && now.registered_at == row.registered_at
                });
                if untouched {
                    match before.clone() {
                        None => drop(parts.remove(&tx, gym, row.id).await?),
                        Some(before) => {
                            // the key of the attempt that failed is not used again
                            let before = participation::Model { payment_attempt: row.payment_attempt, ..before };
                            if let Some(intent) = &before.stripe_payment_intent_id {
                                core.stores.refund_tasks.forget_kept(&tx, gym, row.id, intent).await?;
                            }
                            core.stores.event_seats.put(&tx, gym, vec![before]).await?;
                        }
                    }
                }
                Ok::<_, Error>(())
            })
            .await?;
        core.committed(&stale(gym)).await;
        Ok(())
    }

    async fn place_all(
        &self,
        tx: &Tx,
        actor: &Actor,
        event: EventId,
        users: &[UserId],
    ) -> Result<Vec<participation::Model>> {
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        let present = stores.event_seats.wait_for_members(tx, gym, users).await?;
        let event = core.hold_event(tx, gym, event).await?;
        let strangers: Vec<_> = users.iter().filter(|user| !present.contains(user)).map(|user| user.0).collect();
        if !strangers.is_empty() {
            return Err(Error::RefusedFor(NOT_MEMBERS, strangers));
        }
        let now = core.clock.now();
        if !admission::is_open(&event, now) {
            return Err(EVENT_NOT_OPEN.into());
        }
        if event.is_paid && self.intents.account(tx, gym).await?.is_none() {
            return Err(PAYMENTS_NOT_CONFIGURED.into());
        }
        let known = stores.joined.of_members(tx, gym, event.id, users).await?;
        let mut known: BTreeMap<_, _> = known.into_iter().map(|row| (row.member_id, row)).collect();
        let again: Vec<_> = known.values().filter(|row| !row.status.is_active()).map(|row| row.id).collect();
        if !stores.refund_tasks.open_of(tx, gym, &again).await?.is_empty() {
            return Err(REFUND_PENDING.into());
        }
        let mut registered = stores.event_seats.registered(tx, gym, event.id).await?;
        let mut new = Vec::new();
        for (n, user) in users.iter().enumerate() {
            let before = known.get(user);
            if before.is_some_and(|row| row.status.is_active()) {
                continue;
            }
            if let Some(before) = before {
                core.keep_payment(tx, before, now).await?;
            }
            // the queue keeps the order of the list
            let at = now + TimeDelta::microseconds(i64::try_from(n).unwrap_or_default());
            let place = admission::place(&event, registered, now);
            registered += i64::from(place == Joining::Seat);
            new.push(joins(&event, *user, before, place, at));
        }
        let written = stores.event_seats.put(tx, gym, new).await?;
        let seated = written.iter().filter(|row| row.status == Status::Registered).map(|row| row.member_id);
        core.enters_chat(tx, gym, event.id, seated.collect()).await?;
        known.extend(written.into_iter().map(|row| (row.member_id, row)));
        Ok(users.iter().filter_map(|user| known.remove(user)).collect())
    }
}

/// How many join at once at most (EVT-47).
const MOST: usize = 500;

#[async_trait]
impl EventParticipations for EventParticipationService {
    async fn join(&self, actor: &Actor, event: EventId) -> Result<ParticipationWithPayment> {
        actor.must_be(GymRole::Member)?;
        let core = &self.core;
        let joined = core.db.run(async |tx| self.place(&tx, actor, event).await).await?;
        if joined.before.is_some() {
            core.committed(&stale(actor.gym_id())).await;
        }
        if joined.due {
            return self.pay(joined).await;
        }
        Ok(ParticipationWithPayment::without(joined.row))
    }

    async fn join_all(&self, actor: &Actor, event: EventId, users: Vec<UserId>) -> Result<Vec<Participation>> {
        actor.must_be(GymRole::Admin)?;
        if users.is_empty() || users.len() > MOST {
            return Err(Invalid::field("user_ids", format!("must have 1 to {MOST} items")).into());
        }
        let mut seen = BTreeSet::new();
        let users: Vec<_> = users.into_iter().filter(|user| seen.insert(*user)).collect();
        let core = &self.core;
        let rows = core.db.run(async |tx| self.place_all(&tx, actor, event, &users).await).await?;
        core.committed(&stale(actor.gym_id())).await;
        Ok(rows.into_iter().map(Participation::from).collect())
    }

    async fn cancel(&self, actor: &Actor, event: EventId) -> Result<()> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let owed = core
            .db
            .run(async |tx| {
                let event = core.hold_event(&tx, gym, event).await?;
                if event.status == EventStatus::Completed {
                    return Err(EVENT_COMPLETED.into());
                }
                let own = core.stores.joined.own(&tx, gym, event.id, actor.user_id()).await?;
                let own = own.filter(|row| row.status.is_active()).ok_or(PARTICIPATION_NOT_FOUND)?;
                core.take_out(&tx, actor.gym(), &event, own, core.clock.now()).await
            })
            .await?;
        core.committed(&stale(gym)).await;
        for task in owed.iter().filter(|task| task.state == RefundState::Pending) {
            // what does not go through now is tried again by the clock
            if let Err(error) = self.refunds.run_one(task).await {
                tracing::warn!(task = %task.id, %error, "a refund could not be tried");
            }
        }
        Ok(())
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
        actor.must_be(GymRole::Member)?;
        let (db, joined) = (&self.core.db, &self.core.stores.joined);
        let rows = joined.of_member(db, actor.gym_id(), actor.user_id(), status, page).await?;
        let view = |(row, event): (participation::Model, event::Model)| ParticipationWithEvent {
            participation: row.into(),
            event: event.into(),
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn get(&self, actor: &Actor, id: EventParticipationId) -> Result<Participation> {
        actor.must_be(GymRole::Member)?;
        let row = self.core.stores.event_participations.get(&self.core.db, actor.gym_id(), id).await?;
        let visible =
            |row: &participation::Model| row.member_id == actor.user_id() || actor.is_at_least(GymRole::Trainer);
        Ok(row.filter(visible).ok_or(PARTICIPATION_NOT_FOUND)?.into())
    }

    async fn of_event(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<Status>,
        page: Page,
    ) -> Result<Vec<Participation>> {
        actor.must_be(GymRole::Trainer)?;
        let (db, stores, gym) = (&self.core.db, &self.core.stores, actor.gym_id());
        stores.events.get(db, gym, event).await?.ok_or(EVENT_NOT_FOUND)?;
        let rows = stores.joined.of_event(db, gym, event, status, page).await?;
        Ok(rows.into_iter().map(Participation::from).collect())
    }
}

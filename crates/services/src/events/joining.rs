//! Joining an event, alone or by an administrator's list (EVT-40 … EVT-47).
use super::{
    intents::{OpenIntent, Ready},
    participation_view::{Participation, ParticipationWithPayment},
    participations::{
        EVENT_NOT_OPEN, EventParticipationService, MEMBER_NOT_FOUND, NOT_MEMBERS, PARTICIPATION_NOT_FOUND,
        REFUND_PENDING,
    },
    payments::{PAYMENTS_NOT_CONFIGURED, must_be_in_time},
    seating::{EVENT_NOT_FOUND, stale},
};
use crate::{Actor, Core, Error, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    EventId, EventParticipationId, UserId,
    billing::stripe_account,
    events::{
        admission::{self, Joining, Own},
        event,
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::GymRole,
    kernel::validation::Invalid,
};
use repository::Tx;
use std::collections::{BTreeMap, BTreeSet};

/// How many join at once at most (EVT-47).
const MOST: usize = 500;

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
}

impl EventParticipationService {
    pub(super) async fn join_one(&self, actor: &Actor, event: EventId) -> Result<ParticipationWithPayment> {
        actor.must_be(GymRole::Member)?;
        let core = &self.core;
        let joined = core.in_turn(event, async |tx| self.place(&tx, actor, event).await).await?;
        if joined.before.is_some() {
            core.committed(&stale(actor.gym_id())).await;
        }
        if joined.due {
            return self.pay(joined).await;
        }
        Ok(ParticipationWithPayment::without(joined.row))
    }

    pub(super) async fn join_many(
        &self,
        actor: &Actor,
        event: EventId,
        users: Vec<UserId>,
    ) -> Result<Vec<Participation>> {
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

    /// The first of two transactions: the row, without its intent. At most six statements.
    async fn place(&self, tx: &Tx, actor: &Actor, event: EventId) -> Result<Joined> {
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        // before the event, in the order of all locks; what it means comes second
        let membership = stores.event_seats.hold_membership(tx, gym, actor.user_id()).await?;
        let event = core.hold_event(tx, gym, event).await?;
        membership.ok_or(MEMBER_NOT_FOUND)?;
        let state = stores.event_seats.state(tx, gym, event.id, actor.user_id()).await?.ok_or(EVENT_NOT_FOUND)?;
        let before = state.own;
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

//! How taking part ends: with the event, or for want of a seat; and what is owed then.
use super::{
    intents::OpenIntent,
    seating::{ids, members},
};
use crate::{Core, Result};
use chrono::{DateTime, Utc};
use domain::{
    EventParticipationId, GymId, UserId,
    events::{
        event,
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        refund_task::{self, RefundKind, RefundState},
    },
};
use repository::Tx;
use std::collections::{HashMap, HashSet};

/// Why a refund cannot be tried at all.
pub(crate) const NOT_CONNECTED: &str = "stripe_not_connected";
/// What was paid in cash goes back in cash.
pub(crate) const NO_INTENT: &str = "no_payment_intent";

/// Money that is to go back to somebody.
#[derive(Clone, Debug)]
pub(super) struct Debt {
    pub participation: EventParticipationId,
    pub intent: Option<String>,
    pub amount: i32,
    pub kind: RefundKind,
    pub reason: Option<String>,
}

impl Debt {
    /// Everything that a row's payment was.
    pub fn whole(row: &participation::Model, kind: RefundKind) -> Option<Self> {
        let amount = row.amount_paid_cents.filter(|paid| *paid > 0 && is_paid(row))?;
        let intent = row.stripe_payment_intent_id.clone();
        Some(Self { participation: row.id, intent, amount, kind, reason: None })
    }
}

fn is_paid(row: &participation::Model) -> bool {
    row.payment_status == Some(PaymentStatus::Paid)
}

/// Who took part in a cancelled event until now, and what they get back (EVT-32).
#[derive(Clone, Debug, Default)]
pub(crate) struct Ended {
    /// Everybody who was active, with what goes back to them by itself, in cents.
    pub people: Vec<(UserId, i64)>,
    /// To be cancelled when the transaction is through (EVT-33).
    pub intents_to_cancel: Vec<OpenIntent>,
    /// Refunds of this event that are to be tried.
    pub tasks: Vec<refund_task::Model>,
    /// Refunds that cannot be tried: paid in cash, or no account to refund from (EVT-34, EVT-38).
    pub failed: Vec<FailedRefund>,
}

/// A payment that does not go back by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedRefund {
    pub participation_id: EventParticipationId,
    pub member_id: UserId,
    pub error: String,
}

/// What a completed event leaves (EVT-56, EVT-90).
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    /// To be cancelled when the transaction is through.
    pub intents_to_cancel: Vec<OpenIntent>,
}

impl Core {
    /// Writes what is owed as refund tasks; for a payment whose refund is on its way already it does nothing. Those that
    /// cannot be tried are written as failed, and the gym's administrators are told. Returns the new ones.
    pub(super) async fn owe(
        &self,
        tx: &Tx,
        event: &event::Model,
        debts: Vec<Debt>,
        now: DateTime<Utc>,
    ) -> Result<Vec<refund_task::Model>> {
        if debts.is_empty() {
            return Ok(Vec::new());
        }
        let (gym, tasks) = (event.gym_id, &self.stores.refund_tasks);
        let rows: Vec<_> = debts.iter().map(|debt| debt.participation).collect();
        let known = tasks.open_of(tx, gym, &rows).await?;
        let known: HashSet<_> = known.into_iter().map(|task| (task.participation_id, task.payment_intent_id)).collect();
        let connected = self.stores.payment_accounts.of_gym(tx, gym).await?.is_some();
        let task = |debt: Debt| {
            let error = match &debt.intent {
                None => Some(NO_INTENT),
                Some(_) if !connected => Some(NOT_CONNECTED),
                Some(_) => None,
            };
            refund_task::Create {
                event_id: event.id,
                participation_id: debt.participation,
                payment_intent_id: debt.intent,
                amount_cents: debt.amount,
                kind: debt.kind,
                state: if error.is_some() { RefundState::Failed } else { RefundState::Pending },
                next_attempt_at: now,
                last_error: error.map(str::to_owned),
                stripe_refund_id: None,
                reason: debt.reason,
            }
        };
        let new = debts.into_iter().filter(|debt| !known.contains(&(debt.participation, debt.intent.clone())));
        let added = tasks.add(tx, gym, new.map(task).collect()).await?;
        let failed: Vec<_> = added.iter().filter(|task| task.state == RefundState::Failed).collect();
        if !failed.is_empty() {
            let gym = self.gym_of(tx, gym).await?;
            for task in failed {
                self.refund_failed(tx, &gym, event, task).await?;
            }
        }
        Ok(added)
    }

    /// Ends every part in a held event that is being cancelled: claims lapse, and whoever paid gets everything back
    /// whatever the policy says (EVT-32, EVT-35, EVT-38). The people are those of before.
    pub(crate) async fn end_participations(&self, tx: &Tx, event: &event::Model, now: DateTime<Utc>) -> Result<Ended> {
        let gym = event.gym_id;
        let rows = self.stores.joined.in_states(tx, gym, event.id, &Status::ACTIVE).await?;
        self.stores.event_seats.end(tx, gym, &ids(&rows)).await?;
        let debts = rows.iter().filter_map(|row| Debt::whole(row, RefundKind::EventCancelled)).collect();
        self.owe(tx, event, debts, now).await?;
        // with those that were owed before, for want of a seat
        let open = self.stores.refund_tasks.open_of(tx, gym, &ids(&rows)).await?;
        let member: HashMap<_, _> = rows.iter().map(|row| (row.id, row.member_id)).collect();
        let mut back: HashMap<UserId, i64> = HashMap::new();
        let (tasks, stuck): (Vec<_>, Vec<_>) = open.into_iter().partition(|task| task.state == RefundState::Pending);
        for task in &tasks {
            if let Some(user) = member.get(&task.participation_id) {
                *back.entry(*user).or_default() += i64::from(task.amount_cents);
            }
        }
        let failed = stuck.into_iter().filter_map(|task| {
            Some(FailedRefund {
                participation_id: task.participation_id,
                member_id: *member.get(&task.participation_id)?,
                error: task.last_error.unwrap_or_default(),
            })
        });
        Ok(Ended {
            people: members(&rows).into_iter().map(|user| (user, back.get(&user).copied().unwrap_or(0))).collect(),
            intents_to_cancel: open_intents(gym, &rows),
            failed: failed.collect(),
            tasks,
        })
    }

    /// Claims of a held event that is completed lapse, and who paid without getting a seat is owed it (EVT-56, EVT-90).
    pub(crate) async fn settle_completed(&self, tx: &Tx, event: &event::Model, now: DateTime<Utc>) -> Result<Settled> {
        let gym = event.gym_id;
        let mut rows = self.stores.joined.in_states(tx, gym, event.id, &Status::ACTIVE).await?;
        self.owe(tx, event, unseated(&rows), now).await?;
        rows.retain(|row| row.status != Status::WaitingList && row.payment_status == Some(PaymentStatus::Pending));
        self.stores.event_seats.end(tx, gym, &ids(&rows)).await?;
        Ok(Settled { intents_to_cancel: open_intents(gym, &rows) })
    }
}

/// Who waits although they paid is owed everything.
pub(super) fn unseated(rows: &[participation::Model]) -> Vec<Debt> {
    let waiting = rows.iter().filter(|row| row.status == Status::WaitingList);
    waiting.filter_map(|row| Debt::whole(row, RefundKind::Unseated)).collect()
}

/// What these rows' members could still pay.
pub(super) fn open_intents(gym: GymId, rows: &[participation::Model]) -> Vec<OpenIntent> {
    rows.iter().filter_map(|row| OpenIntent::of(gym, row)).collect()
}

//! What the payment service tells of payments for events (EVT-66). Whoever receives it has checked that it is the
//! payment service's, and calls this once for each thing that it tells; a second time does no harm.
use super::{
    expiry::Lapse,
    payments::{is_current, is_for},
    seating::stale,
};
use crate::{Core, Error, Result};
use async_trait::async_trait;
use domain::{
    EventParticipationId, GymId,
    events::{
        event,
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        payment::Purpose,
        refund_task::{self, RefundKind, RefundState},
    },
};
use ports::payments::Intent;
use repository::Tx;

/// Of a charge, how much has gone back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRefunded {
    pub intent: String,
    /// Everything so far, in the currency's smallest unit.
    pub amount_refunded: i64,
    /// Nothing of it is left.
    pub fully: bool,
}

/// Payments as the payment service tells of them; `account` is the gym's there. What is no event's, or no payment that
/// counts, is passed over. Every error is one of the database: tell it again.
#[async_trait]
pub trait EventPayments: Send + Sync {
    /// EVT-53 … EVT-55.
    async fn succeeded(&self, account: &str, intent: &Intent) -> Result<()>;
    /// Who has not paid loses the claim, as if its time were over (EVT-59).
    async fn canceled(&self, account: &str, intent: &Intent) -> Result<()>;
    /// The payer is told; claim and seat stay.
    async fn failed(&self, account: &str, intent: &Intent) -> Result<()>;
    /// In part or in whole; by this system or by hand.
    async fn refunded(&self, account: &str, charge: &ChargeRefunded) -> Result<()>;
}

pub struct EventPaymentsService {
    core: Core,
}

/// What somebody tells of cannot be found here: they are answered all the same.
fn passed_over(account: &str, intent: &str, why: &'static str) {
    tracing::info!(account, intent, why, "a payment is passed over");
}

impl EventPaymentsService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn gym(&self, account: &str) -> Result<Option<GymId>> {
        let found = self.core.stores.payment_accounts.by_account(&self.core.db, account).await?;
        Ok(found.map(|row| row.gym_id))
    }

    /// The row that an intent is for: by its id, else by what it says of itself.
    async fn find(&self, account: &str, intent: &Intent) -> Result<Option<(participation::Model, event::Model)>> {
        let (db, stores) = (&self.core.db, &self.core.stores);
        let (gym, purpose) = match (self.gym(account).await?, Purpose::of(&intent.metadata)) {
            (Some(gym), Some(purpose)) if purpose.gym == gym => (gym, purpose),
            (Some(_), None) => return Ok(None),
            _ => {
                passed_over(account, &intent.id, "not the gym's account");
                return Ok(None);
            }
        };
        let id: Option<EventParticipationId> = match stores.joined.by_intent(db, gym, &intent.id).await? {
            Some(row) => Some(row.id),
            None => match purpose.participation {
                Some(id) => Some(id),
                None => stores.joined.own(db, gym, purpose.event, purpose.user).await?.map(|row| row.id),
            },
        };
        let found = match id {
            Some(id) => stores.joined.with_event(db, gym, id).await?,
            None => None,
        };
        if found.is_none() {
            passed_over(account, &intent.id, "no such participation");
        }
        Ok(found)
    }

    async fn note_refund(&self, tx: &Tx, row: &participation::Model, charge: &ChargeRefunded) -> Result<()> {
        let (core, stores, gym) = (&self.core, &self.core.stores, row.gym_id);
        let event = core.hold_event(tx, gym, row.event_id).await?;
        let Some(row) = stores.event_participations.get(tx, gym, row.id).await? else { return Ok(()) };
        let task = stores.refund_tasks.of_payment(tx, gym, &charge.intent).await?;
        let back = i32::try_from(charge.amount_refunded).unwrap_or(i32::MAX);
        let its = row.stripe_payment_intent_id.as_deref() == Some(charge.intent.as_str());
        let open = task.as_ref().filter(|task| RefundState::OPEN.contains(&task.state));
        let whole = charge.fully || task.as_ref().is_some_and(|task| task.amount_cents == back);
        if let Some(task) = open.filter(|_| whole) {
            // before this system knew that its own went through, or by hand
            core.refund_done(tx, task, None).await?;
        }
        let before = match (&task, its) {
            (Some(task), _) if whole || task.state == RefundState::Done => task.amount_cents,
            (_, true) => row.refund_amount_cents.unwrap_or_default(),
            _ => 0,
        };
        if back > before {
            stores.refund_tasks.count(tx, gym, event.id, back - before).await?;
        }
        if its && matches!(row.payment_status, Some(PaymentStatus::Paid | PaymentStatus::Refunded)) {
            let noted = participation::Update {
                payment_status: Some(Some(if whole { PaymentStatus::Refunded } else { PaymentStatus::Paid }))
                    .filter(|_| row.payment_status == Some(PaymentStatus::Paid)),
                refund_amount_cents: Some(Some(back)),
                refund_date: Some(Some(core.clock.now())),
                ..Default::default()
            };
            stores.event_participations.update(tx, gym, row.id, noted).await?;
        }
        if task.is_none() && whole && back > 0 {
            // by hand, at the payment service: it is kept, so that the payment never counts again
            let done = refund_task::Create {
                event_id: event.id,
                participation_id: row.id,
                payment_intent_id: Some(charge.intent.clone()),
                amount_cents: back,
                kind: RefundKind::Admin,
                state: RefundState::Done,
                next_attempt_at: core.clock.now(),
                last_error: None,
                stripe_refund_id: None,
                reason: None,
            };
            stores.refund_tasks.add(tx, gym, vec![done]).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl EventPayments for EventPaymentsService {
    async fn succeeded(&self, account: &str, intent: &Intent) -> Result<()> {
        let Some((row, event)) = self.find(account, intent).await? else { return Ok(()) };
        if !is_for(&event, &row, intent) {
            passed_over(account, &intent.id, "not a payment for this participation");
            return Ok(());
        }
        match self.core.payment_succeeded(&row, intent).await {
            Ok(_) => Ok(()),
            Err(e @ Error::Store(_)) => Err(e),
            Err(e) => {
                tracing::warn!(account, intent = intent.id, code = e.code(), "a payment does not count");
                Ok(())
            }
        }
    }

    async fn canceled(&self, account: &str, intent: &Intent) -> Result<()> {
        let Some((row, event)) = self.find(account, intent).await? else { return Ok(()) };
        // one of another price was cancelled here, to be replaced (EVT-22)
        let same_price = intent.amount == i64::from(event.price_cents.unwrap_or_default());
        if row.stripe_payment_intent_id.as_deref() == Some(intent.id.as_str()) && same_price {
            let core = &self.core;
            core.lapse(row.gym_id, row.event_id, row.id, Some(&intent.id), Lapse::IntentCancelled).await?;
        }
        Ok(())
    }

    async fn failed(&self, account: &str, intent: &Intent) -> Result<()> {
        let Some((row, event)) = self.find(account, intent).await? else { return Ok(()) };
        let claims = matches!(row.status, Status::PendingPayment | Status::Registered)
            && row.payment_status == Some(PaymentStatus::Pending);
        if claims && is_current(&row, intent) {
            let core = &self.core;
            core.db.run(async |tx| core.payment_refused(&tx, &event, &row, &intent.id).await).await?;
        }
        Ok(())
    }

    async fn refunded(&self, account: &str, charge: &ChargeRefunded) -> Result<()> {
        let (db, stores) = (&self.core.db, &self.core.stores);
        let Some(gym) = self.gym(account).await? else {
            passed_over(account, &charge.intent, "nobody's account");
            return Ok(());
        };
        let row = match stores.joined.by_intent(db, gym, &charge.intent).await? {
            Some(row) => Some(row),
            None => match stores.refund_tasks.of_payment(db, gym, &charge.intent).await? {
                Some(task) => stores.event_participations.get(db, gym, task.participation_id).await?,
                None => None,
            },
        };
        let Some(row) = row else {
            passed_over(account, &charge.intent, "no such participation");
            return Ok(());
        };
        self.core.db.run(async |tx| self.note_refund(&tx, &row, charge).await).await?;
        self.core.committed(&stale(gym)).await;
        Ok(())
    }
}

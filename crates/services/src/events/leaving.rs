//! Taking part in an event no more, and what goes back for it (EVT-46, EVT-60).
use super::{
    ending::Debt,
    intents::OpenIntent,
    participations::{EVENT_COMPLETED, EventParticipationService, PARTICIPATION_NOT_FOUND},
    seating::stale,
};
use crate::{Actor, Core, Result};
use chrono::{DateTime, Utc};
use domain::{
    EventId,
    billing::event_credit,
    events::{
        event::{self, EventStatus},
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        refund::{self, Back},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::{GymRole, gym},
};
use repository::Tx;

impl Core {
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
    pub(super) async fn leave(&self, actor: &Actor, event: EventId) -> Result<()> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let owed = core
            .in_turn(event, async |tx| {
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
}

//! What the clock does to claims that nobody paid in time (EVT-59), and to payments that got no seat (EVT-56).
use super::{
    ending::unseated,
    intents::{Cancelled, Intents, OpenIntent},
    seating::stale,
};
use crate::{
    Core, Error, Ports, Result,
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    EventId, EventParticipationId, GymId,
    events::{
        event::EventStatus,
        participation::{EventParticipationStatus as Status, PaymentStatus},
    },
};
use repository::events::claims::Lapsed;

/// Rows of one look.
const BATCH: u64 = 100;

/// Why a claim ends that has not been paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lapse {
    /// Its time is over at this instant.
    Late(DateTime<Utc>),
    /// Its intent was cancelled.
    IntentCancelled,
}

impl Core {
    /// Ends a claim that has not been paid, and gives its seat to the next. Does nothing to one that was paid or ended
    /// meanwhile, or has another intent by now.
    pub(super) async fn lapse(
        &self,
        gym: GymId,
        event: EventId,
        claim: EventParticipationId,
        intent: Option<&str>,
        why: Lapse,
    ) -> Result<bool> {
        let stores = &self.stores;
        let lapsed = self
            .db
            .run(async |tx| {
                let gym = self.gym_of(&tx, gym).await?;
                let event = self.hold_event(&tx, gym.id, event).await?;
                let row = stores.event_participations.get(&tx, gym.id, claim).await?;
                let over = |row: &domain::events::participation::Model| {
                    let late = match why {
                        Lapse::Late(now) => row.payment_expiry.is_some_and(|expiry| expiry < now),
                        Lapse::IntentCancelled => true,
                    };
                    late && row.payment_status == Some(PaymentStatus::Pending)
                        && matches!(row.status, Status::PendingPayment | Status::Registered)
                        && row.stripe_payment_intent_id.as_deref() == intent
                };
                let Some(row) = row.filter(over) else { return Ok(false) };
                stores.event_seats.end(&tx, gym.id, &[row.id]).await?;
                if row.status == Status::Registered {
                    self.promote_in_event(&tx, &gym, &event, self.clock.now()).await?;
                    self.leaves_chat(&tx, gym.id, event.id, vec![row.member_id]).await?;
                }
                Ok::<_, Error>(true)
            })
            .await?;
        if lapsed {
            self.committed(&stale(gym)).await;
        }
        Ok(lapsed)
    }
}

/// Ends claims whose time is over (EVT-59).
pub(crate) struct PaymentExpiry {
    intents: Intents,
}

impl PaymentExpiry {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { intents: Intents::new(core, ports) }
    }

    /// First the payment service: a claim that was paid in the last moment is not ended. When the service cannot say,
    /// the claim waits for the next run.
    async fn expire(&self, claim: &Lapsed, now: DateTime<Utc>) -> Result<bool> {
        if let Some(intent) = claim.stripe_payment_intent_id.clone() {
            let open = OpenIntent { gym_id: claim.gym_id, participation_id: claim.id, intent };
            match self.intents.cancel(&open).await? {
                Cancelled::Ended => {}
                Cancelled::Paid | Cancelled::Unknown(_) => return Ok(false),
            }
        }
        let intent = claim.stripe_payment_intent_id.as_deref();
        self.intents.core.lapse(claim.gym_id, claim.event_id, claim.id, intent, Lapse::Late(now)).await
    }
}

#[async_trait]
impl Job for PaymentExpiry {
    fn name(&self) -> &'static str {
        "payment_expiry"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(5))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let core = &self.intents.core;
        let now = core.clock.now();
        let (mut after, mut expired) = (EventParticipationId(0), 0);
        loop {
            let claims = core.stores.event_claims.lapsed(&core.db, now, after, BATCH).await;
            let claims = claims.map_err(|e| e.to_string())?;
            let Some(last) = claims.last().map(|claim| claim.id) else {
                return Ok(format!("{expired} lapsed"));
            };
            after = last;
            for claim in &claims {
                expired += usize::from(self.expire(claim, now).await.map_err(|e| e.to_string())?);
            }
        }
    }
}

/// Whoever paid and waits when the event begins gets everything back (EVT-56).
pub(crate) struct UnseatedRefund {
    core: Core,
}

impl UnseatedRefund {
    pub fn new(core: &Core, _: &Ports) -> Self {
        Self { core: core.clone() }
    }

    async fn owe(&self, gym: GymId, event: EventId) -> Result<usize> {
        let core = &self.core;
        let owed = core
            .db
            .run(async |tx| {
                let event = core.hold_event(&tx, gym, event).await?;
                let now = core.clock.now();
                if event.status != EventStatus::Scheduled || event.start_time > now {
                    return Ok(0);
                }
                let waiting = core.stores.joined.in_states(&tx, gym, event.id, &[Status::WaitingList]).await?;
                Ok::<_, Error>(core.owe(&tx, &event, unseated(&waiting), now).await?.len())
            })
            .await?;
        core.committed(&stale(gym)).await;
        Ok(owed)
    }
}

#[async_trait]
impl Job for UnseatedRefund {
    fn name(&self) -> &'static str {
        "unseated_refund"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::minutes(15))
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let core = &self.core;
        let (mut after, mut owed) = (EventId(0), 0);
        loop {
            let found = core.stores.event_claims.unseated(&core.db, core.clock.now(), after, BATCH).await;
            let found = found.map_err(|e| e.to_string())?;
            let Some((_, last)) = found.last() else { return Ok(format!("{owed} are to be given back")) };
            after = *last;
            for (gym, event) in &found {
                owed += self.owe(*gym, *event).await.map_err(|e| e.to_string())?;
            }
        }
    }
}

//! What a member pays, and what a payment does (EVT-50 … EVT-58).
use super::{
    ending::Debt,
    intents::{Intents, Ready},
    participation_view::{Participation, PaymentIntentInfo},
    participations::{PARTICIPATION_NOT_FOUND, PAYMENT_NOT_DUE},
    seating::stale,
};
use crate::{Actor, Core, Error, Ports, Refusal, Result};
use async_trait::async_trait;
use domain::{
    EventParticipationId, GymId,
    events::{
        admission, event,
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        payment::{self, Purpose, Success},
        refund_task::RefundKind,
    },
    identity::GymRole,
};
use ports::payments::{Intent, IntentState, PaymentError};
use repository::{StoreError, Tx};

pub const PAYMENTS_NOT_CONFIGURED: Refusal = Refusal::bad_request(
    "payments_not_configured",
    "This gym cannot take payments at the moment.",
    "Este gimnasio no puede cobrar pagos en este momento.",
);
pub const PAYMENT_ERROR: Refusal = Refusal::bad_request(
    "payment_error",
    "The payment could not be prepared. Please try again.",
    "No se ha podido preparar el pago. Inténtalo de nuevo.",
);
pub const FREE_EVENT: Refusal =
    Refusal::bad_request("event_is_free", "This event costs nothing.", "Este evento es gratuito.");
pub const NO_PAYMENT_INTENT: Refusal = Refusal::bad_request(
    "no_payment_intent",
    "No payment of this participation is known.",
    "No se conoce ningún pago de esta participación.",
);
pub const PAYMENT_MISMATCH: Refusal = Refusal::bad_request(
    "payment_mismatch",
    "This payment is not one for this participation.",
    "Este pago no corresponde a esta participación.",
);
pub const PAYMENT_NOT_COMPLETED: Refusal = Refusal::bad_request(
    "payment_not_completed",
    "The payment is not completed yet. Please try again in a moment.",
    "El pago aún no se ha completado. Inténtalo de nuevo en un momento.",
);
pub const PAYMENT_EXPIRED: Refusal =
    Refusal::bad_request("payment_expired", "The time to pay is over.", "El plazo para pagar ha terminado.");

/// What the caller is told of a payment service that failed.
pub(super) fn payment_error(error: PaymentError) -> Error {
    tracing::warn!(%error, "the payment service could not do it");
    match error {
        PaymentError::NotConfigured(_) => PAYMENTS_NOT_CONFIGURED.into(),
        _ => PAYMENT_ERROR.into(),
    }
}

/// Whether a payment is one for this row (EVT-53): whose account it came on is looked at by the caller.
pub(super) fn is_for(event: &event::Model, row: &participation::Model, intent: &Intent) -> bool {
    let purpose = Purpose::of(&intent.metadata);
    purpose.is_some_and(|purpose| purpose.is_for(event, row, intent.amount, &intent.currency))
}

/// Whether an intent is of the time that the member takes part now.
pub(super) fn is_current(row: &participation::Model, intent: &Intent) -> bool {
    row.stripe_payment_intent_id.as_deref() == Some(intent.id.as_str())
        || Purpose::of(&intent.metadata).is_some_and(|purpose| purpose.is_current(row))
}

impl Core {
    /// A payment for this row succeeded: it counts once, whoever tells of it and how often (EVT-54, EVT-55). It must
    /// have been looked at by [`is_for`].
    pub(super) async fn payment_succeeded(
        &self,
        row: &participation::Model,
        intent: &Intent,
    ) -> Result<participation::Model> {
        let settled = self.db.run(async |tx| self.settle_success(&tx, row, intent).await).await;
        let settled = settled.map_err(|e| match e {
            // another row came by this intent first
            Error::Store(StoreError::Unique(_)) => PAYMENT_MISMATCH.into(),
            e => e,
        })?;
        self.committed(&stale(row.gym_id)).await;
        Ok(settled)
    }

    async fn settle_success(
        &self,
        tx: &Tx,
        row: &participation::Model,
        intent: &Intent,
    ) -> Result<participation::Model> {
        let (gym, stores) = (row.gym_id, &self.stores);
        let event = self.hold_event(tx, gym, row.event_id).await?;
        let row = stores.event_participations.get(tx, gym, row.id).await?.ok_or(PARTICIPATION_NOT_FOUND)?;
        let counted = row.payment_status == Some(PaymentStatus::Paid)
            && row.stripe_payment_intent_id.as_deref() == Some(intent.id.as_str());
        if counted || self.is_spent(tx, gym, &intent.id).await? {
            return Ok(row);
        }
        let now = self.clock.now();
        let seat = admission::has_seat(&event, stores.event_seats.registered(tx, gym, event.id).await?);
        let amount = i32::try_from(intent.amount).unwrap_or(i32::MAX);
        let paid = participation::Update {
            payment_status: Some(Some(PaymentStatus::Paid)),
            stripe_payment_intent_id: Some(Some(intent.id.clone())),
            amount_paid_cents: Some(Some(amount)),
            payment_date: Some(Some(now)),
            payment_expiry: Some(None),
            ..Default::default()
        };
        let owed = |kind| Debt { participation: row.id, intent: Some(intent.id.clone()), amount, kind, reason: None };
        match payment::success(&event, &row, seat, is_current(&row, intent)) {
            Success::Seated => {
                let seated = participation::Update { status: Some(Status::Registered), ..paid };
                let seated = stores.event_participations.update(tx, gym, row.id, seated).await?;
                self.payment_confirmed(tx, &event, &seated, row.status == Status::PendingPayment).await?;
                Ok(seated)
            }
            Success::Unseated => {
                let waits = Some(Status::WaitingList);
                let waits = participation::Update { status: waits, queued_at: Some(Some(now)), ..paid };
                let waits = stores.event_participations.update(tx, gym, row.id, waits).await?;
                self.owe(tx, &event, vec![owed(RefundKind::Unseated)], now).await?;
                Ok(waits)
            }
            Success::Late => {
                self.owe(tx, &event, vec![owed(RefundKind::LatePayment)], now).await?;
                Ok(row)
            }
        }
    }

    /// Whether a payment has had its consequences already: it went back, or was credited, or kept.
    async fn is_spent(&self, tx: &Tx, gym: GymId, intent: &str) -> Result<bool> {
        let stores = &self.stores;
        Ok(stores.refund_tasks.of_payment(tx, gym, intent).await?.is_some()
            || stores.payment_accounts.is_credited(tx, gym, intent).await?)
    }
}

/// Payments of members.
#[async_trait]
pub trait EventPaying: Send + Sync {
    /// Looks at the payment service whether the caller's payment is through (EVT-57). Member guard.
    ///
    /// # Errors
    /// [`PARTICIPATION_NOT_FOUND`], [`FREE_EVENT`], [`NO_PAYMENT_INTENT`], [`PAYMENTS_NOT_CONFIGURED`],
    /// [`PAYMENT_MISMATCH`], [`PAYMENT_NOT_COMPLETED`], [`PAYMENT_ERROR`].
    async fn confirm(
        &self,
        actor: &Actor,
        participation: EventParticipationId,
        intent: Option<String>,
    ) -> Result<Participation>;
    /// With what the caller pays (EVT-58). Member guard.
    ///
    /// # Errors
    /// [`PARTICIPATION_NOT_FOUND`], [`PAYMENT_NOT_DUE`], [`PAYMENT_EXPIRED`], [`PAYMENTS_NOT_CONFIGURED`],
    /// [`PAYMENT_ERROR`].
    async fn payment_intent(&self, actor: &Actor, participation: EventParticipationId) -> Result<PaymentIntentInfo>;
}

pub struct EventPayingService {
    core: Core,
    intents: Intents,
}

impl EventPayingService {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), intents: Intents::new(core, ports) }
    }

    async fn own(&self, actor: &Actor, id: EventParticipationId) -> Result<(participation::Model, event::Model)> {
        let found = self.core.stores.joined.with_event(&self.core.db, actor.gym_id(), id).await?;
        Ok(found.filter(|(row, _)| row.member_id == actor.user_id()).ok_or(PARTICIPATION_NOT_FOUND)?)
    }

    /// The payment that the service knows to have succeeded for this row: by its id, else by what it is for (EVT-57).
    async fn succeeded(
        &self,
        account: &str,
        event: &event::Model,
        row: &participation::Model,
        sent: Option<&str>,
        known: &str,
    ) -> Result<Option<Intent>> {
        let payments = &self.intents.payments;
        match payments.intent(account, known).await {
            Ok(intent) if sent.is_some() && !(is_for(event, row, &intent) && is_current(row, &intent)) => {
                return Err(PAYMENT_MISMATCH.into());
            }
            Ok(intent) if intent.state == IntentState::Succeeded && is_for(event, row, &intent) => {
                return Ok(Some(intent));
            }
            Ok(_) => {}
            Err(PaymentError::NotFound) if sent.is_some() => return Err(PAYMENT_MISMATCH.into()),
            Err(PaymentError::NotFound) => {}
            Err(e) => return Err(payment_error(e)),
        }
        let mut what = payment::metadata(event, row);
        what.retain(|key, _| matches!(key.as_str(), "event_id" | "user_id" | "gym_id"));
        let found = payments.succeeded(account, &what).await.map_err(payment_error)?;
        Ok(found.into_iter().find(|intent| is_for(event, row, intent) && is_current(row, intent)))
    }
}

#[async_trait]
impl EventPaying for EventPayingService {
    async fn confirm(
        &self,
        actor: &Actor,
        participation: EventParticipationId,
        intent: Option<String>,
    ) -> Result<Participation> {
        actor.must_be(GymRole::Member)?;
        let (row, event) = self.own(actor, participation).await?;
        if !event.is_paid {
            return Err(FREE_EVENT.into());
        }
        if row.payment_status == Some(PaymentStatus::Paid) {
            return Ok(row.into());
        }
        let known = intent.clone().or_else(|| row.stripe_payment_intent_id.clone()).ok_or(NO_PAYMENT_INTENT)?;
        let account = self.intents.must_be_enabled(actor.gym_id()).await?;
        let paid = self.succeeded(&account.stripe_account_id, &event, &row, intent.as_deref(), &known).await?;
        let paid = paid.ok_or(PAYMENT_NOT_COMPLETED)?;
        Ok(self.core.payment_succeeded(&row, &paid).await?.into())
    }

    async fn payment_intent(&self, actor: &Actor, participation: EventParticipationId) -> Result<PaymentIntentInfo> {
        actor.must_be(GymRole::Member)?;
        let (row, event) = self.own(actor, participation).await?;
        let claims = matches!(row.status, Status::Registered | Status::PendingPayment);
        if !claims || row.payment_status != Some(PaymentStatus::Pending) {
            return Err(PAYMENT_NOT_DUE.into());
        }
        must_be_in_time(&self.core, &row)?;
        let account = self.intents.must_be_enabled(actor.gym_id()).await?;
        match self.intents.ready(&account, &event, row).await? {
            Ready::Intent(row, intent) => Ok(PaymentIntentInfo::new(&row, &intent, &account)),
            Ready::Paid(_) => Err(PAYMENT_NOT_DUE.into()),
        }
    }
}

/// Nobody pays for a claim that has lapsed, though the clock has not come by yet.
pub(super) fn must_be_in_time(core: &Core, row: &participation::Model) -> Result<()> {
    if row.payment_expiry.is_some_and(|expiry| expiry < core.clock.now()) {
        return Err(PAYMENT_EXPIRED.into());
    }
    Ok(())
}

//! Intents at the payment service: made, reused, replaced and cancelled (EVT-50 … EVT-53). Nothing here is called while
//! a row is locked (EVT-98); what is written around a call holds the event for that alone.
use super::{
    participations::{PARTICIPATION_NOT_FOUND, PAYMENT_NOT_DUE},
    payments::{PAYMENTS_NOT_CONFIGURED, payment_error},
    seating::stale,
};
use crate::{
    Core, Error, Ports, Result,
    kernel::relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use domain::{
    EventParticipationId, GymId,
    billing::{stripe_account, stripe_profile},
    events::{
        event,
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
        payment,
    },
    kernel::outbox::{self, Effect},
};
use ports::payments::{Intent, IntentState, NewIntent, Payer, PaymentError, Payments};
use repository::{Conn, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

pub const CANCEL_INTENT: &str = "events.cancel_intent";

/// An intent that nobody is to pay any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenIntent {
    pub gym_id: GymId,
    pub participation_id: EventParticipationId,
    pub intent: String,
}

impl OpenIntent {
    /// What a row's member could still pay.
    pub fn of(gym_id: GymId, row: &participation::Model) -> Option<Self> {
        let unpaid = row.payment_status == Some(PaymentStatus::Pending);
        let intent = row.stripe_payment_intent_id.clone().filter(|_| unpaid)?;
        Some(Self { gym_id, participation_id: row.id, intent })
    }
}

impl Core {
    /// Has an intent cancelled after the commit.
    pub(super) async fn cancel_intent_later(&self, tx: &Tx, open: Option<OpenIntent>) -> Result<(), StoreError> {
        let Some(open) = open else { return Ok(()) };
        let effect = Effect {
            gym: Some(open.gym_id),
            kind: CANCEL_INTENT,
            aggregate: format!("intent:{}", open.intent),
            dedupe_key: Some(open.intent.clone()),
            payload: json!(open),
        };
        self.effect(tx, effect).await
    }
}

/// Where a payment stands.
pub(crate) enum Ready {
    /// To be paid with this.
    Intent(Box<participation::Model>, Box<Intent>),
    /// Paid meanwhile.
    Paid(Box<participation::Model>),
}

/// What became of an intent that was to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// Nobody can pay it any more.
    Ended,
    /// It had been paid, and the payment was looked after.
    Paid,
    /// Nobody knows: the payment service did not answer, or would not.
    Unknown(PaymentError),
}

/// The payment service, as the events use it.
#[derive(Clone)]
pub(crate) struct Intents {
    pub core: Core,
    pub payments: Arc<dyn Payments>,
}

/// Tries with a key that turns out to have been used for another price.
const KEYS: usize = 3;

impl Intents {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), payments: ports.payments.clone() }
    }

    /// The account on which the gym may charge now (EVT-50).
    pub async fn account(&self, conn: &Conn, gym: GymId) -> Result<Option<stripe_account::Model>> {
        if !self.payments.is_enabled() {
            return Ok(None);
        }
        Ok(self.core.stores.payment_accounts.chargeable(conn, gym).await?)
    }

    /// Cancels an intent, unless it has been paid: then the payment counts for what it was for.
    pub async fn cancel(&self, open: &OpenIntent) -> Result<Cancelled> {
        let core = &self.core;
        let Some(account) = core.stores.payment_accounts.of_gym(&core.db, open.gym_id).await? else {
            return Ok(Cancelled::Ended);
        };
        match self.payments.cancel_intent(&account.stripe_account_id, &open.intent).await {
            Ok(intent) if intent.state == IntentState::Succeeded => {
                let row = core.stores.event_participations.get(&core.db, open.gym_id, open.participation_id).await?;
                if let Some(row) = row {
                    core.payment_succeeded(&row, &intent).await?;
                }
                Ok(Cancelled::Paid)
            }
            Ok(_) | Err(PaymentError::NotFound) => Ok(Cancelled::Ended),
            Err(error) => {
                tracing::warn!(intent = open.intent, %error, "an intent could not be cancelled");
                Ok(Cancelled::Unknown(error))
            }
        }
    }

    /// The intent with which a row's member pays: the one that there is while it is good, else a new one (EVT-52). It is
    /// stored before it is answered with.
    pub async fn ready(
        &self,
        account: &stripe_account::Model,
        event: &event::Model,
        row: participation::Model,
    ) -> Result<Ready> {
        let (core, at) = (&self.core, account.stripe_account_id.as_str());
        let mut row = row;
        if let Some(id) = row.stripe_payment_intent_id.clone() {
            let known = match self.payments.intent(at, &id).await {
                Ok(intent) => Some(intent),
                Err(PaymentError::NotFound) => None,
                Err(e) => return Err(payment_error(e)),
            };
            match known {
                Some(paid) if paid.state == IntentState::Succeeded => {
                    return Ok(Ready::Paid(Box::new(core.payment_succeeded(&row, &paid).await?)));
                }
                Some(open) if open.state.is_open() && costs(event, &open) => {
                    return Ok(Ready::Intent(Box::new(row), Box::new(open)));
                }
                Some(open) if open.state.is_open() => match self.payments.cancel_intent(at, &id).await {
                    // at the old price, before it changed here: that is accepted (EVT-22)
                    Ok(paid) if paid.state == IntentState::Succeeded => {
                        return Ok(Ready::Paid(Box::new(core.payment_succeeded(&row, &paid).await?)));
                    }
                    Ok(_) | Err(PaymentError::NotFound) => {}
                    Err(e) => return Err(payment_error(e)),
                },
                _ => {}
            }
            row = self.next_attempt(&row).await?;
        }
        let customer = self.customer(at, &row).await?;
        for _ in 0..KEYS {
            let intent = self.payments.create_intent(at, &new_intent(event, &row, &customer)).await;
            let intent = intent.map_err(payment_error)?;
            if !intent.state.is_open() || !costs(event, &intent) {
                // of an attempt that ended before its intent was stored, and the price has changed since
                row = self.next_attempt(&row).await?;
                continue;
            }
            let Some(stored) = self.attach(&row, &intent.id).await? else {
                let open = OpenIntent { gym_id: row.gym_id, participation_id: row.id, intent: intent.id.clone() };
                self.cancel(&open).await?;
                return Err(PAYMENT_NOT_DUE.into());
            };
            return Ok(Ready::Intent(Box::new(stored), Box::new(intent)));
        }
        Err(payment_error(PaymentError::Unavailable("no intent of the present price".into())))
    }

    /// The person as a customer of this account (specification of events, §6).
    async fn customer(&self, account: &str, row: &participation::Model) -> Result<String> {
        let (core, accounts) = (&self.core, &self.core.stores.payment_accounts);
        let user = core.stores.users.by_id(&core.db, row.member_id).await?.ok_or(PARTICIPATION_NOT_FOUND)?;
        let known = accounts.customer(&core.db, row.gym_id, user.id, account).await?;
        let names = [user.first_name.as_deref(), user.last_name.as_deref()];
        let payer = Payer {
            email: user.email.clone(),
            name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
            metadata: [("user_id", user.id.to_string()), ("gym_id", row.gym_id.to_string())]
                .map(|(key, value)| (key.to_owned(), value))
                .into(),
        };
        let customer = self.payments.customer(account, known.as_deref(), &payer).await.map_err(payment_error)?;
        if known.as_deref() != Some(customer.as_str()) {
            let profile = stripe_profile::Create {
                user_id: user.id,
                stripe_customer_id: customer.clone(),
                stripe_account_id: account.to_owned(),
                email: user.email,
                is_active: true,
            };
            let keep = async |tx: Tx| accounts.keep_customer(&tx, row.gym_id, profile.clone()).await;
            core.db.run(keep).await?;
        }
        Ok(customer)
    }

    /// Forgets a row's intent: the next one has a key of its own (EVT-51).
    async fn next_attempt(&self, row: &participation::Model) -> Result<participation::Model> {
        let change = participation::Update {
            stripe_payment_intent_id: Some(None),
            payment_attempt: Some(row.payment_attempt + 1),
            ..Default::default()
        };
        self.change_unpaid(row, row.stripe_payment_intent_id.as_deref(), change).await?.ok_or(PAYMENT_NOT_DUE.into())
    }

    async fn attach(&self, row: &participation::Model, intent: &str) -> Result<Option<participation::Model>> {
        let change =
            participation::Update { stripe_payment_intent_id: Some(Some(intent.to_owned())), ..Default::default() };
        self.change_unpaid(row, Some(intent), change).await
    }

    /// Changes a row under its event's lock, if it still is to be paid, by the same attempt, and holds no other intent.
    async fn change_unpaid(
        &self,
        row: &participation::Model,
        intent: Option<&str>,
        change: participation::Update,
    ) -> Result<Option<participation::Model>> {
        let (core, gym) = (&self.core, row.gym_id);
        let changed = core
            .db
            .run(async |tx| {
                core.hold_event(&tx, gym, row.event_id).await?;
                let parts = &core.stores.event_participations;
                let now = parts.get(&tx, gym, row.id).await?;
                let same = now.is_some_and(|now| {
                    now.payment_status == Some(PaymentStatus::Pending)
                        && matches!(now.status, Status::PendingPayment | Status::Registered)
                        && now.payment_attempt == row.payment_attempt
                        && now.stripe_payment_intent_id.as_deref().is_none_or(|held| Some(held) == intent)
                });
                if !same {
                    return Ok(None);
                }
                Ok::<_, Error>(Some(parts.update(&tx, gym, row.id, change.clone()).await?))
            })
            .await?;
        core.committed(&stale(gym)).await;
        Ok(changed)
    }

    /// # Errors
    /// [`PAYMENTS_NOT_CONFIGURED`].
    pub async fn must_be_enabled(&self, gym: GymId) -> Result<stripe_account::Model> {
        Ok(self.account(&self.core.db, gym).await?.ok_or(PAYMENTS_NOT_CONFIGURED)?)
    }
}

/// Whether an intent is over what the event costs now.
fn costs(event: &event::Model, intent: &Intent) -> bool {
    intent.amount == i64::from(event.price_cents.unwrap_or_default())
        && event.currency.eq_ignore_ascii_case(&intent.currency)
}

fn new_intent(event: &event::Model, row: &participation::Model, customer: &str) -> NewIntent {
    NewIntent {
        amount: event.price_cents.unwrap_or_default().into(),
        currency: event.currency.to_lowercase(),
        customer: customer.to_owned(),
        description: event.title.clone(),
        metadata: payment::metadata(event, row),
        key: payment::intent_key(row),
    }
}

/// Cancels intents that nobody is to pay any more.
pub(crate) struct CancelIntents {
    intents: Intents,
}

impl CancelIntents {
    pub fn new(core: &Core, ports: &Ports) -> Self {
        Self { intents: Intents::new(core, ports) }
    }
}

#[async_trait]
impl EffectHandler for CancelIntents {
    fn kind(&self) -> &'static str {
        CANCEL_INTENT
    }

    /// What the payment service refuses for good stays as it is: a payment of it would go back (EVT-35, EVT-55).
    async fn deliver(&self, row: &outbox::Model) -> Result<(), Failure> {
        let open: OpenIntent =
            serde_json::from_value(row.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))?;
        match self.intents.cancel(&open).await? {
            Cancelled::Unknown(PaymentError::Unavailable(reason)) => Err(Failure::Retry { reason, after: None }),
            _ => Ok(()),
        }
    }
}

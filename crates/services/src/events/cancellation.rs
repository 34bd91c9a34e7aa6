//! The cancellation of an event (EVT-30 … EVT-38).
//!
//! All that it means is decided in one transaction: who hears of it, and what they get back, is read before anything
//! changes. Money moves after the commit, and what does not move at once is moved by a job.
use super::{
    ending::Ended,
    event_chat::CHAT_CREATE,
    events::{NOT_YOURS, PAID_BY_ADMINS, must_own},
    queue::EventQueueService,
    refunds::{Attempted, Refunds},
    seating::{EVENT_NOT_FOUND, stale},
    view::{EventCancellation, FailedRefund, NotificationsSent},
};
use crate::{
    Actor, Core, Ports, Refusal, Result,
    chat::event_rooms,
    notifications::notify::{Dedupe, MailNotice, Notice},
};
use domain::{
    EventId, UserId,
    events::event::{self, EventStatus},
    identity::{GymRole, gym},
    kernel::{text::Text, validation::Invalid},
    notifications::kind::NoticeKind,
};
use repository::Tx;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub const ALREADY_CANCELLED: Refusal =
    Refusal::bad_request("already_cancelled", "The event has been cancelled already.", "El evento ya está cancelado.");
pub const EVENT_COMPLETED: Refusal = Refusal::bad_request(
    "event_completed",
    "The event is over: nothing is left to cancel.",
    "El evento ha terminado: no queda nada que cancelar.",
);

/// Characters of a reason.
const REASON: usize = 500;

/// What becomes of an event from which nothing hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    Remove,
    /// It stays, cancelled.
    Keep,
}

/// Who may cancel it: a paid event is for administrators (EVT-30).
pub(crate) fn may(actor: &Actor, row: &event::Model) -> Result<()> {
    if row.is_paid && !actor.is_at_least(GymRole::Admin) {
        let owns = must_own(actor, row).is_ok();
        return Err(if owns { PAID_BY_ADMINS } else { NOT_YOURS }.into());
    }
    must_own(actor, row)
}

/// What the transaction decided.
struct Decided {
    event: event::Model,
    ended: Ended,
    told: NotificationsSent,
}

pub(crate) struct Cancellations {
    core: Core,
    refunds: Refunds,
    queue: EventQueueService,
}

impl Cancellations {
    pub(crate) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), refunds: Refunds::new(core, ports), queue: EventQueueService::new(core, ports) }
    }

    pub(crate) async fn cancel(
        &self,
        actor: &Actor,
        event: EventId,
        reason: Option<String>,
        bare: Bare,
    ) -> Result<EventCancellation> {
        let reason = reason.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if reason.as_ref().is_some_and(|text| text.chars().count() > REASON) {
            let mut invalid = Invalid::field("reason", format!("must have at most {REASON} characters"));
            invalid.0.iter_mut().filter_map(|field| field.loc.first_mut()).for_each(|place| "query".clone_into(place));
            return Err(invalid.into());
        }
        let core = &self.core;
        let decided = core.db.run(async |tx| self.decide(&tx, actor, event, reason.as_deref(), bare).await).await?;
        core.committed(&stale(actor.gym_id())).await;
        self.queue.cancel(event).await;
        self.answer(decided).await
    }

    /// Step 1 (EVT-32).
    async fn decide(
        &self,
        tx: &Tx,
        actor: &Actor,
        event: EventId,
        reason: Option<&str>,
        bare: Bare,
    ) -> Result<Decided> {
        let (core, gym) = (&self.core, actor.gym());
        let row = core.hold_event(tx, gym.id, event).await?;
        may(actor, &row)?;
        match row.status {
            EventStatus::Cancelled => return Err(ALREADY_CANCELLED.into()),
            EventStatus::Completed => return Err(EVENT_COMPLETED.into()),
            EventStatus::Scheduled => {}
        }
        let now = core.clock.now();
        // what is not sent yet is not sent any more (EVT-37)
        core.stores.outbox.withdraw(tx, CHAT_CREATE, &event_rooms::aggregate(event)).await?;
        let cancelled = event::Model {
            status: EventStatus::Cancelled,
            cancellation_date: Some(now),
            cancelled_by_user_id: Some(actor.user_id()),
            cancellation_reason: reason.map(str::to_owned),
            ..row
        };
        if bare == Bare::Remove && self.remove_if_bare(tx, &cancelled).await? {
            let (ended, told) = (Ended::default(), NotificationsSent::default());
            return Ok(Decided { event: cancelled, ended, told });
        }
        let change = event::Update {
            status: Some(EventStatus::Cancelled),
            cancellation_date: Some(cancelled.cancellation_date),
            cancelled_by_user_id: Some(cancelled.cancelled_by_user_id),
            cancellation_reason: Some(cancelled.cancellation_reason),
            ..Default::default()
        };
        let event = core.stores.events.update(tx, gym.id, event, change).await?;
        let ended = core.end_participations(tx, &event, now).await?;
        for intent in &ended.intents_to_cancel {
            core.cancel_intent_later(tx, Some(intent.clone())).await?;
        }
        let told = core.tell_of_cancellation(tx, gym, &event, &ended).await?;
        Ok(Decided { event, ended, told })
    }

    /// Removes an event that nobody ever joined and that has no chat (EVT-31).
    async fn remove_if_bare(&self, tx: &Tx, event: &event::Model) -> Result<bool> {
        let (queries, gym) = (&self.core.stores.event_queries, event.gym_id);
        if !queries.is_bare(tx, gym, event.id).await? {
            return Ok(false);
        }
        // held so firmly that nobody hangs a chat from it, and looked at again
        queries.hold_to_remove(tx, gym, event.id).await?.ok_or(EVENT_NOT_FOUND)?;
        if !queries.is_bare(tx, gym, event.id).await? {
            return Ok(false);
        }
        self.core.stores.events.remove(tx, gym, event.id).await?;
        Ok(true)
    }

    /// Step 2 (EVT-33, EVT-34): refunds are tried now; those that are left are the job's.
    async fn answer(&self, decided: Decided) -> Result<EventCancellation> {
        let Decided { event, ended, told } = decided;
        // the cancellation stands whatever comes of them
        let tried = self.refunds.run_tasks_of(event.gym_id, event.id).await.unwrap_or_else(|error| {
            tracing::warn!(event = %event.id, %error, "the refunds of a cancelled event are left to the job");
            Vec::new()
        });
        let (failures, made): (Vec<_>, Vec<_>) = tried.into_iter().partition(|one| one.error.is_some());
        let mut failed: Vec<FailedRefund> = ended
            .failed
            .into_iter()
            .map(|refund| FailedRefund {
                participation_id: refund.participation_id,
                member_id: refund.member_id,
                error_code: Some(refund.error.clone()),
                error: refund.error,
            })
            .collect();
        let refunds_pending = ended.tasks.len().saturating_sub(made.len() + failures.len()) as u64;
        failed.extend(self.named(&event, failures).await?);
        let amount: i64 = made.iter().map(|one| i64::from(one.task.amount_cents)).sum();
        Ok(EventCancellation {
            event_id: event.id,
            event_title: event.title,
            cancellation_date: event.cancellation_date.unwrap_or_else(|| self.core.clock.now()),
            cancellation_reason: event.cancellation_reason,
            participants_count: ended.people.len() as u64,
            refunds_processed: made.len() as u64,
            refunds_failed: failed.len() as u64,
            refunds_pending,
            payments_cancelled: ended.intents_to_cancel.len() as u64,
            total_refunded_amount: amount,
            currency: event.currency,
            failed_refunds: failed,
            notifications_sent: told,
        })
    }

    /// Failed attempts, with the members whom they concern.
    async fn named(&self, event: &event::Model, failures: Vec<Attempted>) -> Result<Vec<FailedRefund>> {
        if failures.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.core.stores.event_queries.participants(&self.core.db, event.gym_id, event.id).await?;
        let members: BTreeMap<_, _> = rows.into_iter().map(|row| (row.id, row.member_id)).collect();
        let named = failures.into_iter().filter_map(|one| {
            let (error, error_code) = one.error?;
            let participation_id = one.task.participation_id;
            let member_id = *members.get(&participation_id)?;
            Some(FailedRefund { participation_id, member_id, error, error_code })
        });
        Ok(named.collect())
    }
}

impl Core {
    /// Each person once on each channel, with their own refund (NTF-73 … NTF-80).
    async fn tell_of_cancellation(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        ended: &Ended,
    ) -> Result<NotificationsSent> {
        let params = |refund: i64, pending: bool| {
            json!({
                "event": event.title, "start": event.start_time, "place": event.location,
                "reason": event.cancellation_reason, "refund_cents": refund, "currency": event.currency,
                "refund_pending": pending,
            })
        };
        let mut by_refund: BTreeMap<i64, Vec<UserId>> = BTreeMap::new();
        for (user, refund) in &ended.people {
            by_refund.entry(*refund).or_default().push(*user);
        }
        let correlation = format!("event:{}", event.id);
        let mut told = NotificationsSent::default();
        for (refund, recipients) in by_refund {
            let notice = Notice {
                gym,
                kind: NoticeKind::EventCancelled,
                variant: None,
                params: params(refund, false),
                data: Map::from_iter([
                    ("event_id".to_owned(), json!(event.id)),
                    ("refund_cents".to_owned(), json!(refund)),
                    ("currency".to_owned(), json!(event.currency)),
                ]),
                recipients,
                dedupe: Dedupe::PerPerson(format!("ev-can:{}:push", event.id)),
                correlation: correlation.clone(),
                until: None,
                send_after: None,
            };
            told.push += self.notify(tx, notice).await? as u64;
        }
        let waits = |user: &UserId| ended.failed.iter().any(|refund| refund.member_id == *user);
        let recipients: Vec<(UserId, Value)> =
            ended.people.iter().map(|(user, refund)| (*user, params(*refund, waits(user)))).collect();
        let mails = MailNotice {
            gym,
            kind: NoticeKind::EventCancelled,
            recipients,
            dedupe: Dedupe::PerPerson(format!("ev-can:{}:email", event.id)),
            correlation,
        };
        told.email = self.mail(tx, mails).await? as u64;
        let key = format!("event-cancelled-{}", event.id);
        told.chat = u64::from(self.close_chat(tx, gym.id, event.id, &key, announcement(event)).await?);
        Ok(told)
    }
}

/// What is said in the event's chat: no amounts (NTF-77).
fn announcement(event: &event::Model) -> Text {
    let with_reason = |text: String, label: &str| match event.cancellation_reason.as_deref() {
        Some(reason) => format!("{text} {label}: {reason}"),
        None => text,
    };
    let (en, es) = if event.is_paid {
        (" Refunds are made automatically.", " Los reembolsos se hacen automáticamente.")
    } else {
        ("", "")
    };
    Text {
        en: format!("{}{en}", with_reason(format!("“{}” was cancelled.", event.title), "Reason")),
        es: format!("{}{es}", with_reason(format!("Se ha cancelado «{}».", event.title), "Motivo")),
    }
}

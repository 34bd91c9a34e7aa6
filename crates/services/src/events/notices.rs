//! What people are told of their part in an event, and what follows in its chat: rows and effects in the transaction of
//! the change (EVT-44, EVT-45, EVT-54, EVT-63, EVT-66).
use super::seating::members;
use crate::{
    Core, Result,
    chat::event_rooms::ChatWork,
    notifications::notify::{Dedupe, Notice},
};
use chrono::{DateTime, Utc};
use domain::{
    EventId, GymId, UserId,
    events::{
        event,
        participation::{self, PaymentStatus},
        refund_task::{self, RefundKind},
    },
    identity::gym,
    notifications::kind::NoticeKind,
};
use repository::{StoreError, Tx};
use serde_json::{Map, Value, json};

/// Who got a seat of the queue, and on which terms.
pub(super) struct Promoted<'a> {
    pub seated: &'a [participation::Model],
    pub unpaid: &'a [participation::Model],
    pub expiry: DateTime<Utc>,
}

/// A push about an event.
struct About<'a> {
    gym: &'a gym::Model,
    event: &'a event::Model,
    kind: NoticeKind,
    variant: Option<&'static str>,
    params: Value,
    data: Value,
    to: Vec<UserId>,
    dedupe: Dedupe,
    until: Option<DateTime<Utc>>,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Core {
    async fn tell(&self, tx: &Tx, about: About<'_>) -> Result<(), StoreError> {
        if about.to.is_empty() {
            return Ok(());
        }
        let event = about.event;
        let mut params = object(about.params);
        params.insert("event".to_owned(), json!(event.title));
        params.insert("start".to_owned(), json!(event.start_time));
        let mut data = object(about.data);
        data.insert("event_id".to_owned(), json!(event.id));
        let notice = Notice {
            gym: about.gym,
            kind: about.kind,
            variant: about.variant,
            params: Value::Object(params),
            data,
            recipients: about.to,
            dedupe: about.dedupe,
            correlation: format!("event:{}", event.id),
            until: about.until,
            send_after: None,
        };
        self.notify(tx, notice).await.map(drop)
    }

    /// NTF-44; and those who have a seat now are in the chat (EVT-44).
    pub(super) async fn promoted(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        promoted: Promoted<'_>,
    ) -> Result<()> {
        let about = |variant, params, data, rows, until| About {
            gym,
            event,
            kind: NoticeKind::WaitlistPromoted,
            variant: Some(variant),
            params,
            data,
            to: members(rows),
            dedupe: Dedupe::None,
            until: Some(until),
        };
        let seated = about("event", json!({}), json!({}), promoted.seated, event.start_time);
        self.tell(tx, seated).await?;
        let expiry = promoted.expiry;
        let terms = (json!({ "pay_before": expiry }), json!({ "payment_expiry": expiry }));
        self.tell(tx, about("paid_event", terms.0, terms.1, promoted.unpaid, expiry)).await?;
        let mut all = members(promoted.seated);
        all.extend(members(promoted.unpaid));
        self.enters_chat(tx, gym.id, event.id, all).await
    }

    /// NTF-47. Who had no seat before is in the chat now.
    pub(super) async fn payment_confirmed(
        &self,
        tx: &Tx,
        event: &event::Model,
        row: &participation::Model,
        newly_seated: bool,
    ) -> Result<()> {
        let gym = self.gym_of(tx, event.gym_id).await?;
        let about = About {
            gym: &gym,
            event,
            kind: NoticeKind::EventPaymentConfirmed,
            variant: None,
            params: json!({}),
            data: json!({ "participation_id": row.id }),
            to: vec![row.member_id],
            // a member who takes part again pays again
            dedupe: Dedupe::Whole(format!("ev-pay:{}:{}", row.id, row.payment_attempt)),
            until: None,
        };
        self.tell(tx, about).await?;
        let joins = if newly_seated { vec![row.member_id] } else { Vec::new() };
        self.enters_chat(tx, event.gym_id, event.id, joins).await
    }

    /// NTF-48.
    pub(super) async fn refunded(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        task: &refund_task::Model,
    ) -> Result<()> {
        let row = self.stores.event_participations.get(tx, gym.id, task.participation_id).await?;
        let Some(row) = row else { return Ok(()) };
        let variant = if task.kind == RefundKind::Unseated { "no_seat" } else { "refund" };
        let about = About {
            gym,
            event,
            kind: NoticeKind::EventRefunded,
            variant: Some(variant),
            params: json!({
                "refund_cents": task.amount_cents, "currency": event.currency, "reason": task.reason,
            }),
            data: json!({
                "participation_id": row.id, "refund_cents": task.amount_cents, "currency": event.currency,
            }),
            to: vec![row.member_id],
            dedupe: Dedupe::Whole(format!("ev-ref:{}", task.id)),
            until: None,
        };
        Ok(self.tell(tx, about).await?)
    }

    /// NTF-48, for cash that was given back by hand.
    pub(super) async fn refunded_in_cash(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        row: &participation::Model,
    ) -> Result<()> {
        let cents = row.refund_amount_cents.unwrap_or_default();
        if row.payment_status != Some(PaymentStatus::Refunded) || cents == 0 {
            return Ok(());
        }
        let about = About {
            gym,
            event,
            kind: NoticeKind::EventRefunded,
            variant: Some("refund"),
            params: json!({ "refund_cents": cents, "currency": event.currency, "reason": null }),
            data: json!({ "participation_id": row.id, "refund_cents": cents, "currency": event.currency }),
            to: vec![row.member_id],
            dedupe: Dedupe::None,
            until: None,
        };
        Ok(self.tell(tx, about).await?)
    }

    /// NTF-49.
    pub(super) async fn payment_refused(
        &self,
        tx: &Tx,
        event: &event::Model,
        row: &participation::Model,
        intent: &str,
    ) -> Result<()> {
        let gym = self.gym_of(tx, event.gym_id).await?;
        let before = row.payment_expiry.unwrap_or(event.end_time);
        let about = About {
            gym: &gym,
            event,
            kind: NoticeKind::EventPaymentMethodRequired,
            variant: None,
            params: json!({ "pay_before": before }),
            data: json!({ "participation_id": row.id }),
            to: vec![row.member_id],
            dedupe: Dedupe::Whole(format!("ev-pm:{intent}")),
            until: Some(before),
        };
        Ok(self.tell(tx, about).await?)
    }

    /// NTF-91: the administrators of this gym, once.
    pub(super) async fn refund_failed(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        task: &refund_task::Model,
    ) -> Result<()> {
        let about = About {
            gym,
            event,
            kind: NoticeKind::RefundFailed,
            variant: None,
            params: json!({ "refund_cents": task.amount_cents, "currency": event.currency }),
            data: json!({ "participation_id": task.participation_id }),
            to: self.stores.event_seats.administrators(tx, gym.id).await?,
            dedupe: Dedupe::Whole(format!("ref-fail:{}", task.id)),
            until: None,
        };
        Ok(self.tell(tx, about).await?)
    }

    pub(super) async fn enters_chat(&self, tx: &Tx, gym: GymId, event: EventId, users: Vec<UserId>) -> Result<()> {
        Ok(self.chat_later(tx, gym, ChatWork::Add { event, users }).await?)
    }

    pub(super) async fn leaves_chat(&self, tx: &Tx, gym: GymId, event: EventId, users: Vec<UserId>) -> Result<()> {
        Ok(self.chat_later(tx, gym, ChatWork::Remove { event, users }).await?)
    }
}

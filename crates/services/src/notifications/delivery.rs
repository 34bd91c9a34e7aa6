//! Delivers notifications: who is told is decided now, not when they were written (NTF-24 … NTF-34).
use super::{
    breaker::{Breaker, PAUSED},
    budget::Budget,
    push_service::{PushService, Unsent},
};
use crate::{
    Core, Ports, Result, Settings,
    kernel::relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use aws_lc_rs::rand;
use chrono::TimeDelta;
use domain::{
    NotificationId, UserId,
    kernel::outbox,
    notifications::{
        kind::NoticeKind,
        notification::{Channel, Model, NotificationStatus as S},
    },
};
use ports::{
    mail::{Mail, MailError, Mailer},
    push::{PushMessage, PushReceipt},
};
use repository::notifications::written::Outcome;
use std::sync::Arc;

pub const DELIVER: &str = "notification.deliver";
pub(super) const ATTEMPTS: i32 = 6;

pub(super) struct NotificationDelivery {
    core: Core,
    pushes: Arc<PushService>,
    mailer: Arc<dyn Mailer>,
    budget: Budget,
    mail_breaker: Breaker,
    public_url: String,
}

/// What a channel made of a delivery.
enum Made {
    Done(Outcome),
    /// Handed back: the other side is away.
    Again(Failure),
    /// Never delivered as things are; an operator may replay it.
    Dead(String),
}

fn ended(status: S) -> Outcome {
    Outcome { status, provider_id: None, accepted: None, error: None, sent_at: None }
}

fn skipped(reason: &str) -> Made {
    Made::Done(Outcome { error: Some(reason.to_owned()), ..ended(S::Skipped) })
}

/// 10 s, 60 s, 5 min, 30 min, 2 h (NTF-32).
fn delay(attempts: i32) -> TimeDelta {
    TimeDelta::seconds(match attempts {
        ..=1 => 10,
        2 => 60,
        3 => 300,
        4 => 1800,
        _ => 7200,
    })
}

/// A fifth more or less, so that what failed together does not come back together.
fn jittered(delay: TimeDelta, random: u16) -> TimeDelta {
    let fifth = delay.num_milliseconds() / 5;
    delay - TimeDelta::milliseconds(fifth)
        + TimeDelta::milliseconds(2 * fifth * i64::from(random) / i64::from(u16::MAX))
}

/// How long to wait after so many failed attempts.
pub(super) fn pause(attempts: i32) -> TimeDelta {
    let mut random = [0; 2];
    // without randomness the delay stands as it is
    let random = if rand::fill(&mut random).is_ok() { u16::from_ne_bytes(random) } else { u16::MAX / 2 };
    jittered(delay(attempts), random)
}

impl NotificationDelivery {
    pub(super) fn new(core: &Core, ports: &Ports, settings: &Settings, pushes: Arc<PushService>) -> Self {
        Self {
            core: core.clone(),
            pushes,
            mailer: ports.mailer.clone(),
            budget: Budget::new(core, ports),
            mail_breaker: Breaker::default(),
            public_url: settings.public_url.trim_end_matches('/').to_owned(),
        }
    }

    async fn deliver_row(&self, row: &Model, attempts: i32) -> Result<Made, Failure> {
        let now = self.core.clock.now();
        if row.expires_at < now {
            return Ok(skipped("expired"));
        }
        // what an administrator wrote follows the rules of announcements, whatever type they gave it
        let kind = match row.created_by {
            Some(_) => Some(NoticeKind::Announcement),
            None => NoticeKind::parse(&row.kind),
        };
        let refusable = kind.filter(|kind| kind.is_refusable()).map(NoticeKind::as_str);
        let people = self.core.stores.addressed.to_tell(&self.core.db, row, refusable).await.map_err(Failure::retry)?;
        if people.is_empty() {
            return Ok(skipped("nobody_to_tell"));
        }
        match row.channel {
            Channel::Push => {
                let exempt = kind.is_some_and(NoticeKind::is_transactional);
                if let Some(wait) = self.budget.wait(people.len(), exempt || attempts > 1).await? {
                    return Ok(Made::Again(Failure::Later { reason: "the platform's budget is spent", after: wait }));
                }
                self.deliver_push(row, people).await
            }
            Channel::Email => match people.first() {
                Some(person) => self.deliver_mail(row, *person).await,
                None => Ok(skipped("nobody_to_tell")),
            },
            Channel::Chat => Ok(skipped("chats are told by effects of their own")),
        }
    }

    async fn deliver_push(&self, row: &Model, people: Vec<UserId>) -> Result<Made, Failure> {
        let message = PushMessage {
            key: row.uuid.clone(),
            users: people,
            headings: row.titles.clone(),
            contents: row.bodies.clone(),
            data: row.data.as_object().cloned().unwrap_or_default(),
            collapse_id: row.collapse_id.clone(),
        };
        match self.pushes.send(&message, None).await {
            Ok(receipt) => self.accepted(message.users, receipt).await,
            Err(Unsent::Disabled) => Ok(skipped("push_disabled")),
            Err(Unsent::Again(failure)) => Ok(Made::Again(failure)),
            Err(Unsent::Refused(reason)) => Ok(Made::Dead(reason)),
        }
    }

    /// Who was reached has used their devices (NTF-27).
    async fn accepted(&self, people: Vec<UserId>, receipt: PushReceipt) -> Result<Made, Failure> {
        if !receipt.unknown.is_empty() {
            tracing::info!(people = receipt.unknown.len(), "the push service does not know everybody");
        }
        let Some(id) = receipt.id else { return Ok(skipped("nobody_subscribed")) };
        let now = self.core.clock.now();
        let reached: Vec<_> = people.into_iter().filter(|user| !receipt.unknown.contains(user)).collect();
        let used = self.core.stores.devices.used(&self.core.db, &reached, now).await;
        if let Err(error) = used {
            // the message is out: sending it again would be worse
            tracing::warn!(%error, "the use of devices is not kept");
        }
        let status = if receipt.unknown.is_empty() { S::Sent } else { S::Partial };
        Ok(Made::Done(Outcome {
            status,
            provider_id: Some(id.chars().take(100).collect()),
            accepted: i32::try_from(reached.len()).ok(),
            error: None,
            sent_at: Some(now),
        }))
    }

    async fn deliver_mail(&self, row: &Model, person: UserId) -> Result<Made, Failure> {
        let (db, stores) = (&self.core.db, &self.core.stores);
        let found = stores.users.by_id(db, person).await.map_err(Failure::retry)?;
        let gym = stores.gyms.by_id(db, row.gym_id).await.map_err(Failure::retry)?;
        let (Some(person), Some(content)) = (found, row.mail.as_ref()) else { return Ok(skipped("nobody_to_tell")) };
        let part = |name: &str| content.get(name).and_then(|part| part.as_str()).unwrap_or_default().to_owned();
        let key = content.get("refusal_key").and_then(|key| key.as_str());
        let mail = Mail {
            key: row.uuid.clone(),
            to: person.email,
            reply_to: gym.and_then(|gym| gym.email),
            subject: part("subject"),
            text: part("text"),
            html: part("html"),
            unsubscribe: key
                .map(|key| format!("{}/api/v1/notifications/unsubscribe/{}?key={key}", self.public_url, row.uuid)),
        };
        if let Some(wait) = self.mail_breaker.wait(self.core.clock.now()) {
            return Ok(Made::Again(Failure::Later { reason: PAUSED, after: wait }));
        }
        let sent = self.mailer.send(&mail).await;
        match &sent {
            Err(MailError::Unavailable(_)) => self.mail_breaker.failed(self.core.clock.now()),
            _ => self.mail_breaker.answered(),
        }
        match sent {
            Ok(()) => {
                Ok(Made::Done(Outcome { accepted: Some(1), sent_at: Some(self.core.clock.now()), ..ended(S::Sent) }))
            }
            Err(MailError::Disabled) => Ok(skipped("mail_disabled")),
            Err(MailError::Unavailable(reason)) => Ok(Made::Again(Failure::retry(reason))),
            // an address that is none: nothing that an operator could replay
            Err(MailError::Refused(reason)) => Ok(Made::Done(Outcome { error: Some(reason), ..ended(S::Failed) })),
        }
    }

    async fn settle(&self, row: &Model, outcome: Outcome) -> Result<(), Failure> {
        let label = if outcome.status == S::Pending { "again" } else { label(outcome.status) };
        let settled = self.core.stores.written.settle(&self.core.db, row.gym_id, row.id, outcome).await;
        settled.map_err(Failure::retry)?;
        let channel = match row.channel {
            Channel::Push => "push",
            Channel::Email => "email",
            Channel::Chat => "chat",
        };
        metrics::counter!("gymapi_notifications_total", "channel" => channel, "outcome" => label).increment(1);
        Ok(())
    }
}

fn label(status: S) -> &'static str {
    match status {
        S::Scheduled | S::Pending | S::Sending => "again",
        S::Sent => "sent",
        S::Partial => "partial",
        S::Skipped => "skipped",
        S::Failed => "failed",
        S::Cancelled => "cancelled",
    }
}

#[async_trait]
impl EffectHandler for NotificationDelivery {
    fn kind(&self) -> &'static str {
        DELIVER
    }

    fn max_attempts(&self) -> i32 {
        ATTEMPTS
    }

    fn pause(&self, attempts: i32) -> TimeDelta {
        pause(attempts)
    }

    async fn deliver(&self, effect: &outbox::Model) -> Result<(), Failure> {
        let id = effect.payload.get("notification_id").and_then(|id| id.as_i64()).map(NotificationId);
        let (Some(gym), Some(id)) = (effect.gym_id, id) else {
            return Err(Failure::Permanent("no notification is named".into()));
        };
        let begun = self.core.stores.written.begin(&self.core.db, gym, id).await.map_err(Failure::retry)?;
        // cancelled, made already, or old and gone
        let Some(row) = begun else { return Ok(()) };
        match self.deliver_row(&row, effect.attempts).await? {
            Made::Done(outcome) => self.settle(&row, outcome).await,
            Made::Again(failure) => {
                let (status, error) = match &failure {
                    Failure::Retry { reason, .. } if effect.attempts >= ATTEMPTS => (S::Failed, reason.clone()),
                    Failure::Retry { reason, .. } | Failure::Permanent(reason) => (S::Pending, reason.clone()),
                    Failure::Later { reason, .. } => (S::Pending, (*reason).to_owned()),
                };
                self.settle(&row, Outcome { error: Some(error), ..ended(status) }).await?;
                Err(failure)
            }
            Made::Dead(reason) => {
                self.settle(&row, Outcome { error: Some(reason.clone()), ..ended(S::Failed) }).await?;
                Err(Failure::Permanent(reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntf_32_the_delays_are_10_s_60_s_5_min_30_min_and_2_h_a_fifth_more_or_less() {
        let seconds: Vec<_> = (1..=5).map(|n| delay(n).num_seconds()).collect();
        assert_eq!(seconds, [10, 60, 300, 1800, 7200]);
        let minute = TimeDelta::seconds(60);
        assert_eq!(jittered(minute, 0).num_seconds(), 48);
        assert_eq!(jittered(minute, u16::MAX).num_seconds(), 72);
        assert_eq!(jittered(minute, u16::MAX / 2).num_seconds(), 59);
    }
}

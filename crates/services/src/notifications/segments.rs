//! What the platform tells everybody whom the push service counts to a segment. Segments know no gyms: this is for
//! SUPER_ADMIN alone, and stands in no gym's history (NTF-12).
use super::{
    delivery::{ATTEMPTS, pause},
    push_service::{PushService, Unsent},
};
use crate::{
    Caller, Core, Result,
    kernel::relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    kernel::{
        outbox::{self, Effect},
        validation::check,
    },
    notifications::{kind::NoticeKind, segment::ToSegment},
};
use ports::push::PushMessage;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

pub const DELIVER: &str = "notification.segment";

/// What waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SegmentNotificationResponse)]
pub struct Queued {
    /// The message's key at the push service, the same at every attempt.
    #[schema(format = "uuid")]
    pub notification_id: String,
}

/// On its way.
#[derive(Serialize, Deserialize)]
struct Waiting {
    segment: String,
    message: PushMessage,
    /// Of no use after this (NTF-34).
    expires_at: DateTime<Utc>,
}

#[async_trait]
pub trait Segments: Send + Sync {
    /// Has a message sent after the answer (NTF-21). SUPER_ADMIN guard.
    async fn send(&self, caller: &Caller, request: ToSegment) -> Result<Queued>;
}

pub struct SegmentService {
    core: Core,
}

impl SegmentService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Segments for SegmentService {
    async fn send(&self, caller: &Caller, request: ToSegment) -> Result<Queued> {
        caller.must_be_super_admin()?;
        check(&request)?;
        let (announcement, segment) = request.split();
        let kind = announcement.kind().unwrap_or(NoticeKind::Announcement.as_str()).to_owned();
        let (headings, contents) = (announcement.titles(), announcement.bodies());
        let mut data = announcement.data.unwrap_or_default();
        // it is of no gym, whatever the caller says (NTF-13)
        data.remove("gym_id");
        data.remove("gym_name");
        data.insert("type".into(), kind.into());
        let key = Uuid::new_v4().to_string();
        let message = PushMessage { key: key.clone(), users: Vec::new(), headings, contents, data, collapse_id: None };
        let core = &self.core;
        let expires_at = core.clock.now() + TimeDelta::minutes(NoticeKind::Announcement.minutes_of_use());
        let effect = Effect {
            gym: None,
            kind: DELIVER,
            aggregate: format!("segment:{key}"),
            dedupe_key: None,
            payload: json!(Waiting { segment, message, expires_at }),
        };
        core.effect(&core.db, effect).await?;
        Ok(Queued { notification_id: key })
    }
}

pub(super) struct SegmentDelivery {
    core: Core,
    pushes: Arc<PushService>,
}

impl SegmentDelivery {
    pub(super) fn new(core: &Core, pushes: Arc<PushService>) -> Self {
        Self { core: core.clone(), pushes }
    }

    /// What is made of it, as the metric calls it.
    async fn push(&self, waiting: &Waiting) -> (&'static str, Result<(), Failure>) {
        if waiting.expires_at < self.core.clock.now() {
            tracing::warn!("a message to a segment could not be sent in time");
            return ("skipped", Ok(()));
        }
        match self.pushes.send(&waiting.message, Some(waiting.segment.as_str())).await {
            Ok(receipt) if receipt.id.is_some() => ("sent", Ok(())),
            Ok(_) => {
                tracing::info!("nobody of a segment has a device");
                ("skipped", Ok(()))
            }
            Err(Unsent::Disabled) => {
                tracing::warn!("a segment is told nothing: no push service is configured");
                ("skipped", Ok(()))
            }
            Err(Unsent::Again(failure)) => ("again", Err(failure)),
            Err(Unsent::Refused(reason)) => ("failed", Err(Failure::Permanent(reason))),
        }
    }
}

#[async_trait]
impl EffectHandler for SegmentDelivery {
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
        let waiting: Waiting =
            serde_json::from_value(effect.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))?;
        let (label, made) = self.push(&waiting).await;
        metrics::counter!("gymapi_notifications_total", "channel" => "push", "outcome" => label).increment(1);
        made
    }
}

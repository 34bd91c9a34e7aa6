//! Turns notices into notifications: what happened to which class, and when. Looked at when the notice is delivered, not
//! when it was written: what has become of the session meanwhile counts.
use super::notice::{self, NOTICE, Notice, NoticeKind};
use crate::{
    Core,
    kernel::relay::{EffectHandler, Failure},
    notifications::notify::{self, Dedupe},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    identity::gym,
    kernel::outbox::Model,
    notifications::kind,
    schedule::{
        class,
        session::{self, SessionStatus},
    },
};
use serde_json::{Map, Value, json};

pub(super) struct NoticeDelivery {
    core: Core,
}

impl NoticeDelivery {
    pub(super) fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

/// Whether it is still worth telling.
fn is_current(kind: NoticeKind, session: &session::Model, now: DateTime<Utc>) -> bool {
    match kind {
        // bookings ended, whatever became of the session since
        NoticeKind::SessionCancelled => true,
        NoticeKind::SessionUpdated | NoticeKind::WaitlistPromoted => session.status != SessionStatus::Cancelled,
        NoticeKind::SessionReminder => session.status == SessionStatus::Scheduled && session.start_time > now,
    }
}

fn data(session: &session::Model) -> Map<String, Value> {
    [
        ("session_id", json!(session.id)),
        ("class_id", json!(session.class_id)),
        ("start_time", json!(session.start_time)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// What is told. `effect` is the same however often the notice is delivered.
fn told<'a>(
    notice: Notice,
    effect: &Model,
    gym: &'a gym::Model,
    class: &class::Model,
    session: &session::Model,
) -> notify::Notice<'a> {
    let (id, start) = (session.id, session.start_time);
    let once = |what: &str| Dedupe::Whole(format!("{what}:{id}:{}", effect.id));
    let (kind, variant, dedupe) = match notice.kind {
        NoticeKind::SessionCancelled => (kind::NoticeKind::SessionCancelled, None, once("sess-can")),
        NoticeKind::SessionUpdated => (kind::NoticeKind::SessionUpdated, None, once("sess-upd")),
        NoticeKind::WaitlistPromoted => (kind::NoticeKind::WaitlistPromoted, Some("class"), once("wl-sess")),
        NoticeKind::SessionReminder => {
            let key = format!("sess-rem:{id}:{}", start.timestamp());
            (kind::NoticeKind::SessionReminder, None, Dedupe::PerPerson(key))
        }
    };
    let (correlation, until) = match notice.kind {
        NoticeKind::SessionReminder => (notice::reminders_of(id), Some(start)),
        _ => (format!("session:{id}:{}", effect.id), None),
    };
    notify::Notice {
        gym,
        kind,
        variant,
        params: json!({ "name": class.name, "start": start, "room": session.room, "reason": null }),
        data: data(session),
        recipients: notice.users,
        dedupe,
        correlation,
        until,
        send_after: None,
    }
}

#[async_trait]
impl EffectHandler for NoticeDelivery {
    fn kind(&self) -> &'static str {
        NOTICE
    }

    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        let notice: Notice =
            serde_json::from_value(row.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))?;
        let gym = row.gym_id.ok_or_else(|| Failure::Permanent("a notice of no gym".into()))?;
        let (core, stores) = (&self.core, &self.core.stores);
        let told = core.db.run(async |tx| {
            let found = stores.session_queries.one(&tx, gym, notice.session_id).await?;
            let gym = stores.gyms.by_id(&tx, gym).await?;
            // what is gone needs no telling
            let (Some(found), Some(gym)) = (found, gym) else { return Ok(0) };
            if !is_current(notice.kind, &found.session, core.clock.now()) {
                return Ok(0);
            }
            let told = told(notice.clone(), row, &gym, &found.class, &found.session);
            core.notify(&tx, told).await
        });
        told.await.map_err(|e: repository::StoreError| Failure::retry(e))?;
        Ok(())
    }
}

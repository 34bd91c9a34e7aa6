//! Delivers notices: the gym's name, what happened, and when by the gym's clock.
use super::{
    notice::{NOTICE, Notice, NoticeKind},
    placing::zone_of,
};
use crate::{
    Core, Ports,
    kernel::relay::{EffectHandler, Failure},
};
use async_trait::async_trait;
use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use domain::{
    identity::gym,
    kernel::outbox::Model,
    schedule::{
        class,
        session::{self, SessionStatus},
    },
};
use ports::push::{Push, PushError, PushMessage, Text};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const MONTHS_EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTHS_ES: [&str; 12] = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];

pub(super) struct NoticeDelivery {
    core: Core,
    push: Arc<dyn Push>,
}

impl NoticeDelivery {
    pub(super) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), push: ports.push.clone() }
    }
}

impl From<PushError> for Failure {
    fn from(e: PushError) -> Self {
        match e {
            PushError::Unavailable { reason, retry_after } => Self::Retry { reason, after: retry_after },
            PushError::Refused(reason) => Self::Permanent(reason),
            e @ PushError::Unauthorised(_) => Self::retry(e),
            e @ PushError::Disabled => Self::Permanent(e.to_string()),
        }
    }
}

/// `2 Mar, 18:30` and `2 mar, 18:30`, by the clock of the zone.
fn when(at: DateTime<Utc>, zone: Tz) -> Text {
    let local = at.with_timezone(&zone);
    let told = |months: [&str; 12]| {
        let month = months.into_iter().nth(local.month0() as usize).unwrap_or_default();
        format!("{} {month}, {}", local.day(), local.format("%H:%M"))
    };
    Text { en: told(MONTHS_EN), es: told(MONTHS_ES) }
}

fn name_of(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::SessionCancelled => "session_cancelled",
        NoticeKind::SessionUpdated => "session_updated",
        NoticeKind::WaitlistPromoted => "waitlist_promoted",
        NoticeKind::SessionReminder => "session_reminder",
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

fn texts(kind: NoticeKind, gym: &gym::Model, class: &class::Model, session: &session::Model) -> (Text, Text) {
    let (title, at) = ((gym.display_name(), class.name.as_str()), when(session.start_time, zone_of(gym)));
    let heading = |en: &str, es: &str| Text { en: format!("{}: {en}", title.0), es: format!("{}: {es}", title.0) };
    let name = title.1;
    match kind {
        NoticeKind::SessionCancelled => (
            heading("class cancelled", "clase cancelada"),
            Text {
                en: format!("{name} on {} was cancelled.", at.en),
                es: format!("Se ha cancelado {name} del {}.", at.es),
            },
        ),
        NoticeKind::SessionUpdated => (
            heading("class changed", "cambio en tu clase"),
            Text {
                en: format!("{name} was changed. It starts on {}{}.", at.en, room(session, "in")),
                es: format!("{name} ha cambiado. Empieza el {}{}.", at.es, room(session, "en")),
            },
        ),
        NoticeKind::WaitlistPromoted => (
            heading("you have a seat", "tienes plaza"),
            Text {
                en: format!("A seat became free: you are booked for {name} on {}.", at.en),
                es: format!("Ha quedado una plaza libre: tienes reserva en {name} el {}.", at.es),
            },
        ),
        NoticeKind::SessionReminder => (
            heading("your class is coming up", "tu clase se acerca"),
            Text {
                en: format!("{name} starts on {}{}.", at.en, room(session, "in")),
                es: format!("{name} empieza el {}{}.", at.es, room(session, "en")),
            },
        ),
    }
}

fn room(session: &session::Model, preposition: &str) -> String {
    session.room.as_deref().map(|room| format!(", {preposition} {room}")).unwrap_or_default()
}

fn data(kind: NoticeKind, gym: &gym::Model, session: &session::Model) -> Map<String, Value> {
    let data = json!({
        "type": name_of(kind),
        "session_id": session.id,
        "class_id": session.class_id,
        "gym_id": gym.id,
        "gym_name": gym.display_name(),
        "start_time": session.start_time,
    });
    match data {
        Value::Object(map) => map,
        _ => Map::new(),
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
        let (db, stores) = (&self.core.db, &self.core.stores);
        let found = stores.session_queries.one(db, gym, notice.session_id).await.map_err(Failure::retry)?;
        let gym = stores.gyms.by_id(db, gym).await.map_err(Failure::retry)?;
        // what is gone needs no telling
        let (Some(found), Some(gym)) = (found, gym) else { return Ok(()) };
        if !is_current(notice.kind, &found.session, self.core.clock.now()) {
            return Ok(());
        }
        let (headings, contents) = texts(notice.kind, &gym, &found.class, &found.session);
        let data = data(notice.kind, &gym, &found.session);
        let key = format!("notice:{}", row.id);
        let message = PushMessage { key, users: notice.users, headings, contents, data, collapse_id: None };
        match self.push.send(&message).await {
            Ok(_) | Err(PushError::Disabled) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_texts_are_of_the_gyms_clock() {
        let at = "2026-03-29T22:30:00Z".parse().unwrap();
        assert_eq!(
            when(at, chrono_tz::Europe::Madrid),
            Text { en: "30 Mar, 00:30".into(), es: "30 mar, 00:30".into() }
        );
        assert_eq!(when(at, chrono_tz::America::Mexico_City).en, "29 Mar, 16:30");
    }
}

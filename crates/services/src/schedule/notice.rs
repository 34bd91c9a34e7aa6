//! What members are told of their classes. Written as an effect with the change; delivered after it.
use crate::Core;
use domain::{GymId, SessionId, UserId, kernel::outbox::Effect};
use repository::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub const NOTICE: &str = "schedule.notice";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// SCH-54.
    SessionCancelled,
    /// SCH-53.
    SessionUpdated,
    /// SCH-83.
    WaitlistPromoted,
    /// An hour or two before the start.
    SessionReminder,
}

/// What groups the reminders of a session, so that they can be taken back with it.
pub(super) fn reminders_of(session: SessionId) -> String {
    format!("session-reminder:{session}")
}

/// People of one session who are to hear of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: NoticeKind,
    pub session_id: SessionId,
    pub users: Vec<UserId>,
}

impl Core {
    /// Writes a notice in the transaction of what it tells; none when nobody is to hear it.
    pub(crate) async fn notice(
        &self,
        tx: &Tx,
        gym: GymId,
        kind: NoticeKind,
        session: SessionId,
        users: Vec<UserId>,
    ) -> Result<(), StoreError> {
        if users.is_empty() {
            return Ok(());
        }
        let notice = Notice { kind, session_id: session, users };
        let effect = Effect {
            gym: Some(gym),
            kind: NOTICE,
            aggregate: format!("session:{session}"),
            dedupe_key: None,
            payload: json!(notice),
        };
        self.effect(tx, effect).await
    }
}

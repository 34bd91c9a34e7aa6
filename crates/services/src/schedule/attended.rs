//! That people attended, or no longer did: written with the change, so that what follows from it is worked out after
//! the commit (SCH-87, ATT-18).
use crate::Core;
use domain::{GymId, UserId, kernel::outbox::Effect};
use repository::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub const ATTENDANCE_CHANGED: &str = "schedule.attendance_changed";

/// One person of one gym, whose attendance changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendanceChanged {
    pub gym_id: GymId,
    pub user_id: UserId,
}

impl Core {
    /// Writes, for each of these people, that their attendance changed, in the transaction that changed it.
    pub(crate) async fn attendance_changed(&self, tx: &Tx, gym: GymId, users: &[UserId]) -> Result<(), StoreError> {
        for user in users {
            let payload = json!(AttendanceChanged { gym_id: gym, user_id: *user });
            let aggregate = format!("user:{user}");
            let effect = Effect { gym: Some(gym), kind: ATTENDANCE_CHANGED, aggregate, dedupe_key: None, payload };
            self.effect(tx, effect).await?;
        }
        Ok(())
    }
}

//! What attendance has earned, worked out after it changed (ATT-18, ATT-22 … ATT-25).
use crate::{
    Core, Result,
    kernel::{
        cache_key::CacheKey,
        relay::{EffectHandler, Failure},
    },
    schedule::attended::{ATTENDANCE_CHANGED, AttendanceChanged},
};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    attendance::{
        achievement,
        milestone::{Progress, reached},
        streak,
    },
    identity::gym,
    kernel::outbox::Model,
};
use repository::{StoreError, Tx};

/// Evaluates the members whose attendance changed. It may be delivered twice, and to two at once: what is earned is
/// earned once.
pub(crate) struct Evaluation {
    core: Core,
}

impl Evaluation {
    pub(crate) fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn evaluate(&self, gym: GymId, user: UserId) -> Result<()> {
        let (core, stores) = (&self.core, &self.core.stores);
        let Some(gym) = stores.gyms.by_id(&core.db, gym).await? else { return Ok(()) };
        let earned = core
            .db
            .run(async |tx| {
                let attended = stores.attended_days.attended(&tx, gym.id, user, None).await?;
                // the longest run, not the current: an evaluation that comes late takes nothing away
                let progress = Progress {
                    streak: streak::longest(&streak::days(attended.iter().copied(), &gym.timezone)),
                    classes: u32::try_from(attended.len()).unwrap_or(u32::MAX),
                };
                let now = core.clock.now();
                let earned = reached(progress).into_iter().map(|milestone| milestone.earned(user, now)).collect();
                core.award(&tx, &gym, earned).await
            })
            .await?;
        if !earned.is_empty() {
            core.committed(&[CacheKey::MemberStats(user, gym.id)]).await;
        }
        Ok(())
    }
}

impl Core {
    /// Awards what is not earned yet, in the transaction of what earned it, and tells of what is new (NTF-93); returns
    /// that. After the commit [`CacheKey::MemberStats`] of the member is stale.
    async fn award(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        earned: Vec<achievement::Create>,
    ) -> Result<Vec<achievement::Model>, StoreError> {
        let new = self.stores.earned.award(tx, gym.id, earned).await?;
        for earned in &new {
            self.unlocked(tx, gym, earned).await?;
        }
        Ok(new)
    }
}

#[async_trait]
impl EffectHandler for Evaluation {
    fn kind(&self) -> &'static str {
        ATTENDANCE_CHANGED
    }

    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        let changed: AttendanceChanged =
            serde_json::from_value(row.payload.clone()).map_err(|e| Failure::Permanent(e.to_string()))?;
        Ok(self.evaluate(changed.gym_id, changed.user_id).await?)
    }
}

//! When a member was last here (ATT-21).
use crate::{Actor, Core, Ports, Result, Settings, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{GymId, UserId, identity::GymRole};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a date is kept; that there is none is not.
const KEPT: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastAttendance {
    pub user_id: UserId,
    pub gym_id: GymId,
    /// None when they never came.
    pub last_attendance_date: Option<DateTime<Utc>>,
    pub has_attendance: bool,
}

#[async_trait]
pub trait LastAttendances: Send + Sync {
    /// The caller's own, in this gym. Member guard.
    async fn last(&self, actor: &Actor) -> Result<LastAttendance>;
}

pub struct LastAttendanceService {
    core: Core,
}

impl LastAttendanceService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

impl Core {
    /// The greatest time of a check-in of this member in this gym, cached (ATT-21).
    pub(crate) async fn last_attendance(&self, gym: GymId, user: UserId) -> Result<Option<DateTime<Utc>>> {
        let load = async || Ok(self.stores.attended_days.last(&self.db, gym, user).await?);
        self.cache.get_or_load(&CacheKey::MemberStats(user, gym).ns(), "last_attendance", KEPT, load).await
    }
}

#[async_trait]
impl LastAttendances for LastAttendanceService {
    async fn last(&self, actor: &Actor) -> Result<LastAttendance> {
        actor.must_be(GymRole::Member)?;
        let (user, gym) = (actor.user_id(), actor.gym_id());
        let last = self.core.last_attendance(gym, user).await?;
        Ok(LastAttendance { user_id: user, gym_id: gym, last_attendance_date: last, has_attendance: last.is_some() })
    }
}

//! What a gym decides about its bookings.
use crate::{Actor, Core, Error, Ports, Result, Settings, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use domain::{
    GymId,
    identity::GymRole,
    kernel::validation::check,
    schedule::settings::{self, OverlapPolicy, Update},
};
use ports::cache::{Bytes, encode};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

const SETTINGS_TTL: Duration = Duration::from_secs(3600);

/// A gym's decisions about its bookings; the defaults where it made none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ScheduleSettings)]
pub struct GymScheduleSettings {
    pub gym_id: GymId,
    /// A cancellation nearer than this to the start is late; 0 is never.
    pub late_cancel_minutes: i32,
    /// Bookings open so many hours before the start; `null` is at any time.
    pub booking_opens_hours: Option<i32>,
    pub waitlist_enabled: bool,
    /// Of one session.
    pub waitlist_max_size: i32,
    /// Nobody joins a waitlist or is promoted nearer than this to the start.
    pub waitlist_cutoff_minutes: i32,
    /// Whether one trainer or room may hold two sessions at once.
    pub session_overlap_policy: OverlapPolicy,
    /// Whether who was registered and not seen becomes a no-show by itself.
    pub auto_no_show: bool,
    /// Whether a booking needs an active membership.
    pub require_active_membership: bool,
}

impl GymScheduleSettings {
    fn of(gym: GymId, row: Option<settings::Model>) -> Self {
        let decided = settings::of(row);
        Self {
            gym_id: gym,
            late_cancel_minutes: decided.late_cancel_minutes,
            booking_opens_hours: decided.booking_opens_hours,
            waitlist_enabled: decided.waitlist_enabled,
            waitlist_max_size: decided.waitlist_max_size,
            waitlist_cutoff_minutes: decided.waitlist_cutoff_minutes,
            session_overlap_policy: decided.session_overlap_policy,
            auto_no_show: decided.auto_no_show,
            require_active_membership: decided.require_active_membership,
        }
    }
}

/// Reading and changing them.
#[async_trait]
pub trait ScheduleSettings: Send + Sync {
    /// [`GymScheduleSettings`], as the JSON that is sent. Member guard.
    async fn get(&self, actor: &Actor) -> Result<Bytes>;
    /// Changes what is sent. Admin guard.
    async fn update(&self, actor: &Actor, patch: Update) -> Result<GymScheduleSettings>;
}

pub struct ScheduleSettingsService {
    core: Core,
}

impl ScheduleSettingsService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl ScheduleSettings for ScheduleSettingsService {
    async fn get(&self, actor: &Actor) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let row = core.stores.gym_settings.of_gym(&core.db, gym).await?;
            Ok(encode(&GymScheduleSettings::of(gym, row)))
        };
        core.cache.bytes_or_load(&CacheKey::ScheduleSettings(gym).ns(), "", SETTINGS_TTL, load).await
    }

    async fn update(&self, actor: &Actor, patch: Update) -> Result<GymScheduleSettings> {
        actor.must_be(GymRole::Admin)?;
        check(&patch)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let stale = [CacheKey::ScheduleSettings(gym)];
        let row = core
            .db
            .run(async |tx| {
                let row = core.stores.gym_settings.save(&tx, gym, patch.clone()).await?;
                // entries live for an hour: they must go even when this process does not live to drop them
                core.effect_cache_drop(&tx, gym, &stale).await?;
                Ok::<_, Error>(row)
            })
            .await?;
        core.committed(&stale).await;
        Ok(GymScheduleSettings::of(gym, row))
    }
}

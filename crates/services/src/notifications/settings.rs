//! What a gym decides about the notifications of its people.
use crate::{Actor, Core, Result};
use async_trait::async_trait;
use domain::{
    GymId,
    identity::GymRole,
    kernel::validation::check,
    notifications::settings::{Create, Model, Update},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A gym's decisions; the defaults where it made none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationSettings)]
pub struct GymNotificationSettings {
    pub gym_id: GymId,
    /// `en` or `es`: of mails to people who do not say which language they read.
    pub locale: String,
    /// Whether members hear of new events.
    pub announce_events: bool,
}

impl GymNotificationSettings {
    fn of(gym: GymId, row: Option<Model>) -> Self {
        let row =
            row.map_or_else(Create::default, |row| Create { locale: row.locale, announce_events: row.announce_events });
        Self { gym_id: gym, locale: row.locale, announce_events: row.announce_events }
    }
}

/// Admin guard.
#[async_trait]
pub trait NotificationSettings: Send + Sync {
    async fn get(&self, actor: &Actor) -> Result<GymNotificationSettings>;
    async fn update(&self, actor: &Actor, patch: Update) -> Result<GymNotificationSettings>;
}

pub struct NotificationSettingsService {
    core: Core,
}

impl NotificationSettingsService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl NotificationSettings for NotificationSettingsService {
    async fn get(&self, actor: &Actor) -> Result<GymNotificationSettings> {
        actor.must_be(GymRole::Admin)?;
        let row = self.core.stores.gym_notices.of_gym(&self.core.db, actor.gym_id()).await?;
        Ok(GymNotificationSettings::of(actor.gym_id(), row))
    }

    async fn update(&self, actor: &Actor, patch: Update) -> Result<GymNotificationSettings> {
        actor.must_be(GymRole::Admin)?;
        check(&patch)?;
        let row = self.core.stores.gym_notices.save(&self.core.db, actor.gym_id(), patch).await?;
        Ok(GymNotificationSettings::of(actor.gym_id(), row))
    }
}

//! What a gym decides of the notifications that its people get.
use crate::{GymId, NotificationSettingsId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gym_notification_settings")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: NotificationSettingsId,
    pub gym_id: GymId,
    /// `en` or `es`: for people who say none (NTF-16).
    pub locale: String,
    /// Whether members hear of new events (NTF-45).
    pub announce_events: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("notification settings", NotificationSettingsId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub locale: String,
    pub announce_events: bool,
}

impl Default for Create {
    fn default() -> Self {
        Self { locale: "es".into(), announce_events: false }
    }
}

/// Only fields that are sent change.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    garde::Validate,
    utoipa::ToSchema,
    DeriveIntoActiveModel,
)]
#[schema(as = NotificationSettingsUpdate)]
pub struct Update {
    #[garde(inner(pattern(r"^(en|es)$")))]
    #[serde(default)]
    pub locale: Option<String>,
    #[garde(skip)]
    #[serde(default)]
    pub announce_events: Option<bool>,
}

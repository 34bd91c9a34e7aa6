//! What a member of a gym does not want to be told, on which channel.
use super::notification::Channel;
use crate::{GymId, NotificationPreferenceId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Stands for all kinds that may be refused.
pub const ALL: &str = "*";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "notification_preferences")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: NotificationPreferenceId,
    pub gym_id: GymId,
    pub user_id: UserId,
    /// A type of the catalogue, or `*` for all that may be refused.
    #[sea_orm(column_name = "type")]
    pub kind: String,
    pub channel: Channel,
    pub enabled: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("notification preference", NotificationPreferenceId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub kind: String,
    pub channel: Channel,
    pub enabled: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub enabled: Option<bool>,
}

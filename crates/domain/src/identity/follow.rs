//! Who follows whom inside a gym. Written and read by the feed.
use crate::{FollowId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_follows")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: FollowId,
    pub gym_id: GymId,
    pub follower_id: UserId,
    pub following_id: UserId,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("follow", FollowId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub follower_id: UserId,
    pub following_id: UserId,
    pub is_active: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub is_active: Option<bool>,
}

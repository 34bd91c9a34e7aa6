//! What a member thought of a session they attended (SCH-100 … SCH-105).
use crate::{GymId, ReviewId, SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_reviews")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ReviewId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    /// 1 … 5.
    pub rating: i16,
    pub comment: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("review", ReviewId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub session_id: SessionId,
    pub member_id: UserId,
    pub rating: i16,
    pub comment: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub rating: Option<i16>,
    pub comment: Option<Option<String>>,
}

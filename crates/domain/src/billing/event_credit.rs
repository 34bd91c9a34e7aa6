//! What a member has to their credit for an event that they cancelled (EVT-60).
use crate::{EventCreditId, EventParticipationId, GymId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "event_credits")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: EventCreditId,
    pub gym_id: GymId,
    pub user_id: UserId,
    pub participation_id: EventParticipationId,
    /// What it was paid with; `None` of a payment in cash.
    pub payment_intent_id: Option<String>,
    pub amount: i32,
    pub currency: String,
    pub consumed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("event credit", EventCreditId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub participation_id: EventParticipationId,
    pub payment_intent_id: Option<String>,
    pub amount: i32,
    pub currency: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub consumed_at: Option<Option<DateTime<Utc>>>,
}

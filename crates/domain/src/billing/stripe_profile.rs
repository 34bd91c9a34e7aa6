//! A person as a customer of one gym's account with the payment service (BIL §2.4).
use crate::{GymId, StripeProfileId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_gym_stripe_profiles")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: StripeProfileId,
    pub gym_id: GymId,
    pub user_id: UserId,
    pub stripe_customer_id: String,
    pub stripe_account_id: String,
    pub email: String,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("customer profile", StripeProfileId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub user_id: UserId,
    pub stripe_customer_id: String,
    pub stripe_account_id: String,
    pub email: String,
    pub is_active: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub stripe_customer_id: Option<String>,
    pub email: Option<String>,
    pub is_active: Option<bool>,
}

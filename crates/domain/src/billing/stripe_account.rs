//! A gym's account with the payment service, on which its members pay (BIL §2.3).
use crate::{GymId, StripeAccountId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumIter,
    DeriveActiveEnum,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = StripeAccountType)]
pub enum AccountType {
    Standard,
    Express,
    Custom,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gym_stripe_accounts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: StripeAccountId,
    pub gym_id: GymId,
    pub stripe_account_id: String,
    pub account_type: AccountType,
    pub onboarding_completed: bool,
    pub charges_enabled: bool,
    pub payouts_enabled: bool,
    pub details_submitted: bool,
    pub country: String,
    pub default_currency: String,
    /// Not disconnected.
    pub is_active: bool,
    pub onboarding_expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("payment account", StripeAccountId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub stripe_account_id: String,
    pub account_type: AccountType,
    pub charges_enabled: bool,
    pub payouts_enabled: bool,
    pub details_submitted: bool,
    pub onboarding_completed: bool,
    pub country: String,
    pub default_currency: String,
    pub is_active: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub charges_enabled: Option<bool>,
    pub payouts_enabled: Option<bool>,
    pub details_submitted: Option<bool>,
    pub onboarding_completed: Option<bool>,
    pub is_active: Option<bool>,
}

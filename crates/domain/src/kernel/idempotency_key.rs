//! What a POST with an `Idempotency-Key` answered, so that the same key answers the same again.
use crate::IdempotencyKeyId;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: IdempotencyKeyId,
    /// Whose key: the caller and the operation. Two callers may use the same key.
    pub scope: String,
    pub key: String,
    /// Hash of the request's body.
    pub fingerprint: String,
    /// `None` while the first request runs.
    pub status: Option<i32>,
    pub content_type: Option<String>,
    #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
    pub body: Option<Vec<u8>>,
    /// A first request that died is overtaken after this.
    pub locked_until: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

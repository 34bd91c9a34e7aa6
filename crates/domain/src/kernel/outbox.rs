//! Side effects, written in the transaction of the change that causes them and delivered after it (decision 3).
use crate::{GymId, OutboxId};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// `pending` → `running` (leased) → `done`, or back to `pending` with a later time, or `dead` for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum OutboxStatus {
    Pending,
    Running,
    Done,
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: OutboxId,
    pub gym_id: Option<GymId>,
    /// Which effect: `identity.role_sync`.
    pub kind: String,
    /// Rows of one aggregate are delivered in the order of their ids, one at a time: `user:12`.
    pub aggregate: String,
    /// Of rows that wait with the same kind and key there is only one.
    pub dedupe_key: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub status: OutboxStatus,
    pub attempts: i32,
    pub next_attempt_at: DateTime<Utc>,
    /// While `running`: who holds it, and until when. A holder that died is overtaken after that.
    pub lease: Option<String>,
    pub leased_until: Option<DateTime<Utc>>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An effect to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub gym: Option<GymId>,
    pub kind: &'static str,
    pub aggregate: String,
    pub dedupe_key: Option<String>,
    pub payload: serde_json::Value,
}

/// When the next attempt is due after `attempts` failed ones: 2, 8, 32, 128 s, then hourly (MED-27).
pub fn backoff(attempts: i32) -> TimeDelta {
    match attempts {
        ..=1 => TimeDelta::seconds(2),
        2 => TimeDelta::seconds(8),
        3 => TimeDelta::seconds(32),
        4 => TimeDelta::seconds(128),
        _ => TimeDelta::hours(1),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn med_27_the_backoff_is_2_8_32_128_seconds_then_hourly() {
        let seconds: Vec<_> = (1..=6).map(|n| super::backoff(n).num_seconds()).collect();
        assert_eq!(seconds, [2, 8, 32, 128, 3600, 3600]);
    }
}

//! Scheduled jobs: each runs once per interval across all instances.
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "scheduled_jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub next_run_at: DateTime<Utc>,
    #[serde(skip)]
    pub lease: Option<String>,
    pub leased_until: Option<DateTime<Utc>>,
    pub last_started_at: Option<DateTime<Utc>>,
    pub last_finished_at: Option<DateTime<Utc>>,
    /// `ok`, or the first line of the error.
    pub last_outcome: Option<String>,
    /// Where a job that works in steps goes on.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub progress: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What was said already (NTF-23).
#![allow(clippy::disallowed_methods)] // keys name the things that they are about, which are of one gym
use crate::{Conn, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    kernel::time,
    notifications::dedupe::{ActiveModel, Column as C, Entity},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Said: Send + Sync {
    /// Writes keys that are new, and returns those; a key that another transaction is writing is waited for.
    async fn claim(&self, conn: &Conn, keys: Vec<String>) -> Result<Vec<String>>;
    /// Forgets keys from before this instant; returns how many.
    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaSaid;

/// Keys of one statement: databases take only so many values.
const CHUNK: usize = 5000;

#[async_trait]
impl Said for SeaSaid {
    async fn claim(&self, conn: &Conn, keys: Vec<String>) -> Result<Vec<String>> {
        let now = time::now();
        let mut new = Vec::new();
        for keys in keys.chunks(CHUNK) {
            let rows = keys.iter().map(|key| ActiveModel { key: Set(key.clone()), created_at: Set(now) });
            let there = OnConflict::column(C::Key).do_nothing().to_owned();
            let written = Entity::insert_many(rows).on_conflict(there).exec_with_returning(&conn.executor()?).await?;
            new.extend(written.into_iter().map(|row| row.key));
        }
        Ok(new)
    }

    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64> {
        let old = Entity::delete_many().filter(C::CreatedAt.lt(before));
        Ok(old.exec(&conn.executor()?).await?.rows_affected)
    }
}

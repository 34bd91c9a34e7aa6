//! Devices belong to people, whatever gyms they are in.
#![allow(clippy::disallowed_methods)]
use crate::{Conn, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    UserId,
    notifications::device::{ActiveModel, Column as C, Entity, Model, Platform},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

/// A device as it is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub user: UserId,
    pub token: String,
    pub platform: Platform,
    pub at: DateTime<Utc>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Devices: Send + Sync {
    /// Signs everybody else out of a device (NTF-2).
    async fn take_from_others(&self, conn: &Conn, device: &Registered) -> Result<u64>;
    /// Writes a person's device, or makes it active again (NTF-1).
    ///
    /// # Errors
    /// [`crate::StoreError::Unique`] when somebody else registers the same device at this moment.
    async fn register(&self, conn: &Conn, device: Registered) -> Result<Option<Model>>;
    /// A person's active devices, the newest first.
    async fn active(&self, conn: &Conn, user: UserId, limit: u64) -> Result<Vec<Model>>;
    /// Signs a person out of these of their devices, or of all; returns how many that changed.
    async fn drop_of(&self, conn: &Conn, user: UserId, only: Option<String>, at: DateTime<Utc>) -> Result<u64>;
    /// Marks the active devices of people who were reached (NTF-27).
    async fn used(&self, conn: &Conn, users: &[UserId], at: DateTime<Utc>) -> Result<u64>;
    /// How many people have an active device (NTF-37).
    async fn people(&self, conn: &Conn) -> Result<u64>;
    /// Deletes what is inactive and that nothing happened to since `before` (NTF-86); returns how many.
    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaDevices;

#[async_trait]
impl Devices for SeaDevices {
    async fn take_from_others(&self, conn: &Conn, device: &Registered) -> Result<u64> {
        let theirs = Entity::update_many()
            .col_expr(C::IsActive, Expr::value(false))
            .col_expr(C::UpdatedAt, Expr::value(device.at))
            .filter(C::DeviceToken.eq(device.token.as_str()))
            .filter(C::UserId.ne(device.user))
            .filter(C::IsActive.eq(true));
        Ok(theirs.exec(&conn.executor()?).await?.rows_affected)
    }

    async fn register(&self, conn: &Conn, device: Registered) -> Result<Option<Model>> {
        let row = ActiveModel {
            uuid: Set(uuid::Uuid::new_v4().to_string()),
            user_id: Set(device.user),
            device_token: Set(device.token),
            platform: Set(device.platform),
            is_active: Set(true),
            created_at: Set(device.at),
            ..Default::default()
        };
        let known = OnConflict::columns([C::UserId, C::DeviceToken])
            .update_columns([C::Platform, C::IsActive])
            .value(C::UpdatedAt, Expr::value(device.at))
            .to_owned();
        let written = Entity::insert_many([row]).on_conflict(known).exec_with_returning(&conn.executor()?).await?;
        Ok(written.into_iter().next())
    }

    async fn active(&self, conn: &Conn, user: UserId, limit: u64) -> Result<Vec<Model>> {
        let devices = Entity::find()
            .filter(C::UserId.eq(user))
            .filter(C::IsActive.eq(true))
            .order_by_desc(C::CreatedAt)
            .order_by_desc(C::Id)
            .limit(limit);
        Ok(devices.all(&conn.executor()?).await?)
    }

    async fn drop_of(&self, conn: &Conn, user: UserId, only: Option<String>, at: DateTime<Utc>) -> Result<u64> {
        let dropped = Entity::update_many()
            .col_expr(C::IsActive, Expr::value(false))
            .col_expr(C::UpdatedAt, Expr::value(at))
            .filter(C::UserId.eq(user))
            .filter(C::IsActive.eq(true))
            .filter(Condition::all().add_option(only.map(|token| C::DeviceToken.eq(token))));
        Ok(dropped.exec(&conn.executor()?).await?.rows_affected)
    }

    async fn used(&self, conn: &Conn, users: &[UserId], at: DateTime<Utc>) -> Result<u64> {
        let used = Entity::update_many()
            .col_expr(C::LastUsed, Expr::value(at))
            .filter(C::UserId.is_in(users.iter().copied()))
            .filter(C::IsActive.eq(true));
        Ok(used.exec(&conn.executor()?).await?.rows_affected)
    }

    async fn people(&self, conn: &Conn) -> Result<u64> {
        let people = Entity::find()
            .select_only()
            .column_as(Expr::col(C::UserId).count_distinct(), "people")
            .filter(C::IsActive.eq(true));
        let counted: Option<i64> = people.into_tuple().one(&conn.executor()?).await?;
        Ok(counted.unwrap_or_default().unsigned_abs())
    }

    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64> {
        let untouched = |column: C| Condition::any().add(column.is_null()).add(column.lt(before));
        let old = Entity::delete_many()
            .filter(C::IsActive.eq(false))
            .filter(C::CreatedAt.lt(before))
            .filter(untouched(C::UpdatedAt))
            .filter(untouched(C::LastUsed));
        Ok(old.exec(&conn.executor()?).await?.rows_affected)
    }
}

use crate::{Conn, Result};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    IdempotencyKeyId,
    kernel::{
        idempotency_key::{ActiveModel, Column as C, Entity, Model},
        time,
    },
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

/// What the first look at a key says.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The caller runs the request, and then completes or abandons the key.
    First(IdempotencyKeyId),
    /// Somebody was here before.
    Seen(Model),
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Takes the key for a first request, which is overtaken when it has not ended after `holds`.
    async fn begin(&self, conn: &Conn, scope: &str, key: &str, fingerprint: &str, holds: TimeDelta) -> Result<Begun>;
    /// Keeps the answer.
    async fn complete(
        &self,
        conn: &Conn,
        id: IdempotencyKeyId,
        status: u16,
        content_type: Option<String>,
        body: Vec<u8>,
    ) -> Result<()>;
    /// Forgets a key whose request changed nothing, so that it may be tried again.
    async fn abandon(&self, conn: &Conn, id: IdempotencyKeyId) -> Result<()>;
    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaIdempotencyKeys;

#[async_trait]
impl IdempotencyKeys for SeaIdempotencyKeys {
    async fn begin(&self, conn: &Conn, scope: &str, key: &str, fingerprint: &str, holds: TimeDelta) -> Result<Begun> {
        let now = time::now();
        let row = ActiveModel {
            scope: Set(scope.to_owned()),
            key: Set(key.to_owned()),
            fingerprint: Set(fingerprint.to_owned()),
            locked_until: Set(now + holds),
            created_at: Set(now),
            ..Default::default()
        };
        let seen = OnConflict::columns([C::Scope, C::Key]).do_nothing().to_owned();
        let inserted = Entity::insert(row).on_conflict(seen).exec_without_returning(&conn.executor()?).await?;
        let of_key = |e: sea_orm::Select<Entity>| e.filter(C::Scope.eq(scope)).filter(C::Key.eq(key));
        let row = of_key(Entity::find()).one(&conn.executor()?).await?;
        match row {
            Some(row) if inserted == 1 => Ok(Begun::First(row.id)),
            // a first request that died before it answered, with the same body
            Some(row) if row.status.is_none() && row.locked_until < now && row.fingerprint == fingerprint => {
                let taken = Entity::update_many()
                    .col_expr(C::LockedUntil, Expr::value(now + holds))
                    .filter(C::Id.eq(row.id))
                    .filter(C::LockedUntil.eq(row.locked_until))
                    .exec(&conn.executor()?)
                    .await?;
                Ok(if taken.rows_affected == 1 { Begun::First(row.id) } else { Begun::Seen(row) })
            }
            Some(row) => Ok(Begun::Seen(row)),
            // abandoned between the two statements: as good as in flight
            None => Ok(Begun::Seen(Model {
                id: IdempotencyKeyId(0),
                scope: scope.to_owned(),
                key: key.to_owned(),
                fingerprint: fingerprint.to_owned(),
                status: None,
                content_type: None,
                body: None,
                locked_until: now,
                created_at: now,
            })),
        }
    }

    async fn complete(
        &self,
        conn: &Conn,
        id: IdempotencyKeyId,
        status: u16,
        content_type: Option<String>,
        body: Vec<u8>,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(C::Status, Expr::value(i32::from(status)))
            .col_expr(C::ContentType, Expr::value(content_type))
            .col_expr(C::Body, Expr::value(body))
            .filter(C::Id.eq(id))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn abandon(&self, conn: &Conn, id: IdempotencyKeyId) -> Result<()> {
        Entity::delete_many().filter(C::Id.eq(id)).filter(C::Status.is_null()).exec(&conn.executor()?).await?;
        Ok(())
    }

    async fn reap(&self, conn: &Conn, before: DateTime<Utc>) -> Result<u64> {
        Ok(Entity::delete_many().filter(C::CreatedAt.lt(before)).exec(&conn.executor()?).await?.rows_affected)
    }
}

//! Notifications on their way: written with the change that they tell of, and what became of them.
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, NotificationId, UserId,
    kernel::time,
    notifications::{
        notification::{Channel, Column as C, Create, Entity, Model, NotificationStatus as S},
        recipient::{self, Column as R},
    },
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, UpdateMany,
    sea_query::{Expr, Query},
};

/// Filters of the history (NTF-OP6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    pub kind: Option<String>,
    pub status: Option<S>,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: S,
    pub provider_id: Option<String>,
    pub accepted: Option<i32>,
    pub error: Option<String>,
    /// When the other side took it.
    pub sent_at: Option<DateTime<Utc>>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Written: Send + Sync {
    /// In the order in which they are given.
    async fn write(&self, conn: &Conn, gym: GymId, rows: Vec<Create>) -> Result<Vec<Model>>;
    /// Who they are for.
    async fn address(&self, conn: &Conn, gym: GymId, to: &[(NotificationId, UserId)]) -> Result<()>;
    /// Begins a delivery; `None` when it was cancelled or has been made. One that an operator replays begins again.
    async fn begin(&self, conn: &Conn, gym: GymId, id: NotificationId) -> Result<Option<Model>>;
    /// Ends a delivery that is being made, or hands it back as PENDING.
    async fn settle(&self, conn: &Conn, gym: GymId, id: NotificationId, outcome: Outcome) -> Result<bool>;
    /// Cancels what has not begun (NTF-30); returns how many, and whether there is anything of these correlations.
    async fn cancel(&self, conn: &Conn, gym: GymId, correlations: &[String]) -> Result<u64>;
    /// A mail by the id that its links name, whatever gym it is of.
    async fn mail(&self, conn: &Conn, uuid: &str) -> Result<Option<Model>>;
    /// Whether an administrator sent something under this correlation.
    async fn was_sent_by_staff(&self, conn: &Conn, gym: GymId, correlation: &str) -> Result<bool>;
    /// The gym's notifications, those of one correlation together, the newest first.
    async fn history(&self, conn: &Conn, gym: GymId, filter: &HistoryFilter, page: Page) -> Result<Vec<Model>>;
    /// When this gym's administrators sent something since `since`, the newest first; correlations, not rows.
    async fn staff_sends(
        &self,
        conn: &Conn,
        gym: GymId,
        prefix: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>>;
    /// Deletes up to `max` of any gym that ended before `before`, with whom they were for; returns how many.
    async fn reap(&self, conn: &Conn, before: DateTime<Utc>, max: u64) -> Result<u64>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaWritten;

/// Rows of one statement: databases take only so many values.
const CHUNK: usize = 2000;
const ENDED: [S; 5] = [S::Sent, S::Partial, S::Skipped, S::Failed, S::Cancelled];

fn changed(gym: GymId, to: S) -> UpdateMany<Entity> {
    scope::update::<Entity>(gym)
        .col_expr(C::Status, Expr::value(to.to_value()))
        .col_expr(C::UpdatedAt, Expr::value(time::now()))
}

#[async_trait]
impl Written for SeaWritten {
    async fn write(&self, conn: &Conn, gym: GymId, rows: Vec<Create>) -> Result<Vec<Model>> {
        let now = time::now();
        let mut written = Vec::with_capacity(rows.len());
        for rows in rows.chunks(500) {
            let rows = rows.iter().cloned().map(|row| {
                let mut row = row.into_active_model();
                row.gym_id = Set(gym);
                row.created_at = Set(now);
                row.updated_at = Set(now);
                row
            });
            written.extend(Entity::insert_many(rows).exec_with_returning(&conn.executor()?).await?);
        }
        // ids are given in the order of the rows, answers may come in any
        written.sort_by_key(|row| row.id);
        Ok(written)
    }

    async fn address(&self, conn: &Conn, gym: GymId, to: &[(NotificationId, UserId)]) -> Result<()> {
        let now = time::now();
        for to in to.chunks(CHUNK) {
            let rows = to.iter().map(|(notification_id, user_id)| {
                let mut row =
                    recipient::Create { notification_id: *notification_id, user_id: *user_id }.into_active_model();
                row.gym_id = Set(gym);
                row.created_at = Set(now);
                row.updated_at = Set(now);
                row
            });
            recipient::Entity::insert_many(rows).exec_without_returning(&conn.executor()?).await?;
        }
        Ok(())
    }

    async fn begin(&self, conn: &Conn, gym: GymId, id: NotificationId) -> Result<Option<Model>> {
        let begun = changed(gym, S::Sending).filter(C::Id.eq(id)).filter(C::Status.is_in([
            S::Scheduled,
            S::Pending,
            S::Sending,
            S::Failed,
        ]));
        Ok(begun.exec_with_returning(&conn.executor()?).await?.pop())
    }

    async fn settle(&self, conn: &Conn, gym: GymId, id: NotificationId, outcome: Outcome) -> Result<bool> {
        let settled = changed(gym, outcome.status)
            .col_expr(C::ProviderId, Expr::value(outcome.provider_id))
            .col_expr(C::AcceptedCount, Expr::value(outcome.accepted))
            .col_expr(C::Error, Expr::value(outcome.error))
            .col_expr(C::SentAt, Expr::value(outcome.sent_at))
            .filter(C::Id.eq(id))
            .filter(C::Status.eq(S::Sending));
        Ok(settled.exec(&conn.executor()?).await?.rows_affected == 1)
    }

    async fn cancel(&self, conn: &Conn, gym: GymId, correlations: &[String]) -> Result<u64> {
        let cancelled = changed(gym, S::Cancelled)
            .filter(C::Correlation.is_in(correlations.iter().map(String::as_str)))
            .filter(C::Status.is_in([S::Scheduled, S::Pending]));
        Ok(cancelled.exec(&conn.executor()?).await?.rows_affected)
    }

    async fn was_sent_by_staff(&self, conn: &Conn, gym: GymId, correlation: &str) -> Result<bool> {
        let sent = scope::select::<Entity>(gym)
            .select_only()
            .column(C::Id)
            .filter(C::Correlation.eq(correlation))
            .filter(C::CreatedBy.is_not_null())
            .limit(1);
        Ok(sent.into_tuple::<NotificationId>().one(&conn.executor()?).await?.is_some())
    }

    /// The link is all that whoever holds the mail has; it names one row.
    #[allow(clippy::disallowed_methods)]
    async fn mail(&self, conn: &Conn, uuid: &str) -> Result<Option<Model>> {
        let mail = Entity::find().filter(C::Uuid.eq(uuid)).filter(C::Channel.eq(Channel::Email));
        Ok(mail.one(&conn.executor()?).await?)
    }

    async fn history(&self, conn: &Conn, gym: GymId, filter: &HistoryFilter, page: Page) -> Result<Vec<Model>> {
        // rows of one correlation are written at once, so they have one time
        let history = scope::select::<Entity>(gym)
            .filter(
                Condition::all()
                    .add_option(filter.kind.as_deref().map(|kind| C::Kind.eq(kind)))
                    .add_option(filter.status.map(|status| C::Status.eq(status))),
            )
            .order_by_desc(C::CreatedAt)
            .order_by_desc(C::Correlation)
            .order_by_desc(C::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(history.all(&conn.executor()?).await?)
    }

    async fn staff_sends(
        &self,
        conn: &Conn,
        gym: GymId,
        prefix: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>> {
        let sends = scope::select::<Entity>(gym)
            .select_only()
            .column(C::Correlation)
            .column_as(C::CreatedAt.max(), "at")
            .filter(C::CreatedBy.is_not_null())
            .filter(C::Correlation.starts_with(prefix))
            .filter(C::CreatedAt.gte(since))
            .group_by(C::Correlation)
            .order_by_desc(C::CreatedAt.max())
            .order_by_asc(C::Correlation)
            .limit(Page::MAX);
        let sends: Vec<(String, DateTime<Utc>)> = sends.into_tuple().all(&conn.executor()?).await?;
        Ok(sends.into_iter().map(|(_, at)| at).collect())
    }

    /// Over all gyms: the clock's doing, and nobody's request.
    #[allow(clippy::disallowed_methods)]
    async fn reap(&self, conn: &Conn, before: DateTime<Utc>, max: u64) -> Result<u64> {
        let ended = ENDED.map(|s| s.to_value());
        let old = Entity::find()
            .select_only()
            .column(C::Id)
            .filter(C::Status.is_in(ended))
            .filter(C::CreatedAt.lt(before))
            .order_by_asc(C::CreatedAt)
            .order_by_asc(C::Id)
            .limit(max)
            .into_query();
        let of_old = Query::select().column(C::Id).from_subquery(old, "old").to_owned();
        let reaped = Entity::delete_many().filter(C::Id.in_subquery(of_old));
        Ok(reaped.exec(&conn.executor()?).await?.rows_affected)
    }
}

/// Whether somebody is among those whom a notification is for.
pub(super) fn addressed(gym: GymId, id: NotificationId) -> sea_orm::Select<recipient::Entity> {
    scope::select::<recipient::Entity>(gym).filter(R::NotificationId.eq(id))
}

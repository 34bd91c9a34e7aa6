//! The list of what one person was told, as their app shows it.
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, NotificationId, UserId,
    kernel::time,
    notifications::{
        notification::{self, Channel, Column as N, NotificationStatus as S},
        recipient::{Column as R, Entity},
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select,
    sea_query::{Expr, Query, SimpleExpr},
};

/// A notification in somebody's list.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Told {
    #[sea_orm(nested)]
    pub notification: notification::Model,
    pub read_at: Option<DateTime<Utc>>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Inbox: Send + Sync {
    /// The newest first. A push is there whether or not it reached a device; a mail is not, it has a push beside it.
    async fn list(&self, conn: &Conn, gym: GymId, user: UserId, unread: bool, page: Page) -> Result<Vec<Told>>;
    async fn unread(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<i64>;
    /// Marks one, or all, as read; returns how many are newly so.
    async fn read(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        only: Option<NotificationId>,
        at: DateTime<Utc>,
    ) -> Result<u64>;
    /// The row behind the id that clients see, if this person was told.
    async fn find(&self, conn: &Conn, gym: GymId, user: UserId, uuid: &str) -> Result<Option<NotificationId>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaInbox;

/// Not before its time, and not what was taken back.
fn is_shown() -> SimpleExpr {
    let hidden = [S::Scheduled, S::Cancelled].map(|s| s.to_value());
    Expr::col((notification::Entity, N::Channel))
        .eq(Channel::Push.to_value())
        .and(Expr::col((notification::Entity, N::Status)).is_not_in(hidden))
}

fn own(gym: GymId, user: UserId, unread: bool) -> Select<notification::Entity> {
    let unread = unread.then(|| R::ReadAt.is_null());
    scope::select::<notification::Entity>(gym)
        .join(JoinType::InnerJoin, with_recipient())
        .filter(R::UserId.eq(user))
        .filter(Condition::all().add_option(unread))
        .filter(is_shown())
}

fn with_recipient() -> RelationDef {
    notification::Entity::belongs_to(Entity).from((N::GymId, N::Id)).to((R::GymId, R::NotificationId)).into()
}

#[async_trait]
impl Inbox for SeaInbox {
    async fn list(&self, conn: &Conn, gym: GymId, user: UserId, unread: bool, page: Page) -> Result<Vec<Told>> {
        let told = own(gym, user, unread).column(R::ReadAt).order_by_desc(R::Id).offset(page.skip).limit(page.limit);
        Ok(told.into_model().all(&conn.executor()?).await?)
    }

    async fn unread(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<i64> {
        let unread = own(gym, user, true).select_only().column_as(R::Id.count(), "n");
        Ok(unread.into_tuple().one(&conn.executor()?).await?.unwrap_or_default())
    }

    async fn read(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        only: Option<NotificationId>,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let shown = Query::select()
            .expr(Expr::value(1))
            .from(notification::Entity)
            .and_where(Expr::col((notification::Entity, N::GymId)).eq(gym))
            .and_where(Expr::col((notification::Entity, N::Id)).equals((Entity, R::NotificationId)))
            .and_where(is_shown())
            .to_owned();
        let read = scope::update::<Entity>(gym)
            .col_expr(R::ReadAt, Expr::value(at))
            .col_expr(R::UpdatedAt, Expr::value(time::now()))
            .filter(R::UserId.eq(user))
            .filter(R::ReadAt.is_null())
            .filter(Condition::all().add_option(only.map(|id| R::NotificationId.eq(id))))
            .filter(Expr::exists(shown));
        Ok(read.exec(&conn.executor()?).await?.rows_affected)
    }

    async fn find(&self, conn: &Conn, gym: GymId, user: UserId, uuid: &str) -> Result<Option<NotificationId>> {
        let found = own(gym, user, false).select_only().column(N::Id).filter(N::Uuid.eq(uuid));
        Ok(found.into_tuple().one(&conn.executor()?).await?)
    }
}

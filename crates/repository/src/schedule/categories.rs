//! A gym's own kinds of classes.
use super::SeaCategories;
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use domain::{
    CategoryId, ClassId, GymId,
    schedule::{
        category::{Column as C, Entity, Model},
        class,
    },
};
use sea_orm::{
    ColumnTrait, Condition, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func, LockType},
};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait CategoryQueries: Send + Sync {
    /// By name, whatever its case, which no two of a gym share (SCH-38).
    async fn by_name(&self, conn: &Conn, gym: GymId, active_only: bool, page: Page) -> Result<Vec<Model>>;
    /// The category, held as firmly as a removal holds it: no class can be made of it meanwhile, and those that were
    /// being made are there to be seen by the next statement (SCH-37).
    async fn hold_to_remove(&self, conn: &Conn, gym: GymId, id: CategoryId) -> Result<Option<Model>>;
    /// Whether a class is of it.
    async fn is_used(&self, conn: &Conn, gym: GymId, id: CategoryId) -> Result<bool>;
}

#[async_trait]
impl CategoryQueries for SeaCategories {
    async fn by_name(&self, conn: &Conn, gym: GymId, active_only: bool, page: Page) -> Result<Vec<Model>> {
        let rows = scope::select::<Entity>(gym)
            .filter(Condition::all().add_option(active_only.then(|| C::IsActive.eq(true))))
            .order_by(Expr::expr(Func::lower(Expr::col(C::Name))), Order::Asc)
            .order_by_asc(C::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn hold_to_remove(&self, conn: &Conn, gym: GymId, id: CategoryId) -> Result<Option<Model>> {
        // UPDATE, which a class that is being made of it makes wait; no child was inserted before in this transaction,
        // so nothing can wait for each other
        let row = scope::select::<Entity>(gym).filter(C::Id.eq(id)).lock(LockType::Update);
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn is_used(&self, conn: &Conn, gym: GymId, id: CategoryId) -> Result<bool> {
        let one = scope::select::<class::Entity>(gym)
            .select_only()
            .column(class::Column::Id)
            .filter(class::Column::CategoryId.eq(id))
            .limit(1);
        Ok(one.into_tuple::<ClassId>().one(&conn.executor()?).await?.is_some())
    }
}

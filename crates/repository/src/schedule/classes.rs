//! Classes, each with its category in the same statement.
use super::SeaClasses;
use crate::{Conn, Page, Result, identity::contains, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    ClassId, GymId, SessionId,
    schedule::{
        category,
        class::{ClassCategory, Column as C, Difficulty, Entity, Model},
        session::{self, Column as S},
    },
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef, SelectTwo,
    sea_query::LockType,
};

/// Which classes a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassFilter {
    pub active_only: bool,
    pub category: Option<ClassCategory>,
    pub difficulty: Option<Difficulty>,
    /// In name or description, without regard to case; `%` and `_` are themselves (SCH-42).
    pub text: Option<String>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait ClassQueries: Send + Sync {
    async fn with_category(
        &self,
        conn: &Conn,
        gym: GymId,
        id: ClassId,
    ) -> Result<Option<(Model, Option<category::Model>)>>;
    /// In the order of their ids.
    async fn classes(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &ClassFilter,
        page: Page,
    ) -> Result<Vec<(Model, Option<category::Model>)>>;
    /// The class, held as firmly as a removal holds it: no session can be made of it meanwhile, and those that were
    /// being made are there to be seen by the next statement (SCH-41).
    async fn hold_to_remove(&self, conn: &Conn, gym: GymId, id: ClassId) -> Result<Option<Model>>;
    /// Whether a session, in any state, is of it.
    async fn has_sessions(&self, conn: &Conn, gym: GymId, id: ClassId) -> Result<bool>;
    /// Its sessions that start then or later, the earliest first, at most so many (SCH-58).
    async fn sessions_since(
        &self,
        conn: &Conn,
        gym: GymId,
        class: ClassId,
        since: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<session::Model>>;
}

fn class_category() -> RelationDef {
    Entity::belongs_to(category::Entity)
        .from((C::GymId, C::CategoryId))
        .to((category::Column::GymId, category::Column::Id))
        .into()
}

fn with_categories(gym: GymId) -> SelectTwo<Entity, category::Entity> {
    scope::select::<Entity>(gym).join(JoinType::LeftJoin, class_category()).select_also(category::Entity)
}

impl ClassFilter {
    fn condition(&self) -> Condition {
        let says = |text: &String| {
            Condition::any().add(contains((Entity, C::Name), text)).add(contains((Entity, C::Description), text))
        };
        Condition::all()
            .add_option(self.active_only.then(|| C::IsActive.eq(true)))
            .add_option(self.category.map(|category| C::CategoryEnum.eq(category)))
            .add_option(self.difficulty.map(|difficulty| C::DifficultyLevel.eq(difficulty)))
            .add_option(self.text.as_ref().map(says))
    }
}

#[async_trait]
impl ClassQueries for SeaClasses {
    async fn with_category(
        &self,
        conn: &Conn,
        gym: GymId,
        id: ClassId,
    ) -> Result<Option<(Model, Option<category::Model>)>> {
        Ok(with_categories(gym).filter(C::Id.eq(id)).one(&conn.executor()?).await?)
    }

    async fn classes(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &ClassFilter,
        page: Page,
    ) -> Result<Vec<(Model, Option<category::Model>)>> {
        let rows =
            with_categories(gym).filter(filter.condition()).order_by_asc(C::Id).offset(page.skip).limit(page.limit);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn hold_to_remove(&self, conn: &Conn, gym: GymId, id: ClassId) -> Result<Option<Model>> {
        // UPDATE, which a session that is being made of it makes wait; no child was inserted before in this
        // transaction, so nothing can wait for each other
        let row = scope::select::<Entity>(gym).filter(C::Id.eq(id)).lock(LockType::Update);
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn has_sessions(&self, conn: &Conn, gym: GymId, id: ClassId) -> Result<bool> {
        let one = scope::select::<session::Entity>(gym).select_only().column(S::Id).filter(S::ClassId.eq(id)).limit(1);
        Ok(one.into_tuple::<SessionId>().one(&conn.executor()?).await?.is_some())
    }

    async fn sessions_since(
        &self,
        conn: &Conn,
        gym: GymId,
        class: ClassId,
        since: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<session::Model>> {
        let rows = scope::select::<session::Entity>(gym)
            .filter(S::ClassId.eq(class))
            .filter(S::StartTime.gte(since))
            .order_by_asc(S::StartTime)
            .order_by_asc(S::Id)
            .limit(limit);
        Ok(rows.all(&conn.executor()?).await?)
    }
}

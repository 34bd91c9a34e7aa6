//! Reviews, each with the names that it is shown with in the same statement.
use super::{SeaReviews, seats::session_class};
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    ClassId, GymId, ReviewId, SessionId, UserId,
    identity::user,
    schedule::{
        class, participation,
        review::{Column as C, Entity, Ground, Ratings},
        session::{self, Column as S},
    },
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationDef, Select,
    sea_query::{Expr, SimpleExpr},
};

/// A review, who wrote it, and what of.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ReviewDetail {
    pub id: ReviewId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub rating: i16,
    pub comment: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub class_name: String,
    /// When the session began.
    pub session_date: DateTime<Utc>,
}

/// What is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rated {
    Session(SessionId),
    Class(ClassId),
    Trainer(UserId),
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait ReviewQueries: Send + Sync {
    /// What a review of this session by this member would stand on; `None` when the gym has no such session.
    async fn ground(&self, conn: &Conn, gym: GymId, session: SessionId, member: UserId) -> Result<Option<Ground>>;
    async fn detail(&self, conn: &Conn, gym: GymId, id: ReviewId) -> Result<Option<ReviewDetail>>;
    /// A member's review of a session.
    async fn own(&self, conn: &Conn, gym: GymId, session: SessionId, member: UserId) -> Result<Option<ReviewDetail>>;
    /// Newest first.
    async fn of_member(&self, conn: &Conn, gym: GymId, member: UserId, page: Page) -> Result<Vec<ReviewDetail>>;
    /// Newest first.
    async fn of_session(&self, conn: &Conn, gym: GymId, session: SessionId, page: Page) -> Result<Vec<ReviewDetail>>;
    /// Every review of it, counted by its rating (SCH-103).
    async fn ratings(&self, conn: &Conn, gym: GymId, rated: Rated) -> Result<Ratings>;
}

fn review_session() -> RelationDef {
    Entity::belongs_to(session::Entity).from((C::GymId, C::SessionId)).to((S::GymId, S::Id)).into()
}

fn detailed(gym: GymId) -> Select<Entity> {
    use user::Column as U;
    scope::select::<Entity>(gym)
        .join(JoinType::InnerJoin, review_session())
        .join(JoinType::InnerJoin, session_class())
        .join(JoinType::InnerJoin, Entity::belongs_to(user::Entity).from(C::MemberId).to(U::Id).into())
        .select_only()
        .columns([C::Id, C::GymId, C::SessionId, C::MemberId, C::Rating, C::Comment, C::CreatedAt, C::UpdatedAt])
        .columns([U::FirstName, U::LastName])
        .column_as(class::Column::Name, "class_name")
        .column_as(S::StartTime, "session_date")
}

fn newest_first(select: Select<Entity>, page: Page) -> Select<Entity> {
    select.order_by_desc(C::CreatedAt).order_by_desc(C::Id).offset(page.skip).limit(page.limit)
}

#[async_trait]
impl ReviewQueries for SeaReviews {
    async fn ground(&self, conn: &Conn, gym: GymId, session: SessionId, member: UserId) -> Result<Option<Ground>> {
        use participation::Column as P;
        let own = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::Status)
            .filter(Expr::col((participation::Entity, P::SessionId)).equals((session::Entity, S::Id)))
            .filter(P::MemberId.eq(member));
        let review = scope::select::<Entity>(gym)
            .select_only()
            .column(C::Id)
            .filter(Expr::col((Entity, C::SessionId)).equals((session::Entity, S::Id)))
            .filter(C::MemberId.eq(member));
        let ground = scope::select::<session::Entity>(gym)
            .select_only()
            .columns([S::Status, S::EndTime])
            .expr_as(SimpleExpr::from(own.into_query()), "own")
            .expr_as(SimpleExpr::from(review.into_query()), "review")
            .filter(S::Id.eq(session));
        Ok(ground.into_model().one(&conn.executor()?).await?)
    }

    async fn detail(&self, conn: &Conn, gym: GymId, id: ReviewId) -> Result<Option<ReviewDetail>> {
        Ok(detailed(gym).filter(C::Id.eq(id)).into_model().one(&conn.executor()?).await?)
    }

    async fn own(&self, conn: &Conn, gym: GymId, session: SessionId, member: UserId) -> Result<Option<ReviewDetail>> {
        let one = detailed(gym).filter(C::SessionId.eq(session)).filter(C::MemberId.eq(member));
        Ok(one.into_model().one(&conn.executor()?).await?)
    }

    async fn of_member(&self, conn: &Conn, gym: GymId, member: UserId, page: Page) -> Result<Vec<ReviewDetail>> {
        let rows = newest_first(detailed(gym).filter(C::MemberId.eq(member)), page);
        Ok(rows.into_model().all(&conn.executor()?).await?)
    }

    async fn of_session(&self, conn: &Conn, gym: GymId, session: SessionId, page: Page) -> Result<Vec<ReviewDetail>> {
        let rows = newest_first(detailed(gym).filter(C::SessionId.eq(session)), page);
        Ok(rows.into_model().all(&conn.executor()?).await?)
    }

    async fn ratings(&self, conn: &Conn, gym: GymId, rated: Rated) -> Result<Ratings> {
        let of_session = || scope::select::<Entity>(gym).join(JoinType::InnerJoin, review_session());
        let reviews = match rated {
            Rated::Session(session) => scope::select::<Entity>(gym).filter(C::SessionId.eq(session)),
            Rated::Class(class) => of_session().filter(S::ClassId.eq(class)),
            Rated::Trainer(trainer) => of_session().filter(S::TrainerId.eq(trainer)),
        };
        // COUNT passes over the NULL of a CASE without ELSE
        let gave = |rating: i16| Expr::Case(Box::new(Expr::case(C::Rating.eq(rating), 1))).count();
        let counted = reviews
            .select_only()
            .column_as(gave(1), "one")
            .column_as(gave(2), "two")
            .column_as(gave(3), "three")
            .column_as(gave(4), "four")
            .column_as(gave(5), "five");
        Ok(counted.into_model().one(&conn.executor()?).await?.unwrap_or_default())
    }
}

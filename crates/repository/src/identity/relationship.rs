use crate::{
    Conn, Page, Result, SeaRepo,
    hot::{HotRead, hot_row},
    scope,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, UserId,
    identity::{
        relationship::{Column as C, Entity, Model, RelationshipStatus},
        user,
    },
    kernel::time,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::Expr,
};

pub type SeaRelationships = SeaRepo<Entity>;

/// The other side of a relationship.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct RelatedUser {
    pub id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: String,
    pub picture: Option<String>,
    pub relationship_id: domain::RelationshipId,
    pub relationship_status: RelationshipStatus,
    pub relationship_start_date: Option<DateTime<Utc>>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait RelationshipQueries: Send + Sync {
    /// Newest first (IDN-84).
    async fn newest(
        &self,
        conn: &Conn,
        gym: GymId,
        status: Option<RelationshipStatus>,
        page: Page,
    ) -> Result<Vec<Model>>;
    /// Newest first, with the member, in one statement.
    async fn members_of(&self, conn: &Conn, gym: GymId, trainer: UserId, page: Page) -> Result<Vec<RelatedUser>>;
    /// Newest first, with the trainer, in one statement.
    async fn trainers_of(&self, conn: &Conn, gym: GymId, member: UserId, page: Page) -> Result<Vec<RelatedUser>>;
    /// Ends what the person has in the gym (IDN-49).
    async fn terminate_all(&self, conn: &Conn, gym: GymId, user: UserId, at: DateTime<Utc>) -> Result<u64>;
}

hot_row!(Model {
    id,
    gym_id,
    trainer_id,
    member_id,
    status,
    start_date,
    end_date,
    notes,
    created_by,
    created_at,
    updated_at,
});

/// All of a gym.
static NEWEST: HotRead<Entity, Page, Model> = HotRead::new(|gym, page| newest_first(scope::select(gym), page));

fn newest_first(select: Select<Entity>, page: Page) -> Select<Entity> {
    select.order_by_desc(C::CreatedAt).order_by_desc(C::Id).offset(page.skip).limit(page.limit)
}

/// The relationships of `of`, joined with the person on the `other` side.
fn related(gym: GymId, of: (C, UserId), other: C, page: Page) -> sea_orm::Selector<sea_orm::SelectModel<RelatedUser>> {
    use user::Column as U;
    let select = scope::select::<Entity>(gym)
        .join(JoinType::InnerJoin, Entity::belongs_to(user::Entity).from(other).to(U::Id).into())
        .filter(of.0.eq(of.1))
        .select_only()
        .columns([U::Id, U::FirstName, U::LastName, U::Email, U::Picture])
        .column_as(C::Id, "relationship_id")
        .column_as(C::Status, "relationship_status")
        .column_as(C::StartDate, "relationship_start_date");
    newest_first(select, page).into_model()
}

#[async_trait]
impl RelationshipQueries for SeaRelationships {
    async fn newest(
        &self,
        conn: &Conn,
        gym: GymId,
        status: Option<RelationshipStatus>,
        page: Page,
    ) -> Result<Vec<Model>> {
        let Some(status) = status else { return NEWEST.all(conn, gym, page).await };
        let of_status = scope::select::<Entity>(gym).filter(C::Status.eq(status));
        Ok(newest_first(of_status, page).all(&conn.executor()?).await?)
    }

    async fn members_of(&self, conn: &Conn, gym: GymId, trainer: UserId, page: Page) -> Result<Vec<RelatedUser>> {
        Ok(related(gym, (C::TrainerId, trainer), C::MemberId, page).all(&conn.executor()?).await?)
    }

    async fn trainers_of(&self, conn: &Conn, gym: GymId, member: UserId, page: Page) -> Result<Vec<RelatedUser>> {
        Ok(related(gym, (C::MemberId, member), C::TrainerId, page).all(&conn.executor()?).await?)
    }

    async fn terminate_all(&self, conn: &Conn, gym: GymId, user: UserId, at: DateTime<Utc>) -> Result<u64> {
        let ended = scope::update::<Entity>(gym)
            .col_expr(C::Status, Expr::value(RelationshipStatus::Terminated.to_value()))
            .col_expr(C::EndDate, Expr::value(at))
            .col_expr(C::UpdatedAt, Expr::value(time::now()))
            .filter(Condition::any().add(C::TrainerId.eq(user)).add(C::MemberId.eq(user)))
            .filter(C::Status.ne(RelationshipStatus::Terminated))
            .exec(&conn.executor()?)
            .await?;
        Ok(ended.rows_affected)
    }
}

use super::{
    contains,
    gym::{RoleCounts, WorkspaceCounts},
    user::UserFilter,
};
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
        GymRole, gym,
        membership::{ACCESS_INTERVAL, AppAccess, Column as C, Entity, Model},
        user,
    },
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, LockType},
};
use serde::{Deserialize, Serialize};

pub type SeaMemberships = SeaRepo<Entity>;

/// Who may be seen by other members (IDN-57), with the role in the gym.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct PublicMember {
    pub id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
    pub role: GymRole,
    pub bio: Option<String>,
    pub color: Option<String>,
    pub is_active: bool,
}

/// A line of the gym's list of people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromQueryResult)]
pub struct MemberSummary {
    pub id: UserId,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: GymRole,
    pub joined_at: DateTime<Utc>,
}

/// Whom a list of people shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberFilter {
    /// Empty = every role.
    pub roles: Vec<GymRole>,
    /// In first or last name, without regard to case.
    pub name_contains: Option<String>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait MembershipQueries: Send + Sync {
    async fn of_user(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<Model>>;
    async fn of_user_for_update(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<Model>>;
    /// The person with their membership, in one statement.
    async fn person(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<(user::Model, Model)>>;
    async fn public_person(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<PublicMember>>;
    /// By first name, last name, id (IDN-58).
    async fn people(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &MemberFilter,
        page: Page,
    ) -> Result<Vec<(user::Model, GymRole)>>;
    /// By first name, last name, id (IDN-58).
    async fn public_people(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &MemberFilter,
        page: Page,
    ) -> Result<Vec<PublicMember>>;
    /// The advanced search inside the gym, by first name, last name, id (IDN-59).
    async fn search(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &UserFilter,
        page: Page,
    ) -> Result<Vec<(user::Model, GymRole)>>;
    /// By time of joining, then id.
    async fn summaries(&self, conn: &Conn, gym: GymId, role: Option<GymRole>, page: Page)
    -> Result<Vec<MemberSummary>>;
    async fn owner(&self, conn: &Conn, gym: GymId) -> Result<Option<Model>>;
    async fn active_members(&self, conn: &Conn, gym: GymId) -> Result<i64>;
    async fn role_counts(&self, conn: &Conn, gym: GymId) -> Result<RoleCounts>;
    /// What the statistics of a workspace count, in one statement; `since` parts new members from older ones.
    async fn workspace_counts(&self, conn: &Conn, gym: GymId, since: DateTime<Utc>) -> Result<WorkspaceCounts>;
    /// OWNER, ADMIN and TRAINER with an active row, by user id.
    async fn staff(&self, conn: &Conn, gym: GymId) -> Result<Vec<UserId>>;
    /// Roles of active memberships in active gyms, over the whole platform (IDN-19).
    async fn active_roles(&self, conn: &Conn, user: UserId) -> Result<Vec<GymRole>>;
    /// Whether `staff` is ADMIN or OWNER of an active gym that `user` belongs to.
    async fn administers(&self, conn: &Conn, staff: UserId, user: UserId) -> Result<bool>;
    /// Whether the person owns a personal trainer's workspace already (IDN-71).
    async fn owns_workspace(&self, conn: &Conn, user: UserId) -> Result<bool>;
    /// Every gym that the person belongs to.
    async fn gyms_of(&self, conn: &Conn, user: UserId) -> Result<Vec<(GymId, GymRole)>>;
    /// Ends every membership of a person (IDN-66); returns the gyms.
    async fn remove_everywhere(&self, conn: &Conn, user: UserId) -> Result<Vec<GymId>>;
    /// Counts an app access, unless one was counted within the interval (IDN-30).
    async fn count_access(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        at: DateTime<Utc>,
        access: AppAccess,
    ) -> Result<bool>;
}

hot_row!(Model {
    id,
    gym_id,
    user_id,
    role,
    is_active,
    membership_expires_at,
    membership_type,
    stripe_customer_id,
    stripe_subscription_id,
    last_payment_at,
    notes,
    last_app_access,
    total_app_opens,
    monthly_app_opens,
    monthly_reset_date,
    app_streak_days,
    created_at,
    updated_at,
});
hot_row!(PublicMember { id, first_name, last_name, picture, bio, color, is_active, role });

static OF_USER: HotRead<Entity, UserId, Model> =
    HotRead::new(|gym, user| scope::select::<Entity>(gym).filter(C::UserId.eq(user)).limit(1));

static PUBLIC_PERSON: HotRead<Entity, UserId, PublicMember> =
    HotRead::new(|gym, user| public(with_user(gym)).filter(C::UserId.eq(user)).limit(1));

fn with_user(gym: GymId) -> Select<Entity> {
    scope::select::<Entity>(gym)
        .join(JoinType::InnerJoin, Entity::belongs_to(user::Entity).from(C::UserId).to(user::Column::Id).into())
}

/// The wire's columns of [`PublicMember`], and nothing else.
fn public(select: Select<Entity>) -> Select<Entity> {
    use user::Column as U;
    select
        .select_only()
        .columns([U::Id, U::FirstName, U::LastName, U::Picture, U::Bio, U::Color, U::IsActive])
        .column(C::Role)
}

fn filtered(select: Select<Entity>, filter: &MemberFilter) -> Select<Entity> {
    let named = |needle: &String| {
        Condition::any()
            .add(contains((user::Entity, user::Column::FirstName), needle))
            .add(contains((user::Entity, user::Column::LastName), needle))
    };
    let roles = (!filter.roles.is_empty()).then(|| C::Role.is_in(filter.roles.iter().copied()));
    select.filter(Condition::all().add_option(roles).add_option(filter.name_contains.as_ref().map(named)))
}

fn by_name(select: Select<Entity>, page: Page) -> Select<Entity> {
    select
        .order_by_asc(user::Column::FirstName)
        .order_by_asc(user::Column::LastName)
        .order_by_asc(user::Column::Id)
        .offset(page.skip)
        .limit(page.limit)
}

/// Memberships over all gyms: only for questions about one person.
#[allow(clippy::disallowed_methods)]
fn everywhere(user: UserId) -> Select<Entity> {
    Entity::find().filter(C::UserId.eq(user))
}

#[async_trait]
impl MembershipQueries for SeaMemberships {
    async fn of_user(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<Model>> {
        OF_USER.one(conn, gym, user).await
    }

    async fn of_user_for_update(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<Model>> {
        let row = scope::select::<Entity>(gym).filter(C::UserId.eq(user)).lock(LockType::NoKeyUpdate);
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn person(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<(user::Model, Model)>> {
        let found = with_user(gym).select_also(user::Entity).filter(C::UserId.eq(user)).one(&conn.executor()?).await?;
        Ok(found.and_then(|(membership, user)| Some((user?, membership))))
    }

    async fn public_person(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<PublicMember>> {
        PUBLIC_PERSON.one(conn, gym, user).await
    }

    async fn people(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &MemberFilter,
        page: Page,
    ) -> Result<Vec<(user::Model, GymRole)>> {
        let rows =
            by_name(filtered(with_user(gym), filter), page).select_also(user::Entity).all(&conn.executor()?).await?;
        Ok(rows.into_iter().filter_map(|(membership, user)| Some((user?, membership.role))).collect())
    }

    async fn public_people(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &MemberFilter,
        page: Page,
    ) -> Result<Vec<PublicMember>> {
        let rows = by_name(filtered(public(with_user(gym)), filter), page);
        Ok(rows.into_model().all(&conn.executor()?).await?)
    }

    async fn search(
        &self,
        conn: &Conn,
        gym: GymId,
        filter: &UserFilter,
        page: Page,
    ) -> Result<Vec<(user::Model, GymRole)>> {
        let roles = filter.role.map(|role| C::Role.is_in(role.in_gym().iter().copied()));
        let rows = by_name(with_user(gym).filter(filter.without_role().add_option(roles)), page)
            .select_also(user::Entity)
            .all(&conn.executor()?)
            .await?;
        Ok(rows.into_iter().filter_map(|(membership, user)| Some((user?, membership.role))).collect())
    }

    async fn summaries(
        &self,
        conn: &Conn,
        gym: GymId,
        role: Option<GymRole>,
        page: Page,
    ) -> Result<Vec<MemberSummary>> {
        use user::Column as U;
        let rows = with_user(gym)
            .select_only()
            .columns([U::Id, U::Email, U::FirstName, U::LastName])
            .column(C::Role)
            .column_as(C::CreatedAt, "joined_at")
            .filter(Condition::all().add_option(role.map(|role| C::Role.eq(role))))
            .order_by_asc(C::CreatedAt)
            .order_by_asc(C::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(rows.into_model().all(&conn.executor()?).await?)
    }

    async fn owner(&self, conn: &Conn, gym: GymId) -> Result<Option<Model>> {
        Ok(scope::select::<Entity>(gym).filter(C::Role.eq(GymRole::Owner)).one(&conn.executor()?).await?)
    }

    async fn active_members(&self, conn: &Conn, gym: GymId) -> Result<i64> {
        let count: Option<i64> = scope::select::<Entity>(gym)
            .select_only()
            .column_as(C::Id.count(), "n")
            .filter(C::Role.eq(GymRole::Member))
            .filter(C::IsActive.eq(true))
            .into_tuple()
            .one(&conn.executor()?)
            .await?;
        Ok(count.unwrap_or_default())
    }

    async fn role_counts(&self, conn: &Conn, gym: GymId) -> Result<RoleCounts> {
        let rows: Vec<(GymRole, i64)> = scope::select::<Entity>(gym)
            .select_only()
            .column(C::Role)
            .column_as(C::Id.count(), "n")
            .group_by(C::Role)
            .into_tuple()
            .all(&conn.executor()?)
            .await?;
        let mut counts = RoleCounts::default();
        for (role, n) in rows {
            match role {
                GymRole::Member => counts.members += n,
                GymRole::Trainer => counts.trainers += n,
                GymRole::Admin | GymRole::Owner => counts.admins += n,
            }
        }
        Ok(counts)
    }

    async fn workspace_counts(&self, conn: &Conn, gym: GymId, since: DateTime<Utc>) -> Result<WorkspaceCounts> {
        // COUNT passes over the NULL of a CASE without ELSE
        let count = |condition: Condition| Expr::Case(Box::new(Expr::case(condition, 1))).count();
        let active = |role| Condition::all().add(C::Role.eq(role)).add(C::IsActive.eq(true));
        let members = || Condition::all().add(C::Role.eq(GymRole::Member));
        let counts = scope::select::<Entity>(gym)
            .select_only()
            .column_as(count(active(GymRole::Member)), "active_members")
            .column_as(count(active(GymRole::Trainer)), "active_trainers")
            .column_as(count(members().add(C::CreatedAt.gte(since))), "new_members")
            .column_as(count(members().add(C::CreatedAt.lt(since))), "older_members");
        Ok(counts.into_model().one(&conn.executor()?).await?.unwrap_or_default())
    }

    async fn staff(&self, conn: &Conn, gym: GymId) -> Result<Vec<UserId>> {
        let staff = scope::select::<Entity>(gym)
            .select_only()
            .column(C::UserId)
            .filter(C::Role.ne(GymRole::Member))
            .filter(C::IsActive.eq(true))
            .order_by_asc(C::UserId)
            .limit(Page::MAX);
        Ok(staff.into_tuple().all(&conn.executor()?).await?)
    }

    async fn active_roles(&self, conn: &Conn, user: UserId) -> Result<Vec<GymRole>> {
        let roles = everywhere(user)
            .select_only()
            .column(C::Role)
            .join(JoinType::InnerJoin, Entity::belongs_to(gym::Entity).from(C::GymId).to(gym::Column::Id).into())
            .filter(C::IsActive.eq(true))
            .filter(gym::Column::IsActive.eq(true));
        Ok(roles.into_tuple().all(&conn.executor()?).await?)
    }

    async fn administers(&self, conn: &Conn, staff: UserId, user: UserId) -> Result<bool> {
        let theirs = everywhere(user).select_only().column(C::GymId);
        let shared: Option<GymId> = everywhere(staff)
            .select_only()
            .column(C::GymId)
            .join(JoinType::InnerJoin, Entity::belongs_to(gym::Entity).from(C::GymId).to(gym::Column::Id).into())
            .filter(C::Role.is_in([GymRole::Owner, GymRole::Admin]))
            .filter(C::IsActive.eq(true))
            .filter(gym::Column::IsActive.eq(true))
            .filter(C::GymId.in_subquery(sea_orm::QueryTrait::into_query(theirs)))
            .limit(1)
            .into_tuple()
            .one(&conn.executor()?)
            .await?;
        Ok(shared.is_some())
    }

    async fn owns_workspace(&self, conn: &Conn, user: UserId) -> Result<bool> {
        let owned: Option<GymId> = everywhere(user)
            .select_only()
            .column(C::GymId)
            .join(JoinType::InnerJoin, Entity::belongs_to(gym::Entity).from(C::GymId).to(gym::Column::Id).into())
            .filter(C::Role.eq(GymRole::Owner))
            .filter(gym::Column::Kind.eq(gym::GymType::PersonalTrainer))
            .limit(1)
            .into_tuple()
            .one(&conn.executor()?)
            .await?;
        Ok(owned.is_some())
    }

    async fn gyms_of(&self, conn: &Conn, user: UserId) -> Result<Vec<(GymId, GymRole)>> {
        let gyms = everywhere(user).select_only().columns([C::GymId, C::Role]).order_by_asc(C::GymId);
        Ok(gyms.into_tuple().all(&conn.executor()?).await?)
    }

    #[allow(clippy::disallowed_methods)]
    async fn remove_everywhere(&self, conn: &Conn, user: UserId) -> Result<Vec<GymId>> {
        let removed = Entity::delete_many().filter(C::UserId.eq(user)).exec_with_returning(&conn.executor()?).await?;
        Ok(removed.into_iter().map(|m| m.gym_id).collect())
    }

    async fn count_access(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        at: DateTime<Utc>,
        access: AppAccess,
    ) -> Result<bool> {
        let counted = scope::update::<Entity>(gym)
            .col_expr(C::LastAppAccess, Expr::value(at))
            .col_expr(C::TotalAppOpens, Expr::col(C::TotalAppOpens).add(1))
            .col_expr(C::MonthlyAppOpens, Expr::value(access.monthly_app_opens))
            .col_expr(C::MonthlyResetDate, Expr::value(access.monthly_reset_date))
            .col_expr(C::AppStreakDays, Expr::value(access.app_streak_days))
            .filter(C::UserId.eq(user))
            .filter(Condition::any().add(C::LastAppAccess.is_null()).add(C::LastAppAccess.lte(at - ACCESS_INTERVAL)))
            .exec(&conn.executor()?)
            .await?;
        Ok(counted.rows_affected == 1)
    }
}

#![allow(clippy::disallowed_methods)] // a gym is the tenant itself
use super::{contains, swap::swap};
use crate::{
    Conn, Page, Result,
    hot::{PlatformRead, hot_row},
};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{
        GymRole,
        gym::{ActiveModel, Certifications, Column as C, Create, Entity, GymType, Model, Specialties, Update},
        membership,
    },
    kernel::time,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, EntityTrait, FromQueryResult, IntoActiveValue, JoinType, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::LockType,
};

/// Filters of the public list (IDN-35).
#[derive(Clone, Debug, PartialEq)]
pub struct GymFilter {
    pub is_active: bool,
    /// In name or subdomain.
    pub q: Option<String>,
    pub kind: Option<GymType>,
}

/// What is counted about a gym (IDN-38).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleCounts {
    pub members: i64,
    pub trainers: i64,
    pub admins: i64,
}

/// What is counted for the statistics of a workspace (IDN-87).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct WorkspaceCounts {
    pub active_members: i64,
    pub active_trainers: i64,
    /// Members who joined lately, whatever their state.
    pub new_members: i64,
    /// Members who joined before.
    pub older_members: i64,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Gyms: Send + Sync {
    async fn by_id(&self, conn: &Conn, id: GymId) -> Result<Option<Model>>;
    /// Holds the gym's row, for rules that count its members or move its ownership.
    async fn by_id_for_update(&self, conn: &Conn, id: GymId) -> Result<Option<Model>>;
    async fn by_subdomain(&self, conn: &Conn, subdomain: &str) -> Result<Option<Model>>;
    /// # Errors
    /// [`crate::StoreError::Unique`] when the subdomain is taken.
    async fn create(&self, conn: &Conn, input: Create) -> Result<Model>;
    async fn update(&self, conn: &Conn, id: GymId, patch: Update) -> Result<Option<Model>>;
    /// Sets the logo where it still is `expected` (MED-28).
    async fn swap_logo(&self, conn: &Conn, id: GymId, expected: Option<String>, new: Option<String>) -> Result<bool>;
    /// By name, then id.
    async fn list(&self, conn: &Conn, filter: &GymFilter, page: Page) -> Result<Vec<Model>>;
    /// Active gyms of a person with their role there, by name, then id (IDN-44).
    async fn of_user(&self, conn: &Conn, user: UserId, page: Page) -> Result<Vec<(Model, GymRole)>>;
    /// The active gym that the person joined first (IDN-85).
    async fn earliest_of_user(&self, conn: &Conn, user: UserId) -> Result<Option<GymId>>;
    /// The person's memberships in active gyms, at most `limit`, by gym id.
    async fn ids_of_user(&self, conn: &Conn, user: UserId, limit: u64) -> Result<Vec<GymId>>;
    async fn logos_like(&self, conn: &Conn, prefix: &str) -> Result<Vec<String>>;
    /// Subdomains that are `slug` or begin with `slug-`, as far as they are needed to find one that is free (IDN-69).
    async fn subdomains_from(&self, conn: &Conn, slug: &str) -> Result<Vec<String>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaGyms;

hot_row!(Model {
    id, name, subdomain, kind = "type", logo_url, address, phone, email, description, timezone, is_active,
    trainer_specialties, trainer_certifications, max_clients, created_at, updated_at,
});

static BY_ID: PlatformRead<Entity, GymId, Model> = PlatformRead::new(|id| Entity::find_by_id(id).limit(1));

/// Gyms that are active, joined with the memberships of one person.
fn joined_by(user: UserId) -> sea_orm::Select<Entity> {
    Entity::find()
        .join(
            JoinType::InnerJoin,
            Entity::belongs_to(membership::Entity).from(C::Id).to(membership::Column::GymId).into(),
        )
        .filter(membership::Column::UserId.eq(user))
        .filter(C::IsActive.eq(true))
}

#[async_trait]
impl Gyms for SeaGyms {
    async fn by_id(&self, conn: &Conn, id: GymId) -> Result<Option<Model>> {
        BY_ID.one(conn, id).await
    }

    async fn by_id_for_update(&self, conn: &Conn, id: GymId) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&conn.executor()?).await?)
    }

    async fn by_subdomain(&self, conn: &Conn, subdomain: &str) -> Result<Option<Model>> {
        Ok(Entity::find().filter(C::Subdomain.eq(subdomain)).one(&conn.executor()?).await?)
    }

    async fn create(&self, conn: &Conn, input: Create) -> Result<Model> {
        let now = time::now();
        let row = ActiveModel {
            id: NotSet,
            name: Set(input.name),
            subdomain: Set(input.subdomain),
            kind: Set(input.kind),
            logo_url: Set(input.logo_url),
            address: Set(input.address),
            phone: Set(input.phone),
            email: Set(input.email),
            description: Set(input.description),
            timezone: Set(input.timezone),
            is_active: Set(input.is_active),
            trainer_specialties: Set(input.trainer_specialties.map(Specialties)),
            trainer_certifications: Set(input.trainer_certifications.map(Certifications)),
            max_clients: Set(input.max_clients),
            created_at: Set(now),
            updated_at: Set(now),
        };
        Ok(row.insert(&conn.executor()?).await?)
    }

    async fn update(&self, conn: &Conn, id: GymId, patch: Update) -> Result<Option<Model>> {
        let row = ActiveModel {
            name: patch.name.map_or(NotSet, Set),
            logo_url: patch.logo_url.map_or(NotSet, Set),
            address: patch.address.map_or(NotSet, Set),
            phone: patch.phone.map_or(NotSet, Set),
            email: patch.email.map_or(NotSet, Set),
            description: patch.description.map_or(NotSet, Set),
            timezone: patch.timezone.map_or(NotSet, Set),
            is_active: patch.is_active.map_or(NotSet, |a| a.into_active_value()),
            updated_at: Set(time::now()),
            ..Default::default()
        };
        let update = Entity::update_many().set(row).filter(C::Id.eq(id));
        Ok(update.exec_with_returning(&conn.executor()?).await?.into_iter().next())
    }

    async fn swap_logo(&self, conn: &Conn, id: GymId, expected: Option<String>, new: Option<String>) -> Result<bool> {
        swap::<Entity>(conn, C::Id.eq(id), (C::LogoUrl, C::UpdatedAt), expected, new).await
    }

    async fn list(&self, conn: &Conn, filter: &GymFilter, page: Page) -> Result<Vec<Model>> {
        let matching = |q: &String| Condition::any().add(contains(C::Name, q)).add(contains(C::Subdomain, q));
        let list = Entity::find()
            .filter(C::IsActive.eq(filter.is_active))
            .filter(
                Condition::all()
                    .add_option(filter.q.as_ref().map(matching))
                    .add_option(filter.kind.map(|kind| C::Kind.eq(kind))),
            )
            .order_by_asc(C::Name)
            .order_by_asc(C::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(list.all(&conn.executor()?).await?)
    }

    async fn of_user(&self, conn: &Conn, user: UserId, page: Page) -> Result<Vec<(Model, GymRole)>> {
        let rows = joined_by(user)
            .select_also(membership::Entity)
            .order_by_asc(C::Name)
            .order_by_asc(C::Id)
            .offset(page.skip)
            .limit(page.limit)
            .all(&conn.executor()?)
            .await?;
        Ok(rows.into_iter().filter_map(|(gym, membership)| Some((gym, membership?.role))).collect())
    }

    async fn earliest_of_user(&self, conn: &Conn, user: UserId) -> Result<Option<GymId>> {
        let first = joined_by(user)
            .select_only()
            .column(C::Id)
            .order_by_asc(membership::Column::CreatedAt)
            .order_by_asc(C::Id)
            .limit(1);
        Ok(first.into_tuple().one(&conn.executor()?).await?)
    }

    async fn ids_of_user(&self, conn: &Conn, user: UserId, limit: u64) -> Result<Vec<GymId>> {
        let ids = joined_by(user).select_only().column(C::Id).order_by_asc(C::Id).limit(limit);
        Ok(ids.into_tuple().all(&conn.executor()?).await?)
    }

    async fn logos_like(&self, conn: &Conn, prefix: &str) -> Result<Vec<String>> {
        let urls = Entity::find().select_only().column(C::LogoUrl).filter(C::LogoUrl.starts_with(prefix));
        Ok(urls.into_tuple().all(&conn.executor()?).await?)
    }

    async fn subdomains_from(&self, conn: &Conn, slug: &str) -> Result<Vec<String>> {
        let taken = Entity::find()
            .select_only()
            .column(C::Subdomain)
            .filter(Condition::any().add(C::Subdomain.eq(slug)).add(C::Subdomain.starts_with(format!("{slug}-"))))
            .order_by_asc(C::Id)
            .limit(10_000);
        Ok(taken.into_tuple().all(&conn.executor()?).await?)
    }
}

#![allow(clippy::disallowed_methods)] // people belong to the platform, not to a gym
use super::{contains, ends_with, same_text, swap::swap};
use crate::{
    Conn, Page, Result, StoreError,
    hot::{PlatformRead, hot_row},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    UserId,
    identity::{
        PlatformRole, qr_code,
        user::{ActiveModel, Column as C, Create, Entity, Model, PlatformPatch, ProfilePatch},
    },
    kernel::time,
};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait, Condition, DbErr, EntityTrait, IntoActiveValue, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType, OnConflict},
};

/// Filters of the advanced search (IDN-59).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserFilter {
    /// In first or last name.
    pub name_contains: Option<String>,
    pub email_contains: Option<String>,
    pub email_domain: Option<String>,
    /// Of the platform, or of the gym that is searched.
    pub role: Option<PlatformRole>,
    pub is_active: Option<bool>,
    /// Inclusive.
    pub created_after: Option<DateTime<Utc>>,
    /// Inclusive.
    pub created_before: Option<DateTime<Utc>>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync {
    async fn by_id(&self, conn: &Conn, id: UserId) -> Result<Option<Model>>;
    async fn by_id_for_update(&self, conn: &Conn, id: UserId) -> Result<Option<Model>>;
    async fn by_auth0_id(&self, conn: &Conn, auth0_id: &str) -> Result<Option<Model>>;
    /// Without regard to case.
    async fn by_email(&self, conn: &Conn, email: &str) -> Result<Option<Model>>;
    /// Inserts the person with a QR code; `None` when somebody else has just inserted the same identity (IDN-14).
    ///
    /// # Errors
    /// [`StoreError::Unique`] when the address is taken.
    async fn create(&self, conn: &Conn, input: Create) -> Result<Option<Model>>;
    /// Gives an unclaimed row to an identity; false when it was claimed meanwhile (IDN-12).
    async fn link(&self, conn: &Conn, id: UserId, auth0_id: &str) -> Result<bool>;
    /// # Errors
    /// [`StoreError::Unique`] when the address is taken.
    async fn set_email(&self, conn: &Conn, id: UserId, email: &str) -> Result<()>;
    /// Sets the picture where it still is `expected` (MED-28).
    async fn swap_picture(
        &self,
        conn: &Conn,
        id: UserId,
        expected: Option<String>,
        new: Option<String>,
    ) -> Result<bool>;
    /// Gives a code to a person who has none (IDN-15).
    async fn ensure_qr_code(&self, conn: &Conn, id: UserId) -> Result<()>;
    /// Replaces the code; false when there is no such person.
    async fn set_qr_code(&self, conn: &Conn, id: UserId, code: &str) -> Result<bool>;
    /// Whose code this is exactly, in whatever gym (ATT-2).
    async fn by_qr_code(&self, conn: &Conn, code: &str) -> Result<Option<UserId>>;
    async fn set_role(&self, conn: &Conn, id: UserId, role: PlatformRole) -> Result<Option<Model>>;
    async fn update_profile(&self, conn: &Conn, id: UserId, patch: ProfilePatch) -> Result<Option<Model>>;
    async fn update_platform(&self, conn: &Conn, id: UserId, patch: PlatformPatch) -> Result<Option<Model>>;
    /// Blanks every personal field and frees address and identity (IDN-66).
    async fn anonymise(&self, conn: &Conn, id: UserId) -> Result<()>;
    /// In order of ids.
    async fn list(&self, conn: &Conn, page: Page) -> Result<Vec<Model>>;
    /// By platform role, in order of ids.
    async fn by_role(&self, conn: &Conn, role: PlatformRole, page: Page) -> Result<Vec<Model>>;
    /// Over the whole platform; by first name, last name, id.
    async fn search(&self, conn: &Conn, filter: &UserFilter, page: Page) -> Result<Vec<Model>>;
    /// Locks the rows it counts, so that two cannot both be the last to go (IDN-65).
    async fn active_super_admins(&self, conn: &Conn) -> Result<Vec<UserId>>;
    /// The next ids after `after`, ascending.
    async fn ids_after(&self, conn: &Conn, after: UserId, limit: u64) -> Result<Vec<UserId>>;
    async fn ids_without_qr_code(&self, conn: &Conn, limit: u64) -> Result<Vec<UserId>>;
    /// All pictures that are set, for the orphan sweep.
    async fn pictures_like(&self, conn: &Conn, prefix: &str) -> Result<Vec<String>>;
    async fn count(&self, conn: &Conn) -> Result<u64>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaUsers;

hot_row!(Model {
    id,
    email,
    first_name,
    last_name,
    is_active,
    is_superuser,
    role,
    auth0_id,
    picture,
    locale,
    auth0_metadata,
    phone_number,
    birth_date,
    height,
    weight,
    bio,
    goals,
    health_conditions,
    color,
    qr_code,
    created_at,
    updated_at,
});

static BY_ID: PlatformRead<Entity, UserId, Model> = PlatformRead::new(|id| Entity::find_by_id(id).limit(1));

static BY_AUTH0_ID: PlatformRead<Entity, String, Model> =
    PlatformRead::new(|auth0_id| Entity::find().filter(C::Auth0Id.eq(auth0_id)).limit(1));

fn patched<T>(value: Option<T>) -> ActiveValue<T>
where
    T: Into<sea_orm::Value>,
{
    value.map_or(ActiveValue::NotSet, Set)
}

fn profile(patch: ProfilePatch) -> ActiveModel {
    ActiveModel {
        first_name: patched(patch.first_name),
        last_name: patched(patch.last_name),
        birth_date: patched(patch.birth_date),
        height: patched(patch.height),
        weight: patched(patch.weight),
        bio: patched(patch.bio),
        goals: patched(patch.goals),
        color: patched(patch.color),
        ..Default::default()
    }
}

/// Applies the fields that are set, and the time stamp; gives the row back.
async fn apply(conn: &Conn, id: UserId, mut row: ActiveModel) -> Result<Option<Model>> {
    row.updated_at = Set(Some(time::now()));
    let update = Entity::update_many().set(row).filter(C::Id.eq(id));
    Ok(update.exec_with_returning(&conn.executor()?).await?.into_iter().next())
}

impl UserFilter {
    /// Everything but the role, which is the one in the gym where a gym is searched.
    pub(super) fn without_role(&self) -> Condition {
        let named = |needle: &String| {
            Condition::any().add(contains((Entity, C::FirstName), needle)).add(contains((Entity, C::LastName), needle))
        };
        Condition::all()
            .add_option(self.name_contains.as_ref().map(named))
            .add_option(self.email_contains.as_ref().map(|n| contains((Entity, C::Email), n)))
            .add_option(
                self.email_domain
                    .as_ref()
                    .map(|d| ends_with((Entity, C::Email), &format!("@{}", d.trim_start_matches('@')))),
            )
            .add_option(self.is_active.map(|a| C::IsActive.eq(a)))
            .add_option(self.created_after.map(|at| C::CreatedAt.gte(at)))
            .add_option(self.created_before.map(|at| C::CreatedAt.lte(at)))
    }
}

#[async_trait]
impl Users for SeaUsers {
    async fn by_id(&self, conn: &Conn, id: UserId) -> Result<Option<Model>> {
        BY_ID.one(conn, id).await
    }

    async fn by_id_for_update(&self, conn: &Conn, id: UserId) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&conn.executor()?).await?)
    }

    async fn by_auth0_id(&self, conn: &Conn, auth0_id: &str) -> Result<Option<Model>> {
        BY_AUTH0_ID.one(conn, auth0_id.to_owned()).await
    }

    async fn by_email(&self, conn: &Conn, email: &str) -> Result<Option<Model>> {
        Ok(Entity::find().filter(same_text(C::Email, email)).one(&conn.executor()?).await?)
    }

    async fn create(&self, conn: &Conn, input: Create) -> Result<Option<Model>> {
        let now = time::now();
        let row = ActiveModel {
            email: Set(input.email),
            first_name: Set(input.first_name),
            last_name: Set(input.last_name),
            is_active: Set(true),
            is_superuser: Set(input.role == PlatformRole::SuperAdmin),
            role: Set(input.role),
            auth0_id: Set(input.auth0_id),
            picture: Set(input.picture),
            locale: Set(input.locale),
            auth0_metadata: Set(input.auth0_metadata),
            phone_number: Set(input.phone_number),
            bio: Set(input.bio),
            created_at: Set(now),
            updated_at: Set(Some(now)),
            ..Default::default()
        };
        let same_identity = OnConflict::column(C::Auth0Id).do_nothing().to_owned();
        let inserted = Entity::insert(row).on_conflict(same_identity).exec_with_returning(&conn.executor()?).await;
        let found = match inserted {
            // what an insert that returned no row is called depends on the database
            Err(DbErr::RecordNotInserted | DbErr::RecordNotFound(_)) => return Ok(None),
            other => other?,
        };
        let coded = ActiveModel { qr_code: Set(Some(qr_code::generate(found.id))), ..Default::default() };
        apply(conn, found.id, coded).await
    }

    async fn link(&self, conn: &Conn, id: UserId, auth0_id: &str) -> Result<bool> {
        let linked = Entity::update_many()
            .col_expr(C::Auth0Id, Expr::value(auth0_id))
            .col_expr(C::UpdatedAt, Expr::value(time::now()))
            .filter(C::Id.eq(id))
            .filter(C::Auth0Id.is_null())
            .exec(&conn.executor()?)
            .await?;
        Ok(linked.rows_affected == 1)
    }

    async fn set_email(&self, conn: &Conn, id: UserId, email: &str) -> Result<()> {
        apply(conn, id, ActiveModel { email: Set(email.to_owned()), ..Default::default() }).await?;
        Ok(())
    }

    async fn swap_picture(
        &self,
        conn: &Conn,
        id: UserId,
        expected: Option<String>,
        new: Option<String>,
    ) -> Result<bool> {
        swap::<Entity>(conn, C::Id.eq(id), (C::Picture, C::UpdatedAt), expected, new).await
    }

    async fn ensure_qr_code(&self, conn: &Conn, id: UserId) -> Result<()> {
        Entity::update_many()
            .col_expr(C::QrCode, Expr::value(qr_code::generate(id)))
            .filter(C::Id.eq(id))
            .filter(C::QrCode.is_null())
            .filter(C::IsActive.eq(true))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn set_qr_code(&self, conn: &Conn, id: UserId, code: &str) -> Result<bool> {
        let coded = ActiveModel { qr_code: Set(Some(code.to_owned())), ..Default::default() };
        Ok(apply(conn, id, coded).await?.is_some())
    }

    async fn by_qr_code(&self, conn: &Conn, code: &str) -> Result<Option<UserId>> {
        let id = Entity::find().select_only().column(C::Id).filter(C::QrCode.eq(code));
        Ok(id.into_tuple().one(&conn.executor()?).await?)
    }

    async fn set_role(&self, conn: &Conn, id: UserId, role: PlatformRole) -> Result<Option<Model>> {
        let superuser = role == PlatformRole::SuperAdmin;
        apply(conn, id, ActiveModel { role: Set(role), is_superuser: Set(superuser), ..Default::default() }).await
    }

    async fn update_profile(&self, conn: &Conn, id: UserId, patch: ProfilePatch) -> Result<Option<Model>> {
        apply(conn, id, profile(patch)).await
    }

    async fn update_platform(&self, conn: &Conn, id: UserId, patch: PlatformPatch) -> Result<Option<Model>> {
        let superuser = patch.role.map(|role| role == PlatformRole::SuperAdmin);
        let row = ActiveModel {
            email: patched(patch.email),
            is_active: patched(patch.is_active),
            role: patch.role.map_or(ActiveValue::NotSet, |r| r.into_active_value()),
            is_superuser: patched(superuser),
            phone_number: patched(patch.phone_number),
            health_conditions: patched(patch.health_conditions),
            ..profile(patch.profile)
        };
        apply(conn, id, row).await
    }

    async fn anonymise(&self, conn: &Conn, id: UserId) -> Result<()> {
        let blank = ActiveModel {
            email: Set(format!("deleted+{id}@invalid")),
            first_name: Set(None),
            last_name: Set(None),
            is_active: Set(false),
            is_superuser: Set(false),
            role: Set(PlatformRole::Member),
            auth0_id: Set(None),
            picture: Set(None),
            locale: Set(None),
            auth0_metadata: Set(None),
            phone_number: Set(None),
            birth_date: Set(None),
            height: Set(None),
            weight: Set(None),
            bio: Set(None),
            goals: Set(None),
            health_conditions: Set(None),
            color: Set(None),
            qr_code: Set(None),
            ..Default::default()
        };
        apply(conn, id, blank).await?;
        Ok(())
    }

    async fn list(&self, conn: &Conn, page: Page) -> Result<Vec<Model>> {
        let list = Entity::find().order_by_asc(C::Id).offset(page.skip).limit(page.limit);
        Ok(list.all(&conn.executor()?).await?)
    }

    async fn by_role(&self, conn: &Conn, role: PlatformRole, page: Page) -> Result<Vec<Model>> {
        let list = Entity::find().filter(C::Role.eq(role)).order_by_asc(C::Id).offset(page.skip).limit(page.limit);
        Ok(list.all(&conn.executor()?).await?)
    }

    async fn search(&self, conn: &Conn, filter: &UserFilter, page: Page) -> Result<Vec<Model>> {
        let found = Entity::find()
            .filter(filter.without_role().add_option(filter.role.map(|role| C::Role.eq(role))))
            .order_by_asc(C::FirstName)
            .order_by_asc(C::LastName)
            .order_by_asc(C::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(found.all(&conn.executor()?).await?)
    }

    async fn active_super_admins(&self, conn: &Conn) -> Result<Vec<UserId>> {
        let admins = Entity::find()
            .filter(C::Role.eq(PlatformRole::SuperAdmin))
            .filter(C::IsActive.eq(true))
            .order_by_asc(C::Id)
            .lock(LockType::NoKeyUpdate)
            .all(&conn.executor()?)
            .await?;
        Ok(admins.into_iter().map(|u| u.id).collect())
    }

    async fn ids_after(&self, conn: &Conn, after: UserId, limit: u64) -> Result<Vec<UserId>> {
        let ids = Entity::find().select_only().column(C::Id).filter(C::Id.gt(after)).order_by_asc(C::Id).limit(limit);
        Ok(ids.into_tuple().all(&conn.executor()?).await?)
    }

    async fn ids_without_qr_code(&self, conn: &Conn, limit: u64) -> Result<Vec<UserId>> {
        let ids = Entity::find()
            .select_only()
            .column(C::Id)
            .filter(C::QrCode.is_null())
            .filter(C::IsActive.eq(true))
            .order_by_asc(C::Id)
            .limit(limit);
        Ok(ids.into_tuple().all(&conn.executor()?).await?)
    }

    async fn pictures_like(&self, conn: &Conn, prefix: &str) -> Result<Vec<String>> {
        let urls = Entity::find().select_only().column(C::Picture).filter(C::Picture.starts_with(prefix));
        Ok(urls.into_tuple().all(&conn.executor()?).await?)
    }

    async fn count(&self, conn: &Conn) -> Result<u64> {
        Entity::find().count(&conn.executor()?).await.map_err(StoreError::from)
    }
}

use crate::{Conn, Page, Result, StoreError, scope};
use async_trait::async_trait;
use domain::{GymId, kernel::tenant::TenantEntity};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue, ColumnTrait, IntoActiveModel, ModelTrait, QueryFilter,
    QueryOrder, QuerySelect, Value, sea_query::LockType,
};
use std::marker::PhantomData;

/// A row of a tenant's table. Implemented for every model whose entity is a [`TenantEntity`].
pub trait TenantRow: Send + Sync + 'static {
    type Id: Copy + Send + Sync + 'static;
    type Create: Send + Sync + 'static;
    type Update: Send + Sync + 'static;
}

/// How services hold a repository: `memberships: Repo<membership::Model>`.
pub type Repo<M> = std::sync::Arc<dyn Repository<M, <M as TenantRow>::Create, <M as TenantRow>::Update>>;

#[cfg(feature = "testing")]
pub type MockRepo<M> = MockRepository<M, <M as TenantRow>::Create, <M as TenantRow>::Update>;

impl<M> TenantRow for M
where
    M: ModelTrait + Send + Sync + 'static,
    M::Entity: TenantEntity,
{
    type Id = <M::Entity as TenantEntity>::Id;
    type Create = <M::Entity as TenantEntity>::Create;
    type Update = <M::Entity as TenantEntity>::Update;
}

/// Rows `M` made from `C` and changed by `U` (IDN-118). Every method takes the connection and the gym: neither can be
/// forgotten, and a row of another gym is never found.
#[cfg_attr(feature = "testing", mockall::automock)] // above async_trait, and `M::Id`, not `<M as TenantRow>::Id`
#[async_trait]
pub trait Repository<M: TenantRow, C: Send + Sync + 'static, U: Send + Sync + 'static>: Send + Sync {
    async fn get(&self, conn: &Conn, gym: GymId, id: M::Id) -> Result<Option<M>>;
    /// Locks the row until the transaction ends, weakly enough for children to be inserted meanwhile.
    async fn get_for_update(&self, conn: &Conn, gym: GymId, id: M::Id) -> Result<Option<M>>;
    /// In the order of their ids.
    async fn list(&self, conn: &Conn, gym: GymId, page: Page) -> Result<Vec<M>>;
    /// The gym is stamped from the context.
    async fn create(&self, conn: &Conn, gym: GymId, input: C) -> Result<M>;
    /// # Errors
    /// [`StoreError::NotFound`] when the gym has no such row.
    async fn update(&self, conn: &Conn, gym: GymId, id: M::Id, patch: U) -> Result<M>;
    /// # Errors
    /// [`StoreError::NotFound`] when the gym has no such row.
    async fn remove(&self, conn: &Conn, gym: GymId, id: M::Id) -> Result<M>;
}

/// The one implementation, for every tenant entity.
pub struct SeaRepo<E>(PhantomData<fn() -> E>);

impl<E> Default for SeaRepo<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

fn missing<E: TenantEntity>(id: E::Id) -> StoreError {
    StoreError::NotFound { entity: E::NAME, id: id.to_string() }
}

#[async_trait]
impl<E> Repository<E::Model, E::Create, E::Update> for SeaRepo<E>
where
    E: TenantEntity,
    E::Model: IntoActiveModel<E::ActiveModel> + Send + Sync + 'static,
    E::ActiveModel: ActiveModelBehavior + Send,
{
    async fn get(&self, conn: &Conn, gym: GymId, id: E::Id) -> Result<Option<E::Model>> {
        Ok(scope::select::<E>(gym).filter(E::id_column().eq(id)).one(&conn.executor()?).await?)
    }

    async fn get_for_update(&self, conn: &Conn, gym: GymId, id: E::Id) -> Result<Option<E::Model>> {
        // NO KEY UPDATE: FOR UPDATE of a parent after inserting its child deadlocks with another transaction's child
        let select = scope::select::<E>(gym).filter(E::id_column().eq(id)).lock(LockType::NoKeyUpdate);
        Ok(select.one(&conn.executor()?).await?)
    }

    async fn list(&self, conn: &Conn, gym: GymId, page: Page) -> Result<Vec<E::Model>> {
        let select = scope::select::<E>(gym).order_by_asc(E::id_column()).offset(page.skip).limit(page.limit);
        Ok(select.all(&conn.executor()?).await?)
    }

    async fn create(&self, conn: &Conn, gym: GymId, input: E::Create) -> Result<E::Model> {
        let mut row = input.into_active_model();
        row.set(E::gym_column(), gym.into());
        Ok(row.insert(&conn.executor()?).await?)
    }

    async fn update(&self, conn: &Conn, gym: GymId, id: E::Id, patch: E::Update) -> Result<E::Model> {
        let mut row = patch.into_active_model();
        row.not_set(E::gym_column());
        row.not_set(E::id_column());
        let changed = <E::Column as sea_orm::Iterable>::iter().any(|c| matches!(row.get(c), ActiveValue::Set(_)));
        if !changed {
            return self.get(conn, gym, id).await?.ok_or_else(|| missing::<E>(id));
        }
        let db = conn.executor()?;
        let row = row.before_save(&db, false).await?;
        let id_value: Value = id.into();
        let update = scope::update::<E>(gym).set(row).filter(E::id_column().eq(id_value));
        update.exec_with_returning(&db).await?.into_iter().next().ok_or_else(|| missing::<E>(id))
    }

    async fn remove(&self, conn: &Conn, gym: GymId, id: E::Id) -> Result<E::Model> {
        let delete = scope::delete::<E>(gym).filter(E::id_column().eq(id));
        delete.exec_with_returning(&conn.executor()?).await?.into_iter().next().ok_or_else(|| missing::<E>(id))
    }
}

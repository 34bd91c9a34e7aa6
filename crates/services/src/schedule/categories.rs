//! A gym's own kinds of classes (SCH-36 … SCH-38).
use super::view::Category;
use crate::{Actor, Core, Error, Ports, Refusal, Result, Settings, error::UniqueMeans, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use domain::{
    CategoryId,
    identity::GymRole,
    kernel::validation::check,
    schedule::category::{self, CategoryPatch, NewCategory},
};
use ports::cache::{Bytes, encode};
use repository::Page;
use std::time::Duration;

pub const CATEGORY_NOT_FOUND: Refusal =
    Refusal::not_found("category_not_found", "There is no such category.", "La categoría no existe.");
pub const CATEGORY_EXISTS: Refusal = Refusal::bad_request(
    "category_exists",
    "The gym has a category of this name already.",
    "El gimnasio ya tiene una categoría con este nombre.",
);

/// How long what is shown of categories is kept.
const TTL: Duration = Duration::from_secs(3600);

/// Categories of a gym. What is read comes as the JSON that is sent: what the cache holds leaves as it is.
#[async_trait]
pub trait Categories: Send + Sync {
    /// By name: `[Category]` (SCH-38), at most [`Page::MAX`] of them. Member guard.
    async fn list(&self, actor: &Actor, active_only: bool) -> Result<Bytes>;
    /// One [`Category`]. Member guard.
    ///
    /// # Errors
    /// [`CATEGORY_NOT_FOUND`].
    async fn get(&self, actor: &Actor, id: CategoryId) -> Result<Bytes>;
    /// Trainer guard.
    ///
    /// # Errors
    /// [`CATEGORY_EXISTS`], also by race (SCH-36).
    async fn create(&self, actor: &Actor, input: NewCategory) -> Result<Category>;
    /// Changes the fields that are present. Trainer guard.
    ///
    /// # Errors
    /// [`CATEGORY_NOT_FOUND`], [`CATEGORY_EXISTS`].
    async fn update(&self, actor: &Actor, id: CategoryId, patch: CategoryPatch) -> Result<Category>;
    /// Removes a category that no class is of, and makes any other inactive (SCH-37). Admin guard.
    ///
    /// # Errors
    /// [`CATEGORY_NOT_FOUND`].
    async fn delete(&self, actor: &Actor, id: CategoryId) -> Result<()>;
}

pub struct CategoryService {
    core: Core,
}

impl CategoryService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Categories for CategoryService {
    async fn list(&self, actor: &Actor, active_only: bool) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let page = Page { skip: 0, limit: Page::MAX };
            let rows = core.stores.kinds.by_name(&core.db, gym, active_only, page).await?;
            Ok(encode(&rows.into_iter().map(Category::from).collect::<Vec<_>>()))
        };
        let key = format!("categories:active:{active_only}");
        core.cache.bytes_or_load(&CacheKey::Classes(gym).ns(), &key, TTL, load).await
    }

    async fn get(&self, actor: &Actor, id: CategoryId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let row = core.stores.categories.get(&core.db, gym, id).await?.ok_or(CATEGORY_NOT_FOUND)?;
            Ok(encode(&Category::from(row)))
        };
        core.cache.bytes_or_load(&CacheKey::Classes(gym).ns(), &format!("category:{id}"), TTL, load).await
    }

    async fn create(&self, actor: &Actor, input: NewCategory) -> Result<Category> {
        actor.must_be(GymRole::Trainer)?;
        check(&input)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let new = input.row(actor.user_id());
        let row = core
            .db
            .run(async |tx| core.stores.categories.create(&tx, gym, new.clone()).await.unique_means(CATEGORY_EXISTS))
            .await?;
        core.committed(&[CacheKey::Classes(gym)]).await;
        Ok(row.into())
    }

    async fn update(&self, actor: &Actor, id: CategoryId, patch: CategoryPatch) -> Result<Category> {
        actor.must_be(GymRole::Trainer)?;
        check(&patch)?;
        let (core, categories, gym) = (&self.core, &self.core.stores.categories, actor.gym_id());
        let row = core
            .db
            .run(async |tx| {
                categories.get_for_update(&tx, gym, id).await?.ok_or(CATEGORY_NOT_FOUND)?;
                categories.update(&tx, gym, id, patch.clone().into()).await.unique_means(CATEGORY_EXISTS)
            })
            .await?;
        core.committed(&[CacheKey::Classes(gym)]).await;
        Ok(row.into())
    }

    async fn delete(&self, actor: &Actor, id: CategoryId) -> Result<()> {
        actor.must_be(GymRole::Admin)?;
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        core.db
            .run(async |tx| {
                // held first, so that what uses it is looked for when nothing more can come
                stores.kinds.hold_to_remove(&tx, gym, id).await?.ok_or(CATEGORY_NOT_FOUND)?;
                if stores.kinds.is_used(&tx, gym, id).await? {
                    let inactive = category::Update { is_active: Some(false), ..Default::default() };
                    stores.categories.update(&tx, gym, id, inactive).await?;
                } else {
                    stores.categories.remove(&tx, gym, id).await?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        core.committed(&[CacheKey::Classes(gym)]).await;
        Ok(())
    }
}

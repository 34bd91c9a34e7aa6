//! Classes: the templates of sessions (SCH-39 … SCH-43), each shown with its sessions (SCH-58).
use super::{
    seating::stale,
    view::{Class, Session},
};
use crate::{Actor, Core, Error, Ports, Refusal, Result, Settings, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use aws_lc_rs::digest;
use chrono::TimeDelta;
use domain::{
    ClassId, GymId,
    identity::GymRole,
    kernel::{
        timezone,
        validation::{FieldError, Invalid, check},
    },
    schedule::{
        category,
        class::{self, ClassCategory, ClassPatch, Difficulty, NewClass},
    },
};
use ports::cache::{Bytes, encode};
use repository::{Conn, Page, StoreError, schedule::classes::ClassFilter};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

pub const CLASS_NOT_FOUND: Refusal =
    Refusal::not_found("class_not_found", "There is no such class.", "La clase no existe.");
pub const INVALID_CATEGORY: Refusal =
    Refusal::bad_request("invalid_category", "The gym has no such category.", "El gimnasio no tiene esa categoría.");

/// How long lists are kept, and what a search found.
const LIST_TTL: Duration = Duration::from_secs(1800);
const SEARCH_TTL: Duration = Duration::from_secs(600);
/// A class is shown with its sessions, and is kept as long as lists of these.
const DETAIL_TTL: Duration = Duration::from_secs(600);

/// How many sessions a class is shown with, and how old ones (SCH-58).
const SESSIONS: u64 = 100;
const SESSIONS_SINCE: TimeDelta = TimeDelta::days(30);

/// A class, and its sessions of the last thirty days and to come, the earliest first, at most a hundred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClassWithSessions {
    #[serde(flatten)]
    pub class: Class,
    pub sessions: Vec<Session>,
}

/// Classes of a gym. What is read comes as the JSON that is sent: what the cache holds leaves as it is.
#[async_trait]
pub trait Classes: Send + Sync {
    /// In the order of their ids: `[Class]`. Member guard.
    async fn list(&self, actor: &Actor, active_only: bool, page: Page) -> Result<Bytes>;
    /// Active classes of a kind (SCH-42). Member guard.
    async fn of_category(&self, actor: &Actor, category: ClassCategory, page: Page) -> Result<Bytes>;
    /// Active classes so difficult (SCH-42). Member guard.
    async fn of_difficulty(&self, actor: &Actor, difficulty: Difficulty, page: Page) -> Result<Bytes>;
    /// Active classes with this text in name or description (SCH-42). Member guard.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text of other than 1 to 100 characters.
    async fn search(&self, actor: &Actor, query: &str, page: Page) -> Result<Bytes>;
    /// One [`ClassWithSessions`]. Member guard.
    ///
    /// # Errors
    /// [`CLASS_NOT_FOUND`].
    async fn get(&self, actor: &Actor, id: ClassId) -> Result<Bytes>;
    /// Trainer guard.
    ///
    /// # Errors
    /// [`INVALID_CATEGORY`] (SCH-40).
    async fn create(&self, actor: &Actor, input: NewClass) -> Result<Class>;
    /// Changes the fields that are present. More seats go to who waits for them (SCH-43). Trainer guard.
    ///
    /// # Errors
    /// [`CLASS_NOT_FOUND`], [`INVALID_CATEGORY`].
    async fn update(&self, actor: &Actor, id: ClassId, patch: ClassPatch) -> Result<Class>;
    /// Removes a class that never had a session, and makes any other inactive (SCH-41). Admin guard.
    ///
    /// # Errors
    /// [`CLASS_NOT_FOUND`].
    async fn delete(&self, actor: &Actor, id: ClassId) -> Result<Class>;
}

pub struct ClassService {
    core: Core,
}

/// The one row that a class can point at in vain is its category: the foreign key is the check, so that a category
/// which is removed meanwhile is none (SCH-37, SCH-40).
fn category_exists<T>(written: Result<T, StoreError>) -> Result<T> {
    written.map_err(|e| match e {
        StoreError::ForeignKey(_) => INVALID_CATEGORY.into(),
        e => e.into(),
    })
}

/// SCH-42: 1 to 100 characters.
fn searchable(query: &str) -> Result<(), Invalid> {
    if (1..=100).contains(&query.chars().count()) {
        return Ok(());
    }
    let loc = vec!["query".into(), "query".into()];
    Err(Invalid(vec![FieldError { loc, msg: "must have 1 to 100 characters".into(), kind: "value_error".into() }]))
}

impl ClassService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    async fn listed(&self, gym: GymId, key: &str, ttl: Duration, filter: ClassFilter, page: Page) -> Result<Bytes> {
        let core = &self.core;
        let load = async || {
            let rows = core.stores.templates.classes(&core.db, gym, &filter, page).await?;
            Ok(encode(&rows.into_iter().map(|(row, category)| Class::of(row, category)).collect::<Vec<_>>()))
        };
        let key = format!("classes:{key}:skip:{}:limit:{}", page.skip, page.limit);
        core.cache.bytes_or_load(&CacheKey::Classes(gym).ns(), &key, ttl, load).await
    }

    async fn category_of(&self, conn: &Conn, row: &class::Model) -> Result<Option<category::Model>, StoreError> {
        match row.category_id {
            Some(id) => self.core.stores.categories.get(conn, row.gym_id, id).await,
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Classes for ClassService {
    async fn list(&self, actor: &Actor, active_only: bool, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let filter = ClassFilter { active_only, ..Default::default() };
        self.listed(actor.gym_id(), &format!("active:{active_only}"), LIST_TTL, filter, page).await
    }

    async fn of_category(&self, actor: &Actor, category: ClassCategory, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let filter = ClassFilter { active_only: true, category: Some(category), ..Default::default() };
        self.listed(actor.gym_id(), &format!("category:{category:?}"), LIST_TTL, filter, page).await
    }

    async fn of_difficulty(&self, actor: &Actor, difficulty: Difficulty, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let filter = ClassFilter { active_only: true, difficulty: Some(difficulty), ..Default::default() };
        self.listed(actor.gym_id(), &format!("difficulty:{difficulty:?}"), LIST_TTL, filter, page).await
    }

    async fn search(&self, actor: &Actor, query: &str, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        searchable(query)?;
        let text = query.to_lowercase();
        let key = format!("search:{}", hex::encode(digest::digest(&digest::SHA256, text.as_bytes())));
        let filter = ClassFilter { active_only: true, text: Some(text), ..Default::default() };
        self.listed(actor.gym_id(), &key, SEARCH_TTL, filter, page).await
    }

    async fn get(&self, actor: &Actor, id: ClassId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, templates, gym) = (&self.core, &self.core.stores.templates, actor.gym_id());
        let zone = timezone::or_utc(&actor.gym().timezone);
        let load = async || {
            let (row, category) = templates.with_category(&core.db, gym, id).await?.ok_or(CLASS_NOT_FOUND)?;
            let since = core.clock.now() - SESSIONS_SINCE;
            let sessions = templates.sessions_since(&core.db, gym, id, since, SESSIONS).await?;
            let sessions = sessions.into_iter().map(|session| Session::of(session, zone)).collect();
            Ok(encode(&ClassWithSessions { class: Class::of(row, category), sessions }))
        };
        // among the sessions, which it shows: it goes when they do, and when the classes do
        let key = format!("class:{id}:zone:{}", zone.name());
        core.cache.bytes_or_load(&CacheKey::Sessions(gym).ns(), &key, DETAIL_TTL, load).await
    }

    async fn create(&self, actor: &Actor, input: NewClass) -> Result<Class> {
        actor.must_be(GymRole::Trainer)?;
        check(&input)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let new = input.row(actor.user_id());
        let class = core
            .db
            .run(async |tx| {
                let row = category_exists(core.stores.classes.create(&tx, gym, new.clone()).await)?;
                let category = self.category_of(&tx, &row).await?;
                Ok::<_, Error>(Class::of(row, category))
            })
            .await?;
        core.committed(&[CacheKey::Classes(gym)]).await;
        Ok(class)
    }

    async fn update(&self, actor: &Actor, id: ClassId, patch: ClassPatch) -> Result<Class> {
        actor.must_be(GymRole::Trainer)?;
        check(&patch)?;
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        let (class, promoted) = core
            .db
            .run(async |tx| {
                let row = stores.classes.get_for_update(&tx, gym, id).await?.ok_or(CLASS_NOT_FOUND)?;
                let now = core.clock.now();
                // the sessions are held before their seats change: whoever books meanwhile has booked, or waits for
                // this and then counts with the new number
                let sessions = match patch.max_capacity {
                    Some(seats) if seats != row.max_capacity => stores.seats.hold_of_class(&tx, gym, id, now).await?,
                    _ => Vec::new(),
                };
                let update = patch.clone().onto(&row);
                let row = category_exists(stores.classes.update(&tx, gym, id, update).await)?;
                let held = core.look_at(&tx, gym, sessions).await?;
                let settled = core.settle(&tx, gym, &held, now).await?;
                let category = self.category_of(&tx, &row).await?;
                Ok::<_, Error>((Class::of(row, category), settled.promoted))
            })
            .await?;
        let mut dropped = stale(gym, promoted.iter().map(|row| row.member_id));
        dropped.push(CacheKey::Classes(gym));
        core.committed(&dropped).await;
        Ok(class)
    }

    async fn delete(&self, actor: &Actor, id: ClassId) -> Result<Class> {
        actor.must_be(GymRole::Admin)?;
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        let class = core
            .db
            .run(async |tx| {
                // held first, so that its sessions are looked for when no more can come
                stores.templates.hold_to_remove(&tx, gym, id).await?.ok_or(CLASS_NOT_FOUND)?;
                let row = if stores.templates.has_sessions(&tx, gym, id).await? {
                    let inactive = class::Update { is_active: Some(false), ..Default::default() };
                    stores.classes.update(&tx, gym, id, inactive).await?
                } else {
                    stores.classes.remove(&tx, gym, id).await?
                };
                let category = self.category_of(&tx, &row).await?;
                Ok::<_, Error>(Class::of(row, category))
            })
            .await?;
        core.committed(&[CacheKey::Classes(gym)]).await;
        Ok(class)
    }
}

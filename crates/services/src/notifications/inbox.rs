//! The list of what a person was told, in their app.
use super::announcements::NOTHING_SENT;
use crate::{Actor, Core, Page, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{identity::GymRole, kernel::locale::Locale};
use repository::notifications::inbox::Told;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = NotificationItem)]
pub struct Item {
    #[schema(format = "uuid")]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub message: String,
    /// What the app does with it: `type`, ids, times.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

impl Item {
    fn of(told: Told, locale: Locale) -> Self {
        let row = told.notification;
        Self {
            id: row.uuid,
            kind: row.kind,
            title: row.titles.in_language(locale).to_owned(),
            message: row.bodies.in_language(locale).to_owned(),
            data: row.data,
            // what waited was told at its time
            created_at: row.send_after.unwrap_or(row.created_at),
            read_at: told.read_at,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UnreadNotifications)]
pub struct Unread {
    pub unread: i64,
}

/// Member guard; a membership that ran out closes it not.
#[async_trait]
pub trait Inbox: Send + Sync {
    async fn list(&self, actor: &Actor, unread: bool, page: Page, locale: Locale) -> Result<Vec<Item>>;
    async fn unread(&self, actor: &Actor) -> Result<Unread>;
    /// Marks one as read, again if it is; returns how many are left.
    ///
    /// # Errors
    /// [`NOTHING_SENT`]
    async fn read(&self, actor: &Actor, id: &str) -> Result<Unread>;
    async fn read_all(&self, actor: &Actor) -> Result<Unread>;
}

pub struct InboxService {
    core: Core,
}

impl InboxService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Inbox for InboxService {
    async fn list(&self, actor: &Actor, unread: bool, page: Page, locale: Locale) -> Result<Vec<Item>> {
        actor.must_be(GymRole::Member)?;
        let core = &self.core;
        let told = core.stores.inbox.list(&core.db, actor.gym_id(), actor.user_id(), unread, page).await?;
        Ok(told.into_iter().map(|told| Item::of(told, locale)).collect())
    }

    async fn unread(&self, actor: &Actor) -> Result<Unread> {
        actor.must_be(GymRole::Member)?;
        let unread = self.core.stores.inbox.unread(&self.core.db, actor.gym_id(), actor.user_id()).await?;
        Ok(Unread { unread })
    }

    async fn read(&self, actor: &Actor, id: &str) -> Result<Unread> {
        actor.must_be(GymRole::Member)?;
        let (db, inbox, gym, user) = (&self.core.db, &self.core.stores.inbox, actor.gym_id(), actor.user_id());
        let found = inbox.find(db, gym, user, id).await?.ok_or(NOTHING_SENT)?;
        inbox.read(db, gym, user, Some(found), self.core.clock.now()).await?;
        self.unread(actor).await
    }

    async fn read_all(&self, actor: &Actor) -> Result<Unread> {
        actor.must_be(GymRole::Member)?;
        let (gym, user, now) = (actor.gym_id(), actor.user_id(), self.core.clock.now());
        self.core.stores.inbox.read(&self.core.db, gym, user, None, now).await?;
        self.unread(actor).await
    }
}

//! What a person does not want to be told, by kind and channel.
use super::announcements::NOTHING_SENT;
use crate::{Actor, Core, Result};
use async_trait::async_trait;
use domain::{
    UserId,
    identity::GymRole,
    kernel::{
        secret,
        validation::{Invalid, check},
    },
    notifications::{
        kind::NoticeKind,
        notification::{Channel, Model},
        preference::{self, ALL},
    },
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether somebody is told of a kind, or of all that may be refused (`*`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationPreference)]
pub struct Preference {
    #[serde(rename = "type")]
    pub kind: String,
    pub push: bool,
    pub email: bool,
}

/// What is not sent stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, ToSchema)]
#[schema(as = NotificationPreferenceUpdate)]
pub struct PreferencePatch {
    /// A type that may be refused, or `*` for all of them.
    #[serde(rename = "type")]
    #[garde(custom(refusable))]
    pub kind: String,
    #[garde(skip)]
    #[serde(default)]
    pub push: Option<bool>,
    #[garde(skip)]
    #[serde(default)]
    pub email: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, ToSchema)]
#[schema(as = NotificationPreferencesUpdate, example = json!({"preferences": [{"type": "announcement", "push": false}]}))]
pub struct Patch {
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    pub preferences: Vec<PreferencePatch>,
}

fn refusable(kind: &str, _: &()) -> garde::Result {
    let known = kind == ALL || NoticeKind::parse(kind).is_some_and(NoticeKind::is_refusable);
    if known { Ok(()) } else { Err(garde::Error::new("is no type that may be refused")) }
}

fn answer(rows: &[preference::Model]) -> Vec<Preference> {
    let said = |kind: &str, channel: Channel| {
        rows.iter().find(|row| row.kind == kind && row.channel == channel).map(|row| row.enabled)
    };
    let told = |kind: &str, channel| said(kind, channel).or_else(|| said(ALL, channel)).unwrap_or(true);
    let kinds = NoticeKind::ALL.iter().filter(|kind| kind.is_refusable()).map(|kind| kind.as_str());
    [ALL]
        .into_iter()
        .chain(kinds)
        .map(|kind| Preference {
            kind: kind.to_owned(),
            push: told(kind, Channel::Push),
            email: told(kind, Channel::Email),
        })
        .collect()
}

#[async_trait]
pub trait Preferences: Send + Sync {
    /// `*` first, then every kind that may be refused. Member guard.
    async fn get(&self, actor: &Actor) -> Result<Vec<Preference>>;
    /// Member guard.
    async fn update(&self, actor: &Actor, patch: Patch) -> Result<Vec<Preference>>;
    /// Which kind a mail is of, for whoever holds it.
    ///
    /// # Errors
    /// [`NOTHING_SENT`]
    async fn of_mail(&self, id: &str, key: &str) -> Result<String>;
    /// Refuses further mails of its kind from its gym.
    ///
    /// # Errors
    /// [`NOTHING_SENT`]
    async fn refuse_mail(&self, id: &str, key: &str) -> Result<String>;
}

pub struct PreferenceService {
    core: Core,
}

impl PreferenceService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    /// The mail of this link, if the link is the one in it.
    async fn mail(&self, id: &str, key: &str) -> Result<Model> {
        let row = self.core.stores.written.mail(&self.core.db, id).await?.ok_or(NOTHING_SENT)?;
        let expected = row.mail.as_ref().and_then(|mail| mail.get("refusal_key")).and_then(|key| key.as_str());
        if secret::equal(expected.unwrap_or_default(), key) { Ok(row) } else { Err(NOTHING_SENT.into()) }
    }

    async fn reader(&self, row: &Model) -> Result<UserId> {
        let recipients = self.core.stores.addressed.all(&self.core.db, row.gym_id, row.id).await?;
        Ok(*recipients.first().ok_or(NOTHING_SENT)?)
    }
}

#[async_trait]
impl Preferences for PreferenceService {
    async fn get(&self, actor: &Actor) -> Result<Vec<Preference>> {
        actor.must_be(GymRole::Member)?;
        let rows = self.core.stores.preferences.of_user(&self.core.db, actor.gym_id(), actor.user_id()).await?;
        Ok(answer(&rows))
    }

    async fn update(&self, actor: &Actor, patch: Patch) -> Result<Vec<Preference>> {
        actor.must_be(GymRole::Member)?;
        check(&patch)?;
        let mut said = BTreeMap::new();
        for patch in patch.preferences {
            for (channel, enabled) in [(Channel::Push, patch.push), (Channel::Email, patch.email)] {
                if let Some(enabled) = enabled {
                    said.insert((patch.kind.clone(), channel), enabled);
                }
            }
        }
        if said.is_empty() {
            return Err(Invalid::field("preferences", "say nothing of push or email").into());
        }
        let row = |((kind, channel), enabled)| preference::Create { user_id: actor.user_id(), kind, channel, enabled };
        let rows = said.into_iter().map(row).collect();
        self.core.stores.preferences.save(&self.core.db, actor.gym_id(), rows).await?;
        self.get(actor).await
    }

    async fn of_mail(&self, id: &str, key: &str) -> Result<String> {
        Ok(self.mail(id, key).await?.kind)
    }

    async fn refuse_mail(&self, id: &str, key: &str) -> Result<String> {
        let row = self.mail(id, key).await?;
        let user_id = self.reader(&row).await?;
        let refused = preference::Create { user_id, kind: row.kind.clone(), channel: Channel::Email, enabled: false };
        self.core.stores.preferences.save(&self.core.db, row.gym_id, vec![refused]).await?;
        Ok(row.kind)
    }
}

//! Tells the identity provider a person's picture (MED-29).
use crate::{
    Core,
    kernel::{
        effect,
        relay::{EffectHandler, Failure},
    },
};
use async_trait::async_trait;
use domain::{UserId, kernel::outbox::Model};
use ports::IdentityProvider;
use std::sync::Arc;

pub(super) struct PictureSync {
    core: Core,
    accounts: Arc<dyn IdentityProvider>,
}

impl PictureSync {
    pub(super) fn new(core: &Core, accounts: &Arc<dyn IdentityProvider>) -> Self {
        Self { core: core.clone(), accounts: accounts.clone() }
    }
}

#[async_trait]
impl EffectHandler for PictureSync {
    fn kind(&self) -> &'static str {
        effect::PICTURE_SYNC
    }

    fn max_attempts(&self) -> i32 {
        10
    }

    /// Tells the picture of now, not of when the effect was written: the last write wins. The provider cannot be told
    /// that there is none.
    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        let user: UserId = serde_json::from_value(row.payload.get("user_id").cloned().unwrap_or_default())
            .map_err(|e| Failure::Permanent(e.to_string()))?;
        if !self.accounts.is_configured() {
            return Ok(());
        }
        let person = self.core.stores.users.by_id(&self.core.db, user).await.map_err(Failure::retry)?;
        let Some((account, picture)) = person.and_then(|row| row.auth0_id.zip(row.picture)) else { return Ok(()) };
        Ok(self.accounts.set_picture(&account, &picture).await?)
    }
}

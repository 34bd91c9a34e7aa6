//! The account that a registration makes at the identity provider, and what becomes of it when the rest fails
//! (IDN-68).
use super::{EMAIL_EXISTS, RegistrationService, VALIDATION_ERROR, WEAK_PASSWORD};
use crate::{
    Core, Error, Result,
    identity::profile::stale,
    kernel::{
        effect,
        relay::{EffectHandler, Failure},
    },
};
use async_trait::async_trait;
use domain::{identity::user, kernel::outbox};
use ports::{
    IdentityProvider,
    identity::{IdentityError, NewAccount},
};
use std::sync::Arc;

impl RegistrationService {
    /// Whether the provider has an account of this address; no when nobody here manages accounts.
    pub(super) async fn has_account(&self, email: &str) -> Result<bool> {
        Ok(self.accounts.is_configured() && self.accounts.by_email(email).await?.is_some())
    }

    /// Nobody has this address, neither here nor at the provider.
    pub(super) async fn must_be_free(&self, email: &str) -> Result<()> {
        let here = self.core.stores.users.by_email(&self.core.db, email).await?;
        if here.is_some() || self.has_account(email).await? { Err(EMAIL_EXISTS.into()) } else { Ok(()) }
    }

    /// Makes the account, and gives its subject; `None` when nobody here manages accounts, and the row waits for a
    /// verified login.
    pub(super) async fn create_account(&self, account: NewAccount) -> Result<Option<String>> {
        if !self.accounts.is_configured() {
            return Ok(None);
        }
        match self.accounts.create(account).await {
            Ok(made) => Ok(Some(made.id)),
            Err(IdentityError::Exists) => Err(EMAIL_EXISTS.into()),
            Err(IdentityError::WeakPassword) => Err(WEAK_PASSWORD.into()),
            Err(IdentityError::Refused(reason)) => {
                tracing::warn!(reason, "the identity provider refused a registration");
                Err(VALIDATION_ERROR.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back the account of a registration that failed: now, or by the outbox.
    pub(super) async fn take_back(&self, account: &str) {
        let Err(error) = discard(&self.core, &self.accounts, account).await else { return };
        tracing::warn!(%error, account, "the account of a failed registration is deleted later");
        let write =
            async |tx: repository::Tx| Ok::<_, Error>(self.core.effect(&tx, effect::account_delete(account)).await?);
        match self.core.db.run(write).await {
            Ok(()) => self.core.committed(&[]).await,
            Err(error) => tracing::error!(%error, account, "the account of a failed registration stays behind"),
        }
    }
}

/// Deletes an account, and frees the address of the row that the provider's webhook may have made of it. An account
/// that somebody has begun to use stays.
async fn discard(core: &Core, accounts: &Arc<dyn IdentityProvider>, account: &str) -> Result<()> {
    let row = match unused_row(core, account).await {
        Ok(Some(Row::InUse)) => return Ok(()),
        Ok(found) => found,
        // the database is most likely what made the registration fail: then nothing of it was kept
        Err(error) => {
            tracing::warn!(%error, "cannot see whether the account is in use");
            None
        }
    };
    accounts.delete(account).await?;
    if let Some(Row::Unused(row)) = row {
        core.stores.users.anonymise(&core.db, row.id).await?;
        core.committed(&stale(&row, [])).await;
    }
    Ok(())
}

enum Row {
    InUse,
    Unused(Box<user::Model>),
}

async fn unused_row(core: &Core, account: &str) -> Result<Option<Row>> {
    let Some(row) = core.stores.users.by_auth0_id(&core.db, account).await? else { return Ok(None) };
    let gyms = core.stores.people.gyms_of(&core.db, row.id).await?;
    Ok(Some(if gyms.is_empty() { Row::Unused(Box::new(row)) } else { Row::InUse }))
}

/// Deletes later what could not be deleted at once.
pub(super) struct DeleteAccount {
    core: Core,
    accounts: Arc<dyn IdentityProvider>,
}

impl DeleteAccount {
    pub(super) fn new(core: &Core, accounts: &Arc<dyn IdentityProvider>) -> Self {
        Self { core: core.clone(), accounts: accounts.clone() }
    }
}

#[async_trait]
impl EffectHandler for DeleteAccount {
    fn kind(&self) -> &'static str {
        effect::ACCOUNT_DELETE
    }

    async fn deliver(&self, row: &outbox::Model) -> Result<(), Failure> {
        let account = row.payload.get("account_id").and_then(|id| id.as_str());
        let account = account.ok_or_else(|| Failure::Permanent("no account is named".into()))?;
        match discard(&self.core, &self.accounts, account).await {
            Ok(()) => Ok(()),
            Err(Error::Identity(IdentityError::Unavailable { reason, retry_after })) => {
                Err(Failure::Retry { reason, after: retry_after })
            }
            Err(Error::Identity(error)) => Err(Failure::Permanent(error.to_string())),
            Err(error) => Err(Failure::retry(error)),
        }
    }
}

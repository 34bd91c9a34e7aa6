//! Accounts at the identity provider that must go: of registrations that came to nothing (IDN-68), and of people who
//! were deleted (IDN-66).
use super::profile::stale;
use crate::{
    Core, Ports, Result,
    kernel::{
        effect,
        relay::{EffectHandler, Failure},
    },
};
use async_trait::async_trait;
use domain::{identity::user, kernel::outbox};
use ports::IdentityProvider;
use std::sync::Arc;

/// Why an account goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its registration failed. An account that somebody has begun to use stays.
    Unused,
    /// Its person was deleted: it goes, whatever happened since.
    Erased,
}

/// Deletes an account, and frees the address of the row that stands for it although nobody belongs to a gym by it:
/// the provider's webhook may have made it, or a token that was still good.
pub(super) async fn discard(core: &Core, accounts: &Arc<dyn IdentityProvider>, account: &str, why: Why) -> Result<()> {
    let row = match row_of(core, account).await {
        Ok(Some(Row::InUse)) if why == Why::Unused => return Ok(()),
        Ok(found) => found,
        Err(error) if why == Why::Erased => return Err(error),
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

async fn row_of(core: &Core, account: &str) -> Result<Option<Row>> {
    let Some(row) = core.stores.users.by_auth0_id(&core.db, account).await? else { return Ok(None) };
    let gyms = core.stores.people.gyms_of(&core.db, row.id).await?;
    Ok(Some(if gyms.is_empty() { Row::Unused(Box::new(row)) } else { Row::InUse }))
}

/// Deletes what could not be deleted at once, or may not be forgotten.
struct DeleteAccount {
    core: Core,
    accounts: Arc<dyn IdentityProvider>,
    why: Why,
}

#[async_trait]
impl EffectHandler for DeleteAccount {
    fn kind(&self) -> &'static str {
        match self.why {
            Why::Unused => effect::ACCOUNT_DELETE,
            Why::Erased => effect::ACCOUNT_ERASE,
        }
    }

    fn max_attempts(&self) -> i32 {
        match self.why {
            Why::Unused => 20,
            // hourly for a month: somebody was told that the account goes
            Why::Erased => 720,
        }
    }

    async fn deliver(&self, row: &outbox::Model) -> Result<(), Failure> {
        let account = row.payload.get("account_id").and_then(|id| id.as_str());
        let account = account.ok_or_else(|| Failure::Permanent("no account is named".into()))?;
        match discard(&self.core, &self.accounts, account, self.why).await {
            Err(crate::Error::Identity(ports::identity::IdentityError::NotFound)) => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}

pub(crate) fn effect_handlers(core: &Core, ports: &Ports) -> Vec<Arc<dyn EffectHandler>> {
    let handler = |why| DeleteAccount { core: core.clone(), accounts: ports.accounts.clone(), why };
    vec![Arc::new(handler(Why::Unused)), Arc::new(handler(Why::Erased))]
}

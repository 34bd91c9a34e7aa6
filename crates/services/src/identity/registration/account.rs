//! The account that a registration makes at the identity provider, and what becomes of it when the rest fails
//! (IDN-68).
use super::{
    EMAIL_EXISTS, RegistrationService, VALIDATION_ERROR, WEAK_PASSWORD,
    opening::{Opened, Owner},
};
use crate::{
    Error, Result,
    identity::account_deletion::{Why, discard},
    kernel::effect,
};
use domain::identity::{gym, registration::Password, user};
use ports::identity::{IdentityError, NewAccount};

/// What the provider is told of whoever registers.
pub(super) fn new_account(
    person: user::Create,
    password: &Password,
    registration_type: &'static str,
    role: &'static str,
) -> NewAccount {
    NewAccount {
        email: person.email,
        password: password.expose().to_owned(),
        first_name: person.first_name.unwrap_or_default(),
        last_name: person.last_name.unwrap_or_default(),
        phone: person.phone_number,
        registration_type,
        role,
    }
}

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

    /// Opens the gym; where that fails the account that was made for it goes again.
    pub(super) async fn open_or_take_back(
        &self,
        owner: &Owner,
        gym: gym::Create,
        account: Option<&str>,
    ) -> Result<Opened> {
        let opened = self.open(owner, gym).await;
        if opened.is_err()
            && let Some(account) = account
        {
            self.take_back(account).await;
        }
        opened
    }

    /// Takes back the account of a registration that failed: now, or by the outbox.
    async fn take_back(&self, account: &str) {
        let Err(error) = discard(&self.core, &self.accounts, account, Why::Unused).await else { return };
        tracing::warn!(%error, account, "the account of a failed registration is deleted later");
        let write =
            async |tx: repository::Tx| Ok::<_, Error>(self.core.effect(&tx, effect::account_delete(account)).await?);
        if let Err(error) = self.core.db.run(write).await {
            tracing::error!(%error, account, "the account of a failed registration stays behind");
        }
    }
}
